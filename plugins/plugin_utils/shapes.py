# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of facts and of an audit's result: what comes from a fact cache or a variable is checked before use.

The shape of a record is derived from its dataclass in :mod:`records`; what :mod:`facts` adds to it is named below. A
shape raises :class:`ShapeError` for what is wrong with a value. Keys that are not known are left alone: a later
version of the collection may have added them.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t
from collections.abc import Mapping

from ..module_utils.abi import codecs, policies
from ..module_utils.abi import host_settings as settings_table
from ..module_utils.model import facts as facts_module
from ..module_utils.model import ports, records
from .audit.findings import SEVERITIES
from .audit.host_state import STATES

VERDICTS = ("ready", "degraded", "at_risk")
OUTLOOKS = ("same", "fewer_paths", "unproven", "lost")
DISCOVERY_KINDS = ("sendtargets", "static", "isns", "other")
_DEEPEST = 16  # levels of a value that has no shape of its own


class ShapeError(ValueError):
    """A value that does not have the shape it should: where, and what is wrong there."""

    def __init__(self, problem, path=""):
        super().__init__(f"{path}: {problem}" if path else problem)
        self.problem, self.path = problem, path

    def inside(self, place):
        """The same error as seen from outside: ``place`` is a key or an index."""
        step = f"[{place}]" if isinstance(place, int) else str(place)
        joint = "." if self.path and not self.path.startswith("[") else ""
        return ShapeError(self.problem, f"{step}{joint}{self.path}")


# -- checks ------------------------------------------------------------------------------------------------------------


class Shape:
    """What a value has to be.

    ``check`` raises :class:`ShapeError` for what is wrong with one value. ``fits`` says of a list of values at once
    whether they all are right. It looks at whole columns, because a host may have thousands of disks, and it may take a
    value for wrong that is not, or raise an exception for one: then ``check`` decides.
    """

    def __init__(self, check, fits):
        self.check, self.fits = check, fits

    def validate(self, value):
        """Raise :class:`ShapeError` for what is wrong with a value."""
        try:
            if self.fits([value]):
                return
        except (ShapeError, KeyError, TypeError, RecursionError):
            pass
        self.check(value)


_NONE = type(None)


def _expect(expected, value):
    return ShapeError(f"expected {expected}, found {'nothing' if value is None else type(value).__name__}")


def _are(values, *types):
    return set(map(type, values)) <= set(types)


def _each(check):
    """Whether values fit one by one."""

    def fits(values):
        for value in values:
            check(value)
        return True

    return fits


def _check_text(value):
    if not isinstance(value, str):
        raise _expect("text", value)


def _check_boolean(value):
    if not isinstance(value, bool):
        raise _expect("true or false", value)


def _check_number(value):
    if isinstance(value, bool) or not isinstance(value, int):
        raise _expect("a whole number", value)
    if not 0 <= value < 1 << 64:
        raise ShapeError("expected a number from 0 to 18446744073709551615")


def _check_positive(value):
    _check_number(value)
    if not value:
        raise ShapeError("expected a number from 1")


def _check_plain(value, depth=0):
    """Any plain data that is not nested deeper than somebody would write it."""
    if depth > _DEEPEST:
        raise ShapeError(f"nested deeper than {_DEEPEST} levels")
    if isinstance(value, Mapping):
        for key, inside in value.items():
            _check_text(key)
            _check_plain(inside, depth + 1)
    elif isinstance(value, (list, tuple)):
        for inside in value:
            _check_plain(inside, depth + 1)
    elif not (value is None or isinstance(value, (str, bool, int, float))):
        raise _expect("plain data", value)
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 64:
        raise ShapeError("a number that is too large")


def _from(lowest):
    return lambda values: not values or _are(values, int) and lowest <= min(values) and max(values) < 1 << 64


_text = Shape(_check_text, lambda values: _are(values, str))
_boolean = Shape(_check_boolean, lambda values: _are(values, bool))
_number = Shape(_check_number, _from(0))
_positive = Shape(_check_positive, _from(1))
_plain = Shape(_check_plain, _each(_check_plain))


