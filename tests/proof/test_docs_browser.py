# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site of the documentation in a real browser: axe-core finds nothing serious on it, light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from ansible_collections.winstorage.iscsi.tests.proof.support.tools import requires, unavailable

SITE = Path(__file__).resolve().parents[2] / ".build/docs/html"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
# A guide with code and tables, the reference of a module and of a filter, and the front page.
PAGES = ["index", "docsite/report", "docsite/tutorial", "report_module", "summary_filter"]


@pytest.fixture(scope="module")
def browser():
    if not (SITE / "index.html").exists():
        unavailable("the site of the documentation is not built (make docs)")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=requires("chromium", "chromium"), args=ARGUMENTS)
        yield running
        running.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious_in_the_documentation(browser, name, scheme):
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    page.goto((SITE / f"{name}.html").as_uri())
    found = Axe().run(page).response["violations"]
    page.close()
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in serious] == []
