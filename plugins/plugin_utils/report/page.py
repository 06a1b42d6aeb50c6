# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML file that needs nothing else: no network, no library.

The summary, the map, the findings of the fleet and the list of hosts are markup. What there is a lot of, the disks and
all that is known of each host, is data in the page, once and packed; its script draws what is looked at.

Names come from hosts and arrays, and may be anything. Four things keep them from doing harm: all that is printed is
escaped; the data holds no ``<``, so that nothing in it can end its element, and the script puts it into the page as
text alone; what is not printable shows as an escape; and the page's own policy lets no script run but the one that is
named by its hash, and no request leave.
"""

from __future__ import annotations

import base64
import collections
import hashlib
import json
import re
from pathlib import Path

import jinja2
from markupsafe import Markup

from .. import text
from ..audit import findings
from . import labels, view
from . import map as network
from .document import OUTLOOKS, STATES
from .pack import pack

_HERE = Path(__file__).parent
# What a page prints beside a word, so that no meaning is in colour alone, and the tone of it.
MARKS = {
    "ready": "✓",
    "same": "✓",
    "degraded": "▲",
    "fewer_paths": "▲",
    "warning": "▲",
    "at_risk": "✕",
    "lost": "✕",
    "unproven": "✕",
    "critical": "✕",
    "unknown": "?",
    "info": "i",
}
TONES = {"✓": "ok", "▲": "warn", "✕": "bad", "?": "dim", "i": "dim"}


def html(document):
    """A document as a page."""
    style, script = _read_asset("page.css"), _read_asset("page_map.js") + _read_asset("page.js")
    hosts = document["hosts"]
    anchors = _anchors(hosts)
    drawn = network.draw(hosts)
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
            mark=MARKS,
            tone={key: TONES[mark] for key, mark in MARKS.items()},
            rank={state: index for index, state in enumerate(STATES)},
            network=network,
            map=drawn,
            groups=view.group_findings(hosts),
            data=_embed(_data(hosts, anchors, drawn)),
            style=Markup(style),
            script=Markup(script),
            style_hash=_hash(style),
            script_hash=_hash(script),
        )
        + "\n"
    )


def _data(hosts, anchors, drawn):
    """What the script of the page draws. Each host is packed by itself, and unpacked when it is looked at."""
    return {
        "names": [text.text(host["name"]) for host in hosts],
        "anchors": [anchors[host["name"]] for host in hosts],
        "outlooks": [_badge(key, labels.OUTLOOKS[key]) for key in OUTLOOKS],
        "severities": [_badge(key, labels.SEVERITIES[key]) for key in findings.SEVERITIES],
        "earlier": [index for index, host in enumerate(hosts) if host["earlier"]],
        "hostStates": [STATES.index(host["state"]) for host in hosts],
        "states": [{**_badge(key, labels.STATES[key]), "key": key} for key in STATES],
        "drift": pack(view.group_drift(hosts)),
        "map": drawn and _map_data(drawn),
        **_hosts_data(hosts),
    }


def _hosts_data(hosts):
    """Each host by itself, and the rows of the forecast, which are shown together."""
    packed, forecast = [], []
    for index, host in enumerate(hosts):
        shown = view.show_host(host)
        forecast += [{"host": index, "at": at, **row} for at, row in enumerate(shown.pop("forecast"))]
        packed.append(pack(shown))
    return {"forecast": pack(forecast), "hosts": packed}


def _map_data(drawn):
    """Which hosts each box and line of the map is about, so that it can be drawn for some of them."""

    def paths(rows):
        return [[list(row.paths), list(row.paths.values())] for row in rows]

    return {
        "nodes": [
            {
                "id": node.id,
                "column": node.column,
                "title": node.title,
                "suffix": node.suffix,
                "hosts": node.hosts,
                "x": node.x,
                "width": node.width,
            }
            for node in drawn.nodes
        ],
        "lines": paths(drawn.lines),
        "rows": paths(drawn.connections),
        "firsts": [row.nodes[0].id for row in drawn.connections],
        "aligned": drawn.is_aligned,
        "step": network.NODE_HEIGHT + network.GAP,
        "margin": network.MARGIN,
        "height": network.NODE_HEIGHT,
        "words": network.STATUS_LABELS,
        "statuses": network.STATUSES,
    }


def _badge(key, word):
    return {"tone": TONES[MARKS[key]], "mark": MARKS[key], "word": word}


def _embed(data):
    """Data as the text of a script element that runs nothing: no character of it can end the element."""
    written = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(written.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _read_asset(name):
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
    environment.filters.update(words=text.text)
    return environment


def _visible(value):
    """A value as the page prints it: nothing for null, escapes for what is not printable."""
    if value is None:
        return ""
    return text.text(value) if isinstance(value, str) and not isinstance(value, Markup) and value else value


def _anchors(hosts):
    """{host: the id of its part of the page}: #host-sql01."""
    anchors, taken = {}, collections.Counter(["host-table"])  # which is the id of the list of hosts
    for host in hosts:
        anchor = "host-" + (re.sub(r"[^A-Za-z0-9._-]+", "-", host["name"]) or "-")
        taken[anchor.lower()] += 1
        anchors[host["name"]] = anchor if taken[anchor.lower()] == 1 else f"{anchor}~{taken[anchor.lower()]}"
    return anchors
