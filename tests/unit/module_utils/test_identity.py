# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.winstorage.iscsi.plugins.module_utils.model import identity
from ansible_collections.winstorage.iscsi.plugins.module_utils.model.records import Portal, TargetPortal
from ansible_collections.winstorage.iscsi.tests.unit.support.builders import FLASH, INSTANCE, login

A, B = "10.0.0.1", "10.0.1.1"


@pytest.mark.parametrize(
    "other",
    [
        login("[fd00::1]", 1),
        login("FD00:0:0::0001", 1),
        login("fd00::1", 1, target=FLASH.upper()),
        dataclasses.replace(login("fd00::1", 1), initiator_instance=INSTANCE.lower()),
        login("fd00::1", 1, security_flags=2),
        login("fd00::1", 1, session_type="informational"),
        login("fd00::1", 1, symbolic_name="another symbolic name"),
    ],
)
def test_neither_spelling_nor_settings_make_another_login(other):
    assert other.identity == login("fd00::1", 1).identity


@pytest.mark.parametrize(
    "other",
    [
        login("fd00::2", 1),
        login(("fd00::1", 3261), 1),
        login("fd00::1", 2),
        login("fd00::1", 0),
        login("fd00::1", None),
        login(None, 1),
        login("fd00::1", 1, target=FLASH + "2"),
        dataclasses.replace(login("fd00::1", 1), initiator_instance=""),
    ],
)
def test_target_instance_port_and_portal_make_another_login(other):
    assert other.identity != login("fd00::1", 1).identity


def test_canonical_copies_are_equal_where_only_the_spelling_differs():
    first, second = login("FD00::0001", target=FLASH.upper()), login("[fd00::1]")
    assert first != second and first.canonical == second.canonical
    assert first.canonical != dataclasses.replace(second, security_flags=2).canonical
    assert (first.target, first.portal.address) == (FLASH.upper(), "FD00::0001")  # the record itself keeps its words


def test_a_target_portal_is_identified_without_a_target():
    portal = TargetPortal(Portal("[FD00::1]"), "ROOT\\A", 2)
    assert portal.identity == identity.Identity("", "root\\a", 2, ("fd00::1", 3260))


def test_lists_are_in_the_order_of_identity_with_any_first():
    in_order = [login(None), login(B), login(None, 0), login(A, 0), login(B, 0), login(A, 1)]
    shuffled = in_order[3:] + in_order[:3]
    assert sorted(shuffled, key=lambda record: record.sort_key) == in_order


@pytest.mark.parametrize(
    "record, label",
    [
        (login(A, 2), f"{FLASH} through {A}:3260 from {INSTANCE} port 2"),
        (login("fd00::1"), f"{FLASH} through [fd00::1]:3260 from {INSTANCE} any port"),
        (login(None), f"{FLASH} through any portal from {INSTANCE} any port"),
        (TargetPortal(Portal(A)), f"{A}:3260 from any instance any port"),
    ],
)
def test_an_identity_in_words(record, label):
    assert identity.label(record) == label


@pytest.mark.parametrize(
    "removed, other, at_risk",
    [
        (login(None, 1), login(A, 1), True),
        (login(A, None), login(A, 1), True),
        (dataclasses.replace(login(A, 1), initiator_instance=""), login(A, 1), True),
        (login(A, 1), login(A, 1), True),
        (login(A, 1), login(A, None), False),
        (login(A, None), login(B, 1), False),
        (login(None, None), login(A, 1, target=FLASH + "2"), False),
    ],
)
def test_what_a_removal_may_take_with_it(removed, other, at_risk):
    assert identity.may_also_remove(removed.identity, other.identity) is at_risk