def _choice(*words):
    def check(value):
        if value not in words:
            raise ShapeError(f"expected one of {', '.join(words)}, found {str(value)[:60]!r}")

    return Shape(check, lambda values: set(values) <= set(words))


def _nullable(inner):
    def check(value):
        if value is not None:
            inner.check(value)

    return Shape(check, lambda values: inner.fits([value for value in values if value is not None]))


def _list_of(inner):
    def check(value):
        if not isinstance(value, (list, tuple)):
            raise _expect("a list", value)
        checked = 0
        try:
            for element in value:
                inner.check(element)
                checked += 1
        except ShapeError as error:
            raise error.inside(checked) from None

    return Shape(
        check, lambda values: _are(values, list, tuple) and inner.fits(list(itertools.chain.from_iterable(values)))
    )


def _mapping(fields, optional=()):
    """Keys with a shape each; those in ``optional`` may be missing."""
    required = [(name, inner) for name, inner in fields.items() if name not in optional]
    others = [(name, fields[name]) for name in optional]

    def check(value):
        if not isinstance(value, (dict, Mapping)):
            raise _expect(f"a mapping with {', '.join(fields)}", value)
        name = ""
        try:
            for name, inner in required:
                inner.check(value[name])
            for name, inner in others:
                if name in value:
                    inner.check(value[name])
        except KeyError:
            raise ShapeError("missing", name) from None
        except ShapeError as error:
            raise error.inside(name) from None

    def fits(values):
        return (
            _are(values, dict)
            and all(inner.fits([value[name] for value in values]) for name, inner in required)
            and all(inner.fits([value[name] for value in values if name in value]) for name, inner in others)
        )

    return Shape(check, fits)


def _flags(codec):
    shape = _mapping({"names": _list_of(_text), "raw": _number, "unknown": _nullable(_text)})

    def encode(names, raw, unknown):
        try:
            codec.encode({"names": list(names), "raw": raw, "unknown": unknown})
        except codecs.FlagError as error:
            raise ShapeError(str(error)) from None

    def check(value):
        shape.check(value)
        encode(value["names"], value["raw"], value["unknown"])

    def fits(values):
        if not shape.fits(values):
            return False
        for found in {(tuple(value["names"]), value["raw"], value["unknown"]) for value in values}:
            encode(*found)
        return True

    return Shape(check, fits)


def _coded(codec):
    """Text that a codec can read."""
    if isinstance(codec, codecs.FlagSet):
        return _flags(codec)

    def check(value):
        _check_text(value)
        try:
            codec.encode(value)
        except (codecs.FlagError, ValueError) as error:
            raise ShapeError(str(error)) from None

    return Shape(check, lambda values: _each(check)(set(values)))


# -- records -----------------------------------------------------------------------------------------------------------

_SCALARS = {str: _text, int: _number, bool: _boolean}


def _record(record_type, more=None):
    """The shape of a record's dict, with what the facts add to it. Private fields are there only where asked for."""
    hints = t.get_type_hints(record_type)
    fields, private = {}, set()
    for field in dataclasses.fields(record_type):
        codec = field.metadata.get("codec")
        fields[field.name] = _of_hint(hints[field.name], codec)
        if field.metadata.get("private"):
            private.add(field.name)
    return _mapping({**fields, **(more or {})}, private)


def _of_hint(hint, codec=None):
    arguments = t.get_args(hint)
    if _NONE in arguments:
        (inner,) = (argument for argument in arguments if argument is not _NONE)
        return _nullable(_of_hint(inner, codec))
    if codec is not None:
        return _coded(codec)
    if t.get_origin(hint) is list:
        return _list_of(_of_hint(arguments[0]))
    return _record(hint) if dataclasses.is_dataclass(hint) else _SCALARS[hint]


