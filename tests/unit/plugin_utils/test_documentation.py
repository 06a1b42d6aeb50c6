# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages that messages name are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from ansible_collections.winstorage.iscsi.plugins.plugin_utils import documentation

ROOT = Path(__file__).parents[3]
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))


def texts(path):
    """All texts of a Python file, of f-strings what is not computed."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("page", documentation.PAGES)
def test_a_page_that_messages_name_is_there_under_its_title(page):
    text = (ROOT / f"docs/docsite/rst/{page}.rst").read_text(encoding="utf-8")
    title = re.search(r"^(.+)\n=+$", text, re.MULTILINE)[1]
    assert title == documentation.PAGES[page]
    assert f"docs/docsite/rst/{page}.rst" in documentation.see_page(page) and title in documentation.see_page(page)


def test_every_path_to_a_page_leads_to_one():
    named = [
        (path.name, page)
        for path in PLUGINS
        for text in texts(path)
        for page in re.findall(r"docs/docsite/rst/(\w+)\.rst", text)
    ]
    assert named
    assert [(name, page) for name, page in named if not (ROOT / f"docs/docsite/rst/{page}.rst").exists()] == []


def test_no_message_names_a_page_by_heart():
    """There is one place that names pages, so that a page that is renamed or missing is noticed."""
    by_heart = [
        (path.name, text) for path in PLUGINS for text in texts(path) if re.search(r"\b[Tt]he page on \w", text)
    ]
    assert by_heart == []
