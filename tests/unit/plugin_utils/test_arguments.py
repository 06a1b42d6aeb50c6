# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of tasks: what stands in the wrong place is an error, and no error repeats a secret."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.winstorage.iscsi.plugins.plugin_utils import arguments

SECRET = "Marker-Chap01"
TARGET = "iqn.2004-01.com.example:data"
SPEC = {**arguments.DECLARATION, **arguments.LIMITS}
IKE = {"id_type": "ipv4_address", "id": "192.0.2.1", "key": SECRET}
LOGIN = {"target": TARGET, "secret": SECRET}


def problem_with(spec=SPEC, **given):
    with pytest.raises(AnsibleActionFail) as caught:
        arguments.validate(spec, given)
    return str(caught.value)


def test_what_is_valid_is_plain_data_with_defaults():
    _checked, options = arguments.validate(SPEC, {"persistent_logins": [LOGIN], "ike": [IKE]})
    assert options["persistent_logins"][0]["secret"] == SECRET
    assert options["persistent_logins"][0]["update_secret"] == "on_create"
    assert (options["ike"][0]["auth_method"], options["time_limit"]) == ("preshared_key", 300)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"ike": [dict(IKE, key=["x"])]}, "ike[0].key: expected text, found a list"),
        ({"ike": [dict(IKE, key={"x": "y"})]}, "ike[0].key: expected text, found a mapping"),
        ({"ike": [IKE, dict(IKE, key=123456789012)]}, "ike[1].key: expected text; put it into quotes"),
        ({"chap_secret": True}, "chap_secret: expected text; put it into quotes"),
        ({"node_name": [TARGET]}, "node_name: expected text, found a list"),
        (
            {"persistent_logins": [{"target": {"name": "x"}}]},
            "persistent_logins[0].target: expected text, found a mapping",
        ),
    ],
)
def test_what_is_no_text_is_not_taken_for_one(given, problem):
    assert problem_with(**given) == problem


@pytest.mark.parametrize(
    "given",
    [
        {"persistent_logins": [dict(LOGIN, state=SECRET)]},
        {"persistent_logins": [dict(LOGIN, copies=SECRET)]},
        {"persistent_logins": [dict(LOGIN, mappings={"bus": SECRET, "target_number": 0, "luns": []})]},
        {"persistent_logins": [dict(LOGIN, copies=SECRET.lower())]},
        {"persistent_logins": [LOGIN, SECRET]},
        {"persistent_logins": SECRET},
        {"chap_secret": SECRET, "time_limit": SECRET},
        {"chap_secret": SECRET, "purge": [SECRET]},
        {"chap_secret": SECRET, SECRET: True},
        {"ike": [IKE, 5]},
        {"ike": [f"key={SECRET} id_type={SECRET}"]},
        {"ike": [f"key {SECRET}"]},
        {"ike": [IKE], "radius_secret": [SECRET], "service_state": SECRET},
        {"chap_secret": "Marker\\'\n-Chap", "service_state": "Marker\\'\n-Chap"},
    ],
)
def test_no_error_repeats_a_secret_wherever_else_it_stands(given):
    assert "marker" not in problem_with(**given).lower()


@pytest.mark.parametrize(
    ("text", "hidden", "shown"),
    [
        ("no such word: 'abc'", {"abc"}, "no such word: '********'"),
        ("target: 'a' is no name", {"a"}, "target: '********' is no name"),
        ("MARKER-CHAP01 and marker-chap01", {SECRET}, "******** and ********"),
        ("nothing here", {"", " ", "other"}, "nothing here"),
        ("xMarker-Chap01y", {SECRET, "Marker"}, "x********y"),
    ],
)
def test_values_are_taken_out_of_a_text(text, hidden, shown):
    assert arguments.redact(text, hidden) == shown


def test_a_negative_time_is_an_error_that_says_what_is_right():
    with pytest.raises(
        AnsibleActionFail, match=r"time_limit must be 0 \(no limit\) or a positive number of seconds, not -1"
    ):
        arguments.check_seconds({"time_limit": -1}, arguments.TIME_LIMIT)
