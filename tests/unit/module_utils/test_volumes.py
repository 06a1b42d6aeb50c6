# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks as Windows' storage classes know them, joined with those of the initiator."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.model import facts, volumes
from ansible_collections.winstorage.iscsi.tests.unit.support.builders import login, partial_snapshot, session

TIB = 1 << 40
GUID = "\\\\?\\Volume{0f1c4b1e-0000-4000-8000-000000000001}\\"
OTHER_GUID = "\\\\?\\Volume{0f1c4b1e-0000-4000-8000-000000000002}\\"


def disk_row(number=1, **more):
    """A row of MSFT_Disk: a healthy iSCSI disk of 4 TiB."""
    row = {
        "Number": number,
        "UniqueId": "60000",
        "SerialNumber": "SN-0",
        "FriendlyName": "ACME DISK",
        "Size": 4 * TIB,
        "BusType": 9,
        "IsOffline": False,
        "OfflineReason": 0,
        "IsReadOnly": False,
        "IsClustered": False,
        "PartitionStyle": 2,
    }
    return {**row, **more}


def partition_row(paths=("E:\\", GUID), number=1, letter="E"):
    return {"DiskNumber": number, "DriveLetter": letter, "AccessPaths": None if paths is None else list(paths)}


def volume_row(path=GUID, letter="E", label="SQLDATA", **more):
    return {"Path": path, "DriveLetter": letter, "FileSystemLabel": label, "FileSystem": "NTFS", "Size": TIB, **more}


def join(disks, partitions=(), found=()):
    """(the disks, the warnings)"""
    warnings = []
    return volumes.join(list(disks), list(partitions), list(found), warnings.append), warnings


def forecast_of(disks, partitions=(), found=(), logins=None):
    """The facts of a host with one session that shows PhysicalDrive1, naa.60000."""
    known, warnings = join(disks, partitions, found)
    assert warnings == []
    snapshot = partial_snapshot([login()] if logins is None else logins, [session()], disks=known)
    return facts.assemble(snapshot)


def label_of(*rows, **more):
    (disk,) = forecast_of(*rows, **more)["next_boot"]["disks"]
    return volumes.label(disk)


# -- from the rows -----------------------------------------------------------------------------------------------------


def test_a_partition_finds_its_volume_among_its_access_paths():
    (disk,), warnings = join([disk_row()], [partition_row()], [volume_row()])
    assert (disk.number, disk.size) == (1, 4 * TIB)
    assert [(volume.paths, volume.label, volume.size) for volume in disk.volumes] == [(["E:"], "SQLDATA", TIB)]
    assert warnings == []


def test_a_volume_without_access_paths_is_found_by_its_letter():
    (disk,), _warnings = join([disk_row()], [partition_row(None)], [volume_row()])
    assert [(volume.paths, volume.label) for volume in disk.volumes] == [(["E:"], "SQLDATA")]


def test_a_mount_point_is_a_name_as_good_as_a_letter():
    paths = ["C:\\Mounts\\Data\\", GUID, "F:\\"]
    (disk,), _warnings = join([disk_row()], [partition_row(paths, letter="F")], [volume_row(letter="F")])
    assert [volume.paths for volume in disk.volumes] == [["F:", "C:\\Mounts\\Data"]]


def test_a_reserved_partition_is_no_volume():
    partitions = [partition_row([], letter=""), partition_row(["\\\\?\\Volume{9}\\"], letter="")]
    (disk,), _warnings = join([disk_row()], partitions, [volume_row()])
    assert disk.volumes == []


def test_a_volume_that_spans_two_disks_is_on_both():
    found, _warnings = join(
        [disk_row(1), disk_row(2)], [partition_row(number=1), partition_row(number=2)], [volume_row()]
    )
    assert [[volume.label for volume in disk.volumes] for disk in found] == [["SQLDATA"], ["SQLDATA"]]


def test_volumes_are_in_the_order_of_their_letters_then_those_with_mount_points_only():
    partitions = [partition_row(["C:\\Mnt\\", OTHER_GUID], letter=""), partition_row()]
    rows = [volume_row(OTHER_GUID, "", "LOGS"), volume_row()]
    (disk,), _warnings = join([disk_row()], partitions, rows)
    assert [volume.label for volume in disk.volumes] == ["SQLDATA", "LOGS"]


# -- the join with disks of the initiator ------------------------------------------------------------------------------


