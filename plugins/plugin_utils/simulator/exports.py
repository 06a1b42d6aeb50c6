# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The register of methods that answer an export. Each part of the service adds its own."""

from __future__ import annotations

EXPORTS = {}


def export(*names):
    """Register a method for the exports of these names. It takes the service and the inputs, a dict by argument name.

    It returns the outputs (a dict or None) with success understood, or (status, outputs); it raises errors.CallFailed
    for any other status.
    """

    def register(method):
        EXPORTS.update(dict.fromkeys(names, method))
        return method

    return register
