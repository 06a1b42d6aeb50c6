# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files are written whole or not at all, to nowhere else, and with the owner and mode that they had."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import stat
import time

import pytest

from ansible_collections.winstorage.iscsi.plugins.plugin_utils import files


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_there_whole_with_the_mode_that_the_umask_leaves(tmp_path):
    path, umask = tmp_path / "deep/er/report.html", os.umask(0o027)
    try:
        files.write_text(path, "é")
    finally:
        os.umask(umask)
    assert (files.read_text(path), mode_of(path)) == ("é", 0o640)
    assert os.listdir(path.parent) == ["report.html"]


def test_a_mode_that_is_asked_for_is_that_of_a_new_file_alone(tmp_path):
    path = tmp_path / "state.json"
    files.write_text(path, "one", mode=0o600)
    assert mode_of(path) == 0o600
    path.chmod(0o664)
    files.write_text(path, "two", mode=0o600)
    assert (path.read_text(), mode_of(path)) == ("two", 0o664)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_owner_is_kept(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    os.chown(path, 12345, 23456)
    files.write_text(path, "new")
    found = path.stat()
    assert (found.st_uid, found.st_gid, path.read_text()) == (12345, 23456, "new")


def test_a_link_at_the_path_is_replaced_and_not_followed(tmp_path):
    victim, path = tmp_path / "victim", tmp_path / "report.html"
    victim.write_text("precious")
    path.symlink_to(victim)
    assert files.read_text(path) == ""
    files.write_text(path, "report")
    assert (victim.read_text(), path.is_symlink(), path.read_text()) == ("precious", False, "report")


def test_links_planted_beside_the_path_are_not_followed(tmp_path):
    """A name that somebody can guess would be a way to any file that the writer may write."""
    victim, path = tmp_path / "victim", tmp_path / "report.html"
    victim.write_text("precious")
    for guess in (f"report.html.{os.getpid()}", "report.html.tmp", ".report.html.tmp"):
        (tmp_path / guess).symlink_to(victim)
    files.write_text(path, "report")
    assert victim.read_text() == "precious"


def test_what_is_no_file_reads_as_nothing_and_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "bytes").write_bytes(b"\xff")
    assert [files.read_text(tmp_path / name) for name in ("fifo", "bytes", "nothing")] == ["", "", ""]


def test_text_that_utf_8_cannot_hold_is_written_as_an_escape(tmp_path):
    files.write_text(tmp_path / "report.json", '"\ud800"')
    assert (tmp_path / "report.json").read_bytes() == b'"\\ud800"'


def test_the_data_is_on_the_disk_before_it_has_the_name(tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (done.append("fsync"), fsync(descriptor)))
    monkeypatch.setattr(os, "replace", lambda *paths: (done.append("replace"), replace(*paths)))
    files.write_text(tmp_path / "report.html", "x")
    assert done == ["fsync", "replace", "fsync"]


def test_a_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    with pytest.raises(TypeError):
        files.write_text(path, 5)
    assert (path.read_text(), os.listdir(tmp_path)) == ("old", ["report.html"])


def _write_until_killed(path):
    while True:
        files.write_text(path, "x" * (1 << 22))


def test_what_killed_writers_leave_is_removed_by_a_later_one(tmp_path):
    path = tmp_path / "report.html"
    for _writer in range(4):
        writer = multiprocessing.get_context("fork").Process(target=_write_until_killed, args=(path,))
        writer.start()
        while writer.is_alive() and not list(tmp_path.glob(".report.html.*.tmp")):
            time.sleep(0.001)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
    leftovers = list(tmp_path.glob(".report.html.*.tmp"))
    for leftover in leftovers:
        os.utime(leftover, (1, 1))
    (tmp_path / ".other.html.x.tmp").write_text("not ours")
    files.write_text(path, "new")
    assert leftovers
    assert sorted(os.listdir(tmp_path)) == [".other.html.x.tmp", "report.html"]


def test_the_file_of_a_writer_that_lives_is_left_alone(tmp_path):
    busy = tmp_path / ".report.html.abc.tmp"
    with busy.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        os.utime(busy, (1, 1))
        files.write_text(tmp_path / "report.html", "new")
    assert busy.exists()
