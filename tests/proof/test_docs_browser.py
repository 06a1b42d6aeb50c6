# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site of the documentation in a real browser, light and dark, as `make docs` built it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from ansible_collections.winstorage.iscsi.tests.proof.support.tools import requires, unavailable

SITE = Path(__file__).resolve().parents[2] / ".build/docs/html"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
# A page of each kind: the landing page, a how-to, one of tables to look things up in, one with a file in it; the
# reference of a module, a filter, a test and the role; the lists of plugins and of variables, the index, the search.
PAGES = [
    "index",
    "docsite/rotate_chap",
    "docsite/flags",
    "docsite/extending",
    "persistent_login_module",
    "remedies_filter",
    "iqn_test",
    "initiator_role",
    "collection",
    "environment_variables",
    "genindex",
    "search",
]


@pytest.fixture(scope="module")
def browser():
    if not (SITE / "index.html").exists():
        unavailable("the site of the documentation is not built: run make docs first")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=requires("chromium", "chromium"), args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def show(browser):
    """Opens a page of the site. It needs nothing but the site, and its scripts run."""
    contexts, complaints = [], []

    def open_page(name):
        context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda one: None if one.url.startswith(SITE.as_uri()) else complaints.append(one.url))
        page.on("pageerror", lambda one: complaints.append(f"error: {one}"))
        page.goto((SITE / f"{name}.html").as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def kind(name):
    """The folder of a guide, the kind of a plugin, or the page itself."""
    return "guide" if name.startswith("docsite/") else re.sub(r"^\w+_(?=(module|filter|test|role)$)", "", name)


def test_there_is_a_page_of_each_kind(browser):
    """A new kind of page, such as that of a lookup, is looked at, too."""
    built = {path.relative_to(SITE).with_suffix("").as_posix() for path in SITE.rglob("*.html")}
    built = {name for name in built if not name.startswith("_")}
    assert set(PAGES) <= built
    assert {kind(name) for name in built} == {kind(name) for name in PAGES}


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious_in_light_and_in_dark(show, name):
    page = show(name)
    serious, backgrounds = [], set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        backgrounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        found = Axe().run(page).response["violations"]
        serious += [(scheme, one) for one in found if one["impact"] in ("serious", "critical")]
    assert len(backgrounds) == 2
    assert [(scheme, one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for scheme, one in serious] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_does_not_scroll_sideways_and_shows_no_complaint_of_the_theme(show, name):
    page = show(name)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.get_by_text("ERROR:").count() == 0


def test_the_landing_page_shows_the_question_the_report_and_what_to_run(show):
    page = show("index")
    assert page.locator("h1").inner_text().startswith("Will this Windows host find its disks after the next restart?")
    assert page.locator("img[src$='report.png']").evaluate("picture => picture.naturalWidth") >= 1280
    blocks = page.locator(".highlight pre").all_inner_texts()
    run = re.findall(r"winstorage\.iscsi\S*", " ".join(blocks[:2]))
    assert run == [f"winstorage.iscsi{name}" for name in ("", ".demo", ".check_connection", ".report")]
    assert [line.split()[0] for line in blocks[-1].splitlines()] == ["Host", "sql01", "hyperv02", "files03"]
    captions = page.locator(".sidebar-tree .caption").all_text_contents()
    assert captions[:5] == ["Start", "How to", "Understand", "Look up", "Contribute"]
