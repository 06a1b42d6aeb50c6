# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a fleet: one document of plain data, and the forms in which it is written."""

from __future__ import annotations

import json

from .digest import collect_artifacts, list_hosts
from .document import SCHEMA_VERSION, build
from .markdown import markdown
from .metrics import metrics
from .page import html
from .table import table

__all__ = [
    "DEFAULT_FORMATS",
    "FORMATS",
    "SCHEMA_VERSION",
    "build",
    "collect_artifacts",
    "html",
    "list_hosts",
    "markdown",
    "metrics",
    "table",
]


def _json(document):
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


# Name of a form -> (ending of its file, what writes a document in it).
FORMATS = {
    "html": (".html", html),
    "json": (".json", _json),
    "markdown": (".md", markdown),
    "csv": (".csv", table),
    "prometheus": (".prom", metrics),
}
DEFAULT_FORMATS = ["html", "json", "markdown", "csv"]
