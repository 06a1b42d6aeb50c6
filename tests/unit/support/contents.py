# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that a host keeps of its logins and portals, as values to compare: records of one identity may differ."""

from __future__ import annotations

import collections

from ansible_collections.winstorage.iscsi.plugins.module_utils.model import node_names
from ansible_collections.winstorage.iscsi.plugins.module_utils.model.identity import label
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan.properties import as_declared

KINDS = ("persistent_logins", "target_portals")
_NOT_CONTENT = {
    *("target", "portal", "address", "port", "initiator_instance", "initiator_port"),  # the identity
    *("secret", "update_secret", "state", "copies", "connected", "refresh", "discovery_failure", "mappings"),
}


def content_of(plain, secret=None):
    """What a record holds beside its identity, as one value. ``plain``: as it would be declared."""
    options = {name: value for name, value in plain.items() if name not in _NOT_CONTENT}
    return tuple(sorted((name, repr(value)) for name, value in options.items())), secret


class Contents:
    """All records of a host at one moment: {kind: {identity: Counter of contents}}."""

    def __init__(self, host):
        self.found = {kind: collections.defaultdict(collections.Counter) for kind in KINDS}
        self.names = {}
        # a user name that the service filled in is none
        logins = node_names.recognize(host.logins(), host.state["initiator"]["node_name"])
        for kind, entries in zip(KINDS, (logins, host.portals())):
            for record, raw in zip(entries, host.state[kind]):
                content = content_of(as_declared(record), raw["LoginOptions"]["Password"])
                self.found[kind][record.identity][content] += 1
                self.names[kind, record.identity] = label(record)

    def flat(self):
        """Counter of (kind, identity, content)."""
        return collections.Counter(
            {
                (kind, identity, content): count
                for kind, by_identity in self.found.items()
                for identity, contents in by_identity.items()
                for content, count in contents.items()
            }
        )
