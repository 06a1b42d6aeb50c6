# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tasks take: argument specs, and how the options of a task are checked.

An error quotes no value of an option that holds a secret, also where the same value stands in another option.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.validation import check_type_dict
from ansible.module_utils.errors import UnsupportedError

from ..module_utils.plan import options as plan_options
from ..module_utils.plan import parts

# -- argument specs ----------------------------------------------------------------------------------------------------

# All that initiator_state declares, by the table of parts; an audit compares the same.
DECLARATION = {
    **{part.name: part.argument for part in parts.PARTS},
    **plan_options.UPDATE_SECRET,
    "purge": {"type": "list", "elements": "str", "choices": list(parts.PURGEABLE)},
    "purge_connected": plan_options.flag(),
    "force": plan_options.flag(),
}
FORCE = {"force": DECLARATION["force"]}
LIMITS = {
    "discovery_time_limit": {"type": "int", "default": 60},
    "login_time_limit": {"type": "int", "default": 60},
    "time_limit": {"type": "int", "default": 300},
}
# Of what only reads.
TIME_LIMIT = {"time_limit": {"type": "int", "default": 120}}


def of_parts(*names):
    """The arguments that declare some parts."""
    return {name: parts.PART[name].argument for name in names}


# -- checking ----------------------------------------------------------------------------------------------------------


def validate(spec, given):
    """Check the options of a task against an argument spec, as Ansible does.

    :return: (Ansible's result, the options as plain data with their defaults).
    :raises AnsibleActionFail: for what is wrong, without the value of any secret.
    """
    problems = list(_misplaced(spec, given))
    checked = ArgumentSpecValidator(spec).validate(given)
    if not problems:
        problems = [
            f"Unsupported parameters: {error.msg}" if isinstance(error, UnsupportedError) else error.msg
            for error in checked.errors.errors
        ]
    if problems:
        raise AnsibleActionFail(redact("; ".join(problems), secrets(spec, given)))
    return checked, plain(checked.validated_parameters)


def check_seconds(options, names):
    """Check time limits.

    :raises AnsibleActionFail: for a negative one.
    """
    for name in names:
        if options[name] < 0:
            raise AnsibleActionFail(
                f"{name} must be 0 (no limit) or a positive number of seconds, not {options[name]}."
            )


def plain(value):
    """Values without the tags that Ansible gives them: what goes into records must be what it looks like."""
    if isinstance(value, Mapping):
        return {str.__str__(key) if isinstance(key, str) else str(key): plain(inside) for key, inside in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inside) for inside in value]
    if isinstance(value, str):
        return str.__str__(value)  # before ansible-core 2.19, str() of an unsafe text is unsafe, too
    return next((kind(value) for kind in (bool, int, float) if isinstance(value, kind)), value)


def _misplaced(spec, given, where=""):
    """A line for each list or mapping that stands where text belongs: Ansible would take its Python form for the text.

    A secret has to be text as it stands: a number would lose its leading zeros.
    """
    for name, argument in spec.items():
        value = given.get(name)
        if value is None:
            continue
        if argument["type"] == "str" and isinstance(value, (list, tuple, Mapping)):
            yield f"{where}{name}: expected text, found a {'mapping' if isinstance(value, Mapping) else 'list'}"
        elif argument.get("no_log") and not isinstance(value, str):
            yield f"{where}{name}: expected text; put it into quotes"
        for place, options in _nested(argument, value):
            if isinstance(options, Mapping):
                yield from _misplaced(argument["options"], options, f"{where}{name}{place}.")


def _nested(argument, value):
    """(index in words, options) of each mapping that an argument with suboptions takes."""
    if "options" not in argument:
        return []
    if isinstance(value, (list, tuple)):
        return [(f"[{index}]", options) for index, options in enumerate(value)]
    return [("", value)]


# -- secrets -----------------------------------------------------------------------------------------------------------

_SHORTEST = 4  # letters of a secret that is taken out of the middle of a word, too


def secrets(spec, given):
    """The values of a task that no error may quote: all texts within its ``no_log`` options, however they are given."""
    found = set()
    for name, argument in spec.items():
        value = given.get(name)
        if argument.get("no_log"):
            found.update(_texts(value))
        elif value is not None:
            for _place, options in _nested(argument, value):
                found |= _nested_secrets(argument["options"], options)
    return found


def _nested_secrets(spec, options):
    if isinstance(options, str):  # Ansible takes key=value and JSON, too
        try:
            options = check_type_dict(options)
        except TypeError:
            return {options} if _has_secret(spec) else set()
    if isinstance(options, Mapping):
        return secrets(spec, options)
    return set(_texts(options)) if _has_secret(spec) else set()


def _has_secret(spec):
    return any(argument.get("no_log") or _has_secret(argument.get("options", {})) for argument in spec.values())


def _texts(value):
    if isinstance(value, Mapping):
        value = value.values()
    elif value is None or isinstance(value, bool):
        return
    elif not isinstance(value, (list, tuple)):
        yield str(value)
        return
    for inside in value:
        yield from _texts(inside)


def redact(text, hidden):
    """A text without the values in ``hidden``, however an error spells them: as they are or in Python's form."""
    spellings = {spelling for value in hidden for spelling in (value, repr(value)[1:-1]) if value.strip()}
    for spelling in sorted(spellings, key=len, reverse=True):
        pattern = re.escape(spelling)
        if len(spelling) < _SHORTEST:
            pattern = rf"(?<!\w){pattern}(?!\w)"
        text = re.sub(pattern, "********", text, flags=re.IGNORECASE)
    return text
