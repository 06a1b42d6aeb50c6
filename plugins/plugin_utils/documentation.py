# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of the collection's documentation that messages name."""

from __future__ import annotations

# Name of a page in docs/docsite/rst -> its title.
PAGES = {"troubleshooting": "Troubleshooting"}


def see_page(name):
    """A sentence that leads to a page: its title, and where it is."""
    return f'See the page "{PAGES[name]}" of the documentation (docs/docsite/rst/{name}.rst).'
