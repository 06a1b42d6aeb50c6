# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give the site its landing page and sidebar: tools/site.py FOLDER

antsibull-docs writes an index of the collection with its lists of pages. These become the sidebar, with captions and
short titles, under docs/docsite/landing.rst. The rest of the index becomes the page "All plugins".
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

LANDING = Path("docs/docsite/landing.rst")
# a heading that has nothing but a list of pages
GUIDES = re.compile(
    r"^(?P<title>\w[\w ]*)\n-+\n\n\.\. toctree::\n    :maxdepth: 1\n\n(?P<pages>(?:    .+\n)+)", re.MULTILINE
)
PLUGINS = re.compile(r"\n\.\. toctree::\n    :maxdepth: 1\n    :hidden:\n\n(?P<pages>(?:    .+\n?)+)")
EMPTY = ".. toctree::\n    :maxdepth: 1\n\n"
KINDS = {"module": "Modules", "filter": "Filters", "test": "Tests", "role": "Role"}


def list_pages(caption, pages):
    head = ["", ".. toctree::", "    :hidden:", f"    :caption: {caption}", ""]
    return "\n".join([*head, *[f"    {page}" for page in pages], ""])


def main():
    folder = Path(sys.argv[1])
    index = (folder / "index.rst").read_text(encoding="utf-8")
    page = LANDING.read_text(encoding="utf-8")
    for guide in GUIDES.finditer(index):
        page += list_pages(guide["title"], guide["pages"].split())
    names = [name for plugins in PLUGINS.finditer(index) for name in plugins["pages"].split()]
    for kind, caption in KINDS.items():
        page += list_pages(
            caption, [f"{name[: -len(kind) - 1]} <{name}>" for name in names if name.endswith(f"_{kind}")]
        )
    page += list_pages("All", ["All plugins <collection>", "environment_variables"])
    rest = PLUGINS.sub("\n", GUIDES.sub("", index)).replace(EMPTY, "")
    (folder / "collection.rst").write_text(rest, encoding="utf-8")
    (folder / "index.rst").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