def test_a_disk_is_called_by_its_letter_and_label_with_its_true_size():
    assert label_of([disk_row()], [partition_row()], [volume_row()]) == (
        "E: SQLDATA, 1 GiB (PhysicalDrive1, naa.60000)"
    )


def test_the_size_is_that_of_windows_where_the_initiator_cannot_tell():
    live = session()
    live.luns[0].size = None
    known, _warnings = join([disk_row()], [partition_row()], [volume_row()])
    found = facts.assemble(partial_snapshot([login()], [live], disks=known))
    (disk,) = found["next_boot"]["disks"]
    assert disk["size"] == 4 * TIB
    assert volumes.label(disk) == "E: SQLDATA, 4 TiB (PhysicalDrive1, naa.60000)"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"IsOffline": True}, "E: SQLDATA, 1 GiB, offline (PhysicalDrive1, naa.60000)"),
        ({"IsOffline": True, "OfflineReason": 1}, "E: SQLDATA, 1 GiB, offline (policy) (PhysicalDrive1, naa.60000)"),
        ({"IsReadOnly": True}, "E: SQLDATA, 1 GiB, read-only (PhysicalDrive1, naa.60000)"),
        ({"IsClustered": True}, "E: SQLDATA, 1 GiB, clustered (PhysicalDrive1, naa.60000)"),
    ],
)
def test_a_disk_says_what_keeps_it_from_being_used(row, expected):
    assert label_of([disk_row(**row)], [partition_row()], [volume_row()]) == expected


def test_a_disk_that_is_not_initialized_has_its_number_for_a_name():
    assert label_of([disk_row(PartitionStyle=0)]) == "PhysicalDrive1, 1 GiB, not initialized (naa.60000)"


@pytest.mark.parametrize("state", [{"IsOffline": True}, {"IsClustered": True}])
def test_a_partition_table_that_windows_cannot_read_is_not_missing(state):
    (disk,), _warnings = join([disk_row(PartitionStyle=0, **state)])
    assert disk.uninitialized is None


def test_a_disk_is_offline_if_all_its_paths_are():
    """Without MPIO a disk is there several times, and Windows takes all but one offline."""
    rows = [disk_row(1), disk_row(2, IsOffline=True, OfflineReason=2)]
    found, _warnings = join(rows, [partition_row()], [volume_row()])
    assert volumes.merge(found)["offline"] is False
    assert volumes.merge(found[1:])["offline_reason"] == "redundant_path"


def test_where_the_classes_were_not_read_a_disk_is_called_by_its_number():
    found = facts.assemble(partial_snapshot([login()], [session()]))
    (disk,) = found["next_boot"]["disks"]
    assert volumes.label(disk) == "PhysicalDrive1 (naa.60000)"
    assert disk["volumes"] is None
    assert found["next_boot"]["volumes"] is None
    assert found["disks"] is None


def test_a_disk_that_windows_does_not_list_is_called_by_its_number():
    assert label_of([disk_row(7)], [partition_row(number=7)], [volume_row()]) == "PhysicalDrive1 (naa.60000)"


def test_a_disk_with_another_identifier_lends_no_letter_and_is_a_warning():
    live = session()
    live.luns[0].identifiers = ["naa.600a0980774f6a344e24537951336454"]
    known, _warnings = join([disk_row(UniqueId="624A93702F3B51C8A04D7E1900011010")], [partition_row()], [volume_row()])
    found = facts.assemble(partial_snapshot([login()], [live], disks=known))
    (disk,) = found["next_boot"]["disks"]
    assert volumes.label(disk) == "PhysicalDrive1 (naa.600a0980774f6a344e24537951336454)"
    assert found["warnings"] == [
        "PhysicalDrive1 is 624A93702F3B51C8A04D7E1900011010 for Windows and naa.600a0980774f6a344e24537951336454 for "
        "the initiator, so its volumes are not shown."
    ]


def test_an_identifier_in_another_form_contradicts_nothing():
    live = session()
    live.luns[0].identifiers = ["naa.600a0980774f6a344e24537951336454"]
    known, _warnings = join([disk_row(UniqueId="SYNOLOGYiSCSI Storage:1")], [partition_row()], [volume_row()])
    (disk,) = facts.assemble(partial_snapshot([login()], [live], disks=known))["next_boot"]["disks"]
    assert disk["volumes"][0]["label"] == "SQLDATA"


