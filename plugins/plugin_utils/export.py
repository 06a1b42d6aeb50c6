# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of a host as a declaration: what ``initiator_state`` and the role take. Adopting a fleet starts from what is.

Secrets cannot be read from Windows, so a login with CHAP is exported with its user name and without its secret: an audit needs none, and a change
asks for it.
"""

from __future__ import annotations

from ..module_utils.declared import LOGIN_OPTIONS

_LOGIN_OPTION_NAMES = tuple(prop.option for prop in LOGIN_OPTIONS)


def declaration(facts):
    """The keys of ``initiator_state`` for a host's ``windows_iscsi`` facts. Parts that were not gathered are left out."""
    found = {
        "service_start_mode": facts["host"]["service_start_mode"],
        "node_name": (facts.get("initiator") or {}).get("node_name"),
        "target_portals": _all(facts.get("target_portals"), _portal),
        "persistent_logins": _all(facts.get("persistent_logins"), _login),
        "static_targets": _all([one for one in facts.get("targets") or () if one["static"]], _static_target) or None,
        "isns_servers": facts.get("isns_servers") or None,
        "radius_servers": facts.get("radius_servers") or None,
        "persistent_devices": facts.get("persistent_devices") or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _all(found, convert):
    return None if found is None else [convert(one) for one in found]


def _portal(portal):
    where = portal["portal"] or {}
    plain = {"address": where.get("address"), "port": where.get("port"), "symbolic_name": where.get("symbolic_name") or None,
             "initiator_instance": portal["initiator_instance"] or None, "initiator_port": portal["initiator_port"]}
    return _said(dict(plain, **_settings(portal)))


def _login(login):
    where = login["portal"]
    plain = {"target": login["target"], "portal": where and {"address": where["address"], "port": where["port"]},
             "symbolic_name": where and where["symbolic_name"] or None, "initiator_instance": login["initiator_instance"] or None,
             "initiator_port": login["initiator_port"], "session_type": None if login["session_type"] == "data" else login["session_type"],
             "copies": login["copies"] if login["copies"] > 1 else None}
    return _said(dict(plain, **_settings(login)))


def _settings(record):
    """Security flags and login options that have a value."""
    options = record["login_options"] or {}
    settings = {name: options.get(name) for name in _LOGIN_OPTION_NAMES}
    settings["login_flags"] = _words(options.get("login_flags"))
    settings["security_flags"] = _words(record["security_flags"])
    return settings


def _words(flags):
    """A flag set as people write it: names, and a number for the bits without one."""
    return flags and (flags["names"] + ([flags["unknown"]] if flags["unknown"] else [])) or None


def _static_target(target):
    way = next(one for one in target["discoveries"] if one["kind"] == "static")
    portals = [{"address": portal["address"], "port": portal["port"]} for group in way["portal_groups"] or () for portal in group]
    return _said({"target": target["name"], "alias": way["alias"], "portals": portals or None,
                  "target_flags": _words(way["target_flags"])})


def _said(plain):
    return {name: value for name, value in plain.items() if value is not None}
