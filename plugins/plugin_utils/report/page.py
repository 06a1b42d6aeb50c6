# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML file that needs nothing else: no network, no library.

Names come from hosts and arrays, and may be anything. Three things keep them from doing harm: all that is printed is
escaped, what is not printable shows as an escape, and the page's own policy lets no script run but the one that is
named by its hash, and no request leave.
"""

from __future__ import annotations

import base64
import collections
import hashlib
import re
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from .. import text
from ..audit import findings
from . import labels
from . import map as network
from .document import OUTLOOKS, STATES

_HERE = Path(__file__).parent


def html(document):
    """A document as a page."""
    style, script = (_asset(name) for name in ("page.css", "page.js"))
    hosts = document["hosts"]
    anchors = _anchors(hosts)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            document=document,
            totals=document["totals"],
            hosts=hosts,
            anchors=anchors,
            labels=labels,
            count=text.count,
            severities=findings.SEVERITIES,
            rank={word: index for index, word in enumerate((*STATES, *OUTLOOKS))},
            network=network,
            map=network.draw(hosts),
            groups=_groups(hosts),
            drifts=_drifts(hosts),
            style=Markup(style),
            script=Markup(script),
            style_hash=_hash(style),
            script_hash=_hash(script),
        )
        + "\n"
    )


def _asset(name):
    return (_HERE / name).read_text(encoding="utf-8")


def _hash(asset):
    """As a content security policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(asset.encode("utf-8")).digest()).decode("ascii")


def _environment():
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=_visible,
    )
    environment.filters.update(size=text.size, yaml=_tasks, said=_said, side=_side, sentence=labels.capitalize)
    return environment


def _visible(value):
    """A value as the page prints it: nothing for null, escapes for what is not printable."""
    if value is None:
        return ""
    return text.text(value) if isinstance(value, str) and not isinstance(value, Markup) and value else value


def _said(value):
    """Any value in words, a dash for nothing."""
    return text.text(value)


def _side(finding, name):
    """What was found, or what is declared, in words: none for an empty list, nothing where there is no such side."""
    value = finding.get(name)
    return "" if value is None else "none" if value in ([], "") else text.text(value)


def _tasks(run):
    """Tasks as YAML, whose lines stay lines."""
    lines = labels.dump_tasks(run).rstrip("\n").split("\n")
    return Markup("\n").join(escape(text.text(line) if line.strip() else "") for line in lines)


def _anchors(hosts):
    """{host: the id of its part of the page}: #host-sql01."""
    anchors, taken = {}, collections.Counter()
    for host in hosts:
        anchor = "host-" + (re.sub(r"[^A-Za-z0-9._-]+", "-", host["name"]) or "-")
        taken[anchor.lower()] += 1
        anchors[host["name"]] = anchor if taken[anchor.lower()] == 1 else f"{anchor}~{taken[anchor.lower()]}"
    return anchors


def _groups(hosts):
    """Findings of the fleet: one row for each kind, with the hosts that have it, the worst first."""
    found = collections.defaultdict(lambda: [0, {}])
    for index, host in enumerate(hosts):
        for one in host["findings"]:
            group = found[findings.SEVERITIES.index(one["severity"]), one["category"], one["kind"]]
            group[0] += 1
            group[1][index] = host["name"]
    return [
        {"severity": findings.SEVERITIES[rank], "category": category, "kind": kind, "count": count, "hosts": members}
        for (rank, category, kind), (count, members) in sorted(found.items())
    ]


def _drifts(hosts):
    """Drift of the fleet: one row for each difference, with the hosts that have it, the most frequent first."""
    found = collections.defaultdict(dict)
    for index, host in enumerate(hosts):
        for one in host["findings"]:
            if one["category"] == "drift" and one["severity"] != "info":
                found[
                    one.get("record") or "",
                    one["kind"],
                    one.get("field") or "",
                    _side(one, "found"),
                    _side(one, "declared"),
                ][index] = host["name"]
    rows = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return [dict(zip(("record", "kind", "field", "found", "declared"), key), hosts=members) for key, members in rows]