def test_disks_that_do_not_come_from_the_initiator_are_no_facts():
    found = forecast_of([disk_row(0, BusType=17), disk_row(1, BusType=0), disk_row(2, BusType=9)])
    assert [(disk["number"], disk["bus_type"]) for disk in found["disks"]] == [(1, "unknown"), (2, "iscsi")]


# -- the forecast by volume --------------------------------------------------------------------------------------------


def test_the_forecast_says_first_which_volumes_will_be_missing():
    partitions = [partition_row(), partition_row(["F:\\", OTHER_GUID], letter="F")]
    rows = [volume_row(), volume_row(OTHER_GUID, "F", "LOGS")]
    found = forecast_of([disk_row()], partitions, rows, logins=[])["next_boot"]
    assert found["attention"][:2] == [
        "E:, F: will be missing.",
        "E: SQLDATA, F: LOGS, 1 GiB (PhysicalDrive1, naa.60000): 1 path now, 0 expected after a restart: "
        "no login to its target is saved.",
    ]
    assert found["volumes"] == [
        {"name": "E:", "disk": "naa.60000", "outlook": "lost"},
        {"name": "F:", "disk": "naa.60000", "outlook": "lost"},
    ]


def test_a_volume_that_only_unproven_logins_lead_to_may_be_missing():
    found = forecast_of([disk_row()], [partition_row()], [volume_row()], logins=[login("10.0.0.2")])["next_boot"]
    assert found["attention"][0] == "E: may be missing."


def test_hundreds_of_volumes_are_counted_not_listed():
    partitions = [partition_row([f"C:\\Mnt{index:03}\\"], letter="") for index in range(300)]
    found = forecast_of([disk_row()], partitions, logins=[])["next_boot"]
    assert found["attention"][0].endswith("C:\\Mnt019 and 280 more will be missing.")
    assert "C:\\Mnt005, 294 more volumes, 1 GiB" in found["attention"][1]
    assert len(found["volumes"]) == 300


# -- what a host may say -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        ({"Size": "4 TiB"}, "MSFT_Disk: Size is no number."),
        ({"Size": -1}, "MSFT_Disk: Size is no number."),
        ({"IsOffline": 1}, "MSFT_Disk: IsOffline is no truth value."),
        ({"UniqueId": ["x"]}, "MSFT_Disk: UniqueId is no text."),
    ],
)
def test_a_value_of_another_type_is_not_known_and_one_warning(change, warning):
    found, warnings = join([disk_row(1, **change), disk_row(2, **change)], [partition_row()], [volume_row()])
    assert len(found) == 2
    assert found[0].volumes[0].label == "SQLDATA"
    assert warnings == [warning]


def test_an_absent_property_is_not_known_and_one_warning():
    rows = [disk_row(1), disk_row(2)]
    for row in rows:
        del row["IsClustered"]
    found, warnings = join(rows)
    assert [disk.clustered for disk in found] == [None, None]
    assert warnings == ["MSFT_Disk: IsClustered is missing."]


def test_a_label_cannot_turn_the_text_around_or_be_endless():
    (disk,), _warnings = join([disk_row()], [partition_row()], [volume_row(label="\u202egpj\x07" + "x" * 5000)])
    label = disk.volumes[0].label
    assert label.startswith("\\u202egpj\\x07x")
    assert label.isprintable()
    assert len(label) < 100


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=3), inside, max_size=3),
    max_leaves=5,
)


def _rows_of(names):
    return _JUNK | st.lists(_JUNK | st.fixed_dictionaries({}, optional=dict.fromkeys(names, _JUNK)), max_size=4)


@given(_rows_of(volumes.DISK), _rows_of(volumes.PARTITION), _rows_of(volumes.VOLUME))
def test_no_row_is_more_than_a_warning(disks, partitions, found):
    warnings = []
    known = volumes.join(disks, partitions, found, warnings.append)
    assembled = facts.assemble(partial_snapshot([], [session()], disks=known))
    json.dumps(assembled, allow_nan=False)
    for disk in assembled["next_boot"]["disks"]:
        assert volumes.label(disk).isprintable()


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0, "0 B"), (1023, "1023 B"), (1 << 40, "1 TiB"), (3 << 39, "1.5 TiB"), (1 << 63, "8192 PiB")],
)
def test_sizes(size, expected):
    assert volumes.format_size(size) == expected
