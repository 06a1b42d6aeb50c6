# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings for all tests, and what several suites share."""

from __future__ import annotations

import os

import hypothesis
import pytest

from ansible_collections.winstorage.iscsi.tests.unit.support import in_process

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("quick", deadline=None, print_blob=True, max_examples=40)
hypothesis.settings.register_profile("thorough", deadline=None, print_blob=True, max_examples=200)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "quick")


@pytest.fixture(scope="module")
def no_wire_text():
    """Batches and answers travel as objects: encoding them takes half the time of a run, and has tests of its own."""
    with in_process.objects_for_texts():
        yield