_POLICIES = _mapping(dict.fromkeys(policies.FORBIDS, _boolean))
_PORT_ADDRESSES = {"initiator_address": _nullable(_text), "saved_initiator_address": _nullable(_text)}
_PLACE = _mapping({"address": _text, "port": _number})
_VOLUMES = _nullable(_list_of(_record(records.Volume)))
_STATES = ("offline", "read_only", "clustered", "uninitialized")
_DISK = _mapping(
    {
        "id": _text,
        "names": _list_of(_text),
        "targets": _list_of(_text),
        "size": _nullable(_number),
        "serial": _nullable(_text),
        "paths_now": _number,
        "paths_expected": _number,
        "paths_unproven": _number,
        "outlook": _choice(*OUTLOOKS),
        "reason": _nullable(_text),
        "volumes": _VOLUMES,
        "offline_reason": _nullable(_text),
        **dict.fromkeys(_STATES, _nullable(_boolean)),
    },
    optional=("volumes", "offline_reason", *_STATES),  # facts of an earlier version do not have them
)
_NEXT_BOOT = _mapping(
    {
        "verdict": _choice(*VERDICTS),
        "service_start_mode": _nullable(_text),
        "service_starts": _nullable(_boolean),
        "disks": _list_of(_DISK),
        "sessions_not_saved": _list_of(_mapping({"target": _text, "portal": _nullable(_PLACE)})),
        "logins_not_connected": _list_of(
            _mapping(
                {
                    "target": _text,
                    "portal": _nullable(_PLACE),
                    "initiator_port": _nullable(_number),
                    "reasons": _nullable(_list_of(_text)),
                },
                optional=("reasons",),
            )
        ),
        "volumes": _nullable(_list_of(_mapping({"name": _text, "disk": _text, "outlook": _choice(*OUTLOOKS)}))),
        "attention": _list_of(_text),
    },
    optional=("volumes",),
)
_EVENTS = _mapping(
    {
        "since": _nullable(_text),
        "entries": _list_of(
            _mapping(
                {
                    "provider": _text,
                    "id": _number,
                    "kind": _text,
                    "severity": _choice(*SEVERITIES),
                    "target": _nullable(_text),
                    "portal": _nullable(_PLACE),
                    "disk": _nullable(_text),
                    "text": _text,
                    "remedy": _text,
                    "count": _positive,
                    "first": _text,
                    "last": _text,
                }
            )
        ),
    }
)
_SETTING = {
    is_flag: _mapping(
        {"value": _nullable(_boolean if is_flag else _number), "set": _boolean, "default": _nullable(inner)}
    )
    for is_flag, inner in ((True, _boolean), (False, _number))
}


def _settings(group):
    """Settings by name; a later version of the collection may know more or fewer."""
    shapes = {setting.option: _SETTING[setting.is_flag] for setting in group}
    return _nullable(_mapping(shapes, optional=tuple(shapes)))


_HOST_SETTINGS = _mapping(
    {
        "adapter_created": _nullable(_boolean),
        "timers": _settings(settings_table.TIMERS),
        "mpio_installed": _nullable(_boolean),
        "mpio": _settings(settings_table.MPIO),
        "disk_timeout": _nullable(_SETTING[False]),
        "dependent_services": _nullable(_list_of(_mapping({"name": _text, "depends_on": _list_of(_text)}))),
        "firewall": _nullable(_mapping(dict.fromkeys(settings_table.FIREWALL_RULES, _nullable(_boolean)))),
        "claim_iscsi_disks": _nullable(_boolean),
        "claimed_devices": _nullable(_list_of(_text)),
    }
)


