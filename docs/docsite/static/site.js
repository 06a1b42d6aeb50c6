/* Copyright: (c) 2026, winstorage.iscsi contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later */
// What scrolls can be reached with the keyboard.
document.addEventListener("DOMContentLoaded", () => {
  for (const block of document.querySelectorAll("pre, .table-wrapper"))
    if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
});
