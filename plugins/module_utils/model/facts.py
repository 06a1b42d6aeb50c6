# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Facts: a snapshot as one plain dict that is the same whenever the host is the same.

Everything is sorted by identity, identical records are told once with their number of ``copies``, and nothing is in
it that changes by itself: session ids are kernel addresses that differ after every login, so they and their like are
left out unless asked for.
"""

from __future__ import annotations

import json

from ..abi import codecs
from . import forecast, records

SCHEMA_VERSION = 1


def assemble(snapshot, include_session_ids=False):
    """The value of ``ansible_facts.windows_iscsi``. A part that was not gathered is None."""

    def plain(record):
        return records.to_dict(record, private=include_session_ids)

    matches = forecast.match(snapshot)
    return {
        "schema_version": SCHEMA_VERSION,
        "host": plain(snapshot.host),
        "initiator": snapshot.initiator
        and dict(plain(snapshot.initiator), instances=_sorted_texts(snapshot.initiator.instances)),
        "persistent_logins": _persistent_logins(snapshot, matches, plain),
        "target_portals": _sorted(snapshot.target_portals, _target_portal(plain), lambda one: one.sort_key),
        "targets": _sorted(snapshot.targets, _target(plain), lambda one: one.sort_key),
        "sessions": _sorted(snapshot.sessions, _session(plain, matches), lambda one: one.target.lower()),
        "mappings": _canonical(snapshot.mappings, _mapping(plain)),
        "isns_servers": _sorted_texts(snapshot.isns_servers),
        "radius_servers": _sorted_texts(snapshot.radius_servers),
        "persistent_devices": _sorted_texts(snapshot.persistent_devices),
        "next_boot": forecast.next_boot(snapshot, matches),
        "warnings": sorted(set(snapshot.warnings)) + flag_warnings(snapshot),
    }


def _sorted(found, convert, sort_key):
    """Dicts in the order of their identities, and among equals of what they say."""
    if found is None:
        return None
    rows = [(sort_key(one), convert(one)) for one in found]
    return [row for _key, row in sorted(rows, key=lambda pair: (pair[0], _content(pair[1])))]


def _sorted_texts(found):
    return None if found is None else sorted(found, key=lambda text: (text.lower(), text))


def _canonical(found, convert):
    """Dicts in an order that depends on nothing but themselves."""
    return found and sorted((convert(one) for one in found), key=_content)


def _content(plain):
    return json.dumps(plain, sort_keys=True)


def _persistent_logins(snapshot, matches, plain):
    if snapshot.persistent_logins is None:
        return None
    grouped = {}
    for login in snapshot.persistent_logins:
        content = plain(login)
        key = login.sort_key, _content(content)
        group = grouped.setdefault(
            key,
            dict(
                content,
                any_initiator_port=login.initiator_port is None,
                copies=0,
                live_sessions=None if matches is None else 0,
            ),
        )
        group["copies"] += 1
        if matches is not None:
            group["live_sessions"] += matches.live(login)
    for group in grouped.values():
        group["connected"] = None if matches is None else group["live_sessions"] > 0
    return [grouped[key] for key in sorted(grouped)]


def _target_portal(plain):
    return lambda portal: dict(plain(portal), any_initiator_port=portal.initiator_port is None)


def _target(plain):
    def convert(target):
        ways = _canonical(target.discoveries, lambda way: dict(plain(way), kind=way.kind))
        return {"name": target.name, "static": any(way["kind"] == "static" for way in ways), "discoveries": ways}

    return convert


def _session(plain, matches):
    def convert(session):
        content = dict(plain(session), saved=None if matches is None else matches.saved(session))
        for part in ("connections", "devices", "luns"):
            content[part] = content[part] and sorted(content[part], key=_content)
        return content

    return convert


def _mapping(plain):
    def convert(mapping):
        content = plain(mapping)
        return dict(content, luns=sorted(content["luns"], key=_content))

    return convert


def flag_warnings(snapshot):
    """A line for each contradiction among the flags of a login or portal. They are told, never repaired."""
    lines = []
    for login in snapshot.persistent_logins or ():
        lines += [
            f"Persistent login to {login.target}: {line}"
            for line in codecs.SECURITY_FLAGS.warnings(login.security_flags)
        ]
    for portal in snapshot.target_portals or ():
        if portal.security_flags is not None:
            where = portal.portal.address if portal.portal else "(no address)"
            lines += [
                f"Target portal {where}: {line}" for line in codecs.SECURITY_FLAGS.warnings(portal.security_flags)
            ]
    return sorted(set(lines))