def _facts(forecast):
    """The shape of facts, with the parts that a forecast adds or without."""
    known = (lambda inner: inner) if forecast else _nullable
    return _mapping(
        {
            "host": _record(records.Host, {"policies": _nullable(_POLICIES)}),
            "initiator": _nullable(_record(records.Initiator)),
            "persistent_logins": known(
                _list_of(
                    _record(
                        records.PersistentLogin,
                        {
                            "any_initiator_port": _boolean,
                            **_PORT_ADDRESSES,
                            "copies": _positive,
                            "live_sessions": known(_number),
                            "connected": known(_boolean),
                        },
                    )
                )
            ),
            "target_portals": _nullable(
                _list_of(
                    _record(
                        records.TargetPortal,
                        {"any_initiator_port": _boolean, **_PORT_ADDRESSES},
                    )
                )
            ),
            "targets": _nullable(
                _list_of(
                    _mapping(
                        {
                            "name": _text,
                            "static": _boolean,
                            "discoveries": _list_of(_record(records.Discovery, {"kind": _choice(*DISCOVERY_KINDS)})),
                        }
                    )
                )
            ),
            "sessions": known(_list_of(_record(records.Session, {"saved": known(_boolean)}))),
            "mappings": _nullable(_list_of(_record(records.Mapping))),
            "isns_servers": _nullable(_list_of(_text)),
            "radius_servers": _nullable(_list_of(_text)),
            "persistent_devices": _nullable(_list_of(_text)),
            "initiator_ports": _nullable(_list_of(_record(ports.InitiatorPort))),
            "disks": _nullable(_list_of(_record(records.Disk))),
            "events": _nullable(_EVENTS),
            "host_settings": _nullable(_HOST_SETTINGS),
            "next_boot": _nullable(_NEXT_BOOT),
            "warnings": _list_of(_text),
        },
        optional=(
            "initiator_ports",
            "disks",
            "events",
            "host_settings",
        ),  # facts of an earlier version do not have them
    )


_FACTS = {forecast: _facts(forecast) for forecast in (False, True)}


def check_facts(facts):
    """Check that a value is the ``windows_iscsi`` facts of a host.

    :raises ShapeError: naming the first place that is wrong.
    """
    if not isinstance(facts, Mapping):
        raise _expect("the facts of a host", facts)
    version = facts.get("schema_version")
    if version != facts_module.SCHEMA_VERSION or isinstance(version, bool):
        raise ShapeError(
            f"expected {facts_module.SCHEMA_VERSION}, found {'nothing' if version is None else str(version)[:60]}; "
            "gather the facts again with this version of the collection",
            "schema_version",
        )
    _FACTS[facts.get("next_boot") is not None].validate(facts)


# -- audits ------------------------------------------------------------------------------------------------------------


def _check_task(value):
    if not isinstance(value, Mapping):
        raise _expect("a task", value)
    _check_plain(value)


_task = Shape(_check_task, _each(_check_task))


def _finding(*categories):
    fields = {
        "severity": _choice(*SEVERITIES),
        "category": _choice(*categories),
        "kind": _text,
        "what": _text,
        "text": _text,
        "remedy": _text,
        "run": _list_of(_task),
    }
    if categories == ("drift",):
        fields.update(record=_text, field=_nullable(_text), found=_plain, declared=_plain, source=_nullable(_text))
    return _list_of(_mapping(fields, optional=("source",) if "source" in fields else ()))  # since this version


_DRIFT = _finding("drift")
_AUDIT = _mapping(
    {
        "state": _choice(*STATES),
        "reason": _nullable(_text),
        "attention": _list_of(_text),
        "next_boot": _nullable(_NEXT_BOOT),
        "declared": _list_of(_text),
        "drift": _DRIFT,
        "risks": _finding("risk"),
        "compliant": _boolean,
    }
)


_FINDINGS = _finding("drift", "risk")


def check_findings(found):
    """Check that a value is a list of findings.

    :raises ShapeError: naming the first place that is wrong.
    """
    _FINDINGS.validate(found)


def check_audit(result):
    """Check that a value is the result of an audit.

    :raises ShapeError: naming the first place that is wrong.
    """
    _AUDIT.validate(result)


def check_drift(drift):
    """Check that a value is the drift of an audit.

    :raises ShapeError: naming the first place that is wrong.
    """
    _DRIFT.validate(drift)
