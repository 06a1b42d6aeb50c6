# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of each module that changes, option by option against what its action takes."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.winstorage.iscsi.plugins.doc_fragments.state import ModuleDocFragment
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import options, properties
from ansible_collections.winstorage.iscsi.plugins.plugin_utils import state_action

ROOT = Path(__file__).parents[4]
PLUGINS = "ansible_collections.winstorage.iscsi.plugins"


def action_of(name):
    return importlib.import_module(f"{PLUGINS}.action.{name}").ActionModule


def changes(name):
    """Whether the action of a module changes what it declares."""
    return issubclass(action_of(name), state_action.StateAction) and "declare" in vars(action_of(name))


MODULES = sorted(path.stem for path in (ROOT / "plugins/action").glob("*.py") if changes(path.stem))


def documentation(name):
    """What ansible-doc sees: the module's own documentation with that of its fragments."""
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    found = yaml.safe_load(module.DOCUMENTATION)
    options = dict(found.get("options", {}))
    for fragment in found["extends_documentation_fragment"]:
        part = fragment.removeprefix("winstorage.iscsi.state").removeprefix(".").upper() or "DOCUMENTATION"
        options.update(yaml.safe_load(getattr(ModuleDocFragment, part)).get("options", {}))
    return found, options, yaml.safe_load(module.EXAMPLES), yaml.safe_load(module.RETURN)


def described(options):
    """The options of a documentation in the form of an argument spec, their choices in any order."""
    return {
        name: {
            key: described(value) if key == "suboptions" else sorted(value) if key == "choices" else value
            for key, value in option.items()
            if key != "description"
        }
        for name, option in options.items()
    }


def specified(arguments):
    """An argument spec in the form of a documentation."""
    spec = {}
    for name, argument in arguments.items():
        spec[name] = {key: value for key, value in argument.items() if key not in ("no_log", "options")}
        if "choices" in argument:
            spec[name]["choices"] = sorted(argument["choices"])
        if "options" in argument:
            spec[name]["suboptions"] = specified(argument["options"])
    return spec


def test_there_are_modules():
    assert len(MODULES) == 9


@pytest.mark.parametrize("name", MODULES)
def test_each_option_is_documented_as_the_action_takes_it(name):
    _found, options, _examples, _returned = documentation(name)
    assert described(options) == specified(action_of(name).ARGUMENTS)


@pytest.mark.parametrize("name", MODULES)
def test_every_option_that_holds_a_secret_is_not_logged(name):
    def secrets(arguments):
        for option, argument in arguments.items():
            if re.search("secret$|key$", option) and option != "update_secret":
                yield option, argument.get("no_log")
            yield from secrets(argument.get("options", {}))

    assert all(no_log for _option, no_log in secrets(action_of(name).ARGUMENTS))


@pytest.mark.parametrize("name", MODULES)
def test_every_example_uses_options_there_are(name):
    _found, options, examples, _returned = documentation(name)
    for task in examples:
        assert set(task[f"winstorage.iscsi.{name}"] or {}) <= set(options)
        assert task["name"]


@pytest.mark.parametrize(
    ("properties", "options"),
    [
        (properties.PERSISTENT_LOGIN, options.PERSISTENT_LOGIN_OPTIONS),
        (properties.SESSION, options.SESSION_OPTIONS),
        (properties.TARGET_PORTAL, options.TARGET_PORTAL_OPTIONS),
        (properties.STATIC_TARGET, options.STATIC_TARGET_OPTIONS),
    ],
)
def test_every_property_is_an_argument(properties, options):
    assert {prop.option for prop in properties} <= set(options)


@pytest.mark.parametrize(
    "prop",
    [
        prop
        for prop in dict.fromkeys(properties.PERSISTENT_LOGIN + properties.STATIC_TARGET)
        if hasattr(prop.codec, "values")
    ],
    ids=lambda prop: prop.option,
)
def test_the_documentation_names_every_value_that_a_codec_takes(prop):
    own = documentation("static_target")[1] | documentation("persistent_login")[1]
    text = str(own[prop.option]["description"])
    missing = {word for word in prop.codec.values if f"V({word})" not in text}
    assert missing <= {"reserved1", "merge_target_information"}
