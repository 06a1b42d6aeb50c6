/* Copyright: (c) 2026, winstorage.iscsi contributors
   GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
   SPDX-License-Identifier: GPL-3.0-or-later */

(() => {
  const $ = (selector) => document.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const root = document.documentElement;
  for (const one of all(".tools, #filter, .check")) one.hidden = false;

  // The data, as pack.py describes it: numbers stand for texts, and lists of like mappings are columns.
  const data = JSON.parse($("#data").textContent);
  const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const expand = (entries) => {
    let last = "";
    const texts = [];
    for (const entry of entries) {
      if (typeof entry === "string") texts.push((last = last.slice(0, digits.indexOf(entry[0])) + entry.slice(1)));
      else texts.push(Array.isArray(entry) ? `${texts[entry[0]]} ${texts[entry[1]]}` : entry);
    }
    return texts;
  };
  const unpack = (texts, value) => {
    if (typeof value === "number") return texts[value];
    if (value === null || typeof value === "boolean") return value;
    if (Array.isArray(value)) return value.map((inside) => unpack(texts, inside));
    const columns = Object.entries(value).filter(([key]) => key !== "");
    if (!("" in value)) return Object.fromEntries(columns.map(([key, inside]) => [key, unpack(texts, inside)]));
    const cells = columns.map(([key, column]) => {
      if (Array.isArray(column)) return [key, (index) => unpack(texts, column[index])];
      const same = unpack(texts, column[""]);
      return [key, () => same];
    });
    return Array.from({ length: value[""] }, (_, index) => Object.fromEntries(cells.map(([key, cell]) => [key, cell(index)])));
  };
  const kept = new Map();
  const keep = (key, make) => {
    if (!kept.has(key)) kept.set(key, make());
    return kept.get(key);
  };
  const textsOf = (host) => keep(host, () => expand(data.hosts[host].texts));
  const part = (host, name) => keep(`${host} ${name}`, () => unpack(textsOf(host), data.hosts[host].data[name]));

  // Elements. Whatever a text holds, it becomes text: nothing here reads markup.
  const element = (tag, attributes, ...children) => {
    const created = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) if (value) created.setAttribute(name, value);
    created.append(...children.flat(2).filter((child) => child !== null && child !== undefined));
    return created;
  };
  const cell = (kind, ...children) => element("td", { class: kind }, ...children);
  const name = (text) => element("bdi", {}, text);
  const badge = ({ tone, mark, word }) => element("span", { class: `badge ${tone}` }, element("b", { "aria-hidden": "true" }, mark), word);
  const link = (host) => element("a", { href: `#${encodeURIComponent(data.anchors[host])}` }, name(data.names[host]));
  // What is long is drawn when it is opened.
  const drawers = new WeakMap();
  const lazily = (kind, summary, draw) => {
    const details = element("details", { class: `more ${kind}` }, element("summary", {}, summary));
    drawers.set(details, draw);
    return details;
  };
  const linksOf = (hosts) => hosts.flatMap((host) => [link(host), " "]);
  const links = (hosts) => (hosts.length > 3 ? [lazily("hosts", `${hosts.length} hosts`, () => linksOf(hosts))]
    : hosts.flatMap((host, index) => (index ? [", ", link(host)] : [link(host)])));
  const list = (items) => element("ul", {}, items.map((item) => element("li", {}, item)));
  const paths = ({ now, expected, unproven }) => {
    const missing = now > expected ? element("i", {}, "○".repeat(Math.min(now - expected, 8))) : null;
    const dots = now <= 8 ? [element("span", { class: "dots", "aria-hidden": "true" }, "●".repeat(Math.min(expected, 8)), missing), " "] : [];
    return [...dots, `${expected} of ${now}`, ...(unproven ? [" ", element("small", {}, `+${unproven} unproven`)] : [])];
  };
  const tasksOf = (host, run) => run.map((number) => part(host, "tasks")[number].join("\n")).join("\n");
  const toDo = (host, { remedy, run }) => [remedy,
    run.length ? lazily("run", run.length > 1 ? `${run.length} tasks` : "Tasks", () => [element("pre", { tabindex: "0" }, tasksOf(host, run))]) : null];
  const sides = ({ found, declared }) => [found, declared].map((text, index) => cell("mono", text ? element(index ? "ins" : "del", {}, text) : null));
  const table = (headings, rows) => element("table", {},
    element("thead", {}, element("tr", {}, headings.map((heading) => element("th", { class: heading.endsWith("#") ? "num" : "" }, heading.replace("#", ""))))),
    element("tbody", {}, rows));

  // Long lists and tables: rows are drawn as they are scrolled to.
  const CHUNK = 25;
  class LongList {
    constructor(body, rows, draw, keys = []) {
      Object.assign(this, { body, rows, draw, keys, chosen: [], drawn: 0 });
      this.rest = body.closest("table, div").parentElement.querySelector(".rest");
      this.rest.querySelector("button").addEventListener("click", () => this.more(CHUNK));
      new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.more(CHUNK), { root: body.closest(".scroll"), rootMargin: "200px" })
        .observe(this.rest);
    }
    show(isChosen) {
      this.chosen = this.rows.filter(isChosen);
      this.redraw();
    }
    sort(index, descending) {
      const pairs = this.rows.map((row) => [this.keys[index](row), row]);
      pairs.sort((one, other) => (descending ? compare(other[0], one[0]) : compare(one[0], other[0])));
      const chosen = new Set(this.chosen);
      this.rows = pairs.map((pair) => pair[1]);
      this.show((row) => chosen.has(row));
    }
    redraw() {
      this.body.replaceChildren();
      this.drawn = 0;
      this.more(CHUNK);
    }
    // Draw as far as a row, unless it is not among the chosen.
    reach(row) {
      const index = this.chosen.indexOf(row);
      if (index >= this.drawn) this.more(index + 1 - this.drawn);
      return index >= 0;
    }
    more(number) {
      this.body.append(...this.chosen.slice(this.drawn, this.drawn + number).map((row) => this.draw(row)));
      this.drawn = Math.min(this.drawn + number, this.chosen.length);
      this.rest.hidden = this.drawn === this.chosen.length;
      this.rest.querySelector("span").textContent = `${this.drawn} of ${this.chosen.length} rows`;
    }
  }

  // Theme: as the system has it until somebody chooses; the choice is kept where the browser allows it.
  const theme = $("#theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const stored = (value) => {
    try {
      return value === undefined ? localStorage.getItem("theme") : localStorage.setItem("theme", value);
    } catch {
      return null;
    }
  };
  const isDark = () => (root.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
  const showTheme = () => theme.setAttribute("aria-pressed", isDark());
  if (["light", "dark"].includes(stored())) root.dataset.theme = stored();
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    stored(root.dataset.theme);
    showTheme();
  });
  dark.addEventListener("change", showTheme);
  showTheme();

  // Sorting: by data-v where a cell has it, else by its text, numbers within it as numbers.
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const value = (row, index) => {
    const cell = row.cells[index];
    return cell.dataset.v === undefined ? cell.textContent.trim() : Number(cell.dataset.v);
  };
  const compare = (one, other) => (typeof one === "number" ? one - other : collator.compare(one, other));
  for (const button of all("table.sort thead button")) {
    button.addEventListener("click", () => {
      const header = button.parentElement;
      const descending = header.getAttribute("aria-sort") === "ascending";
      for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const long = longLists.find((one) => one.body === header.closest("table").tBodies[0]);
      if (long) {
        long.sort(header.cellIndex, descending);
        return;
      }
      const body = header.closest("table").tBodies[0];
      const rows = [...body.rows].map((row) => [value(row, header.cellIndex), row]);
      rows.sort((one, other) => (descending ? compare(other[0], one[0]) : compare(one[0], other[0])));
      body.append(...rows.map((pair) => pair[1]));
    });
  }

  // A row of the forecast is about the disks of a host that have one fate and one remedy.
  const earlier = new Set(data.earlier);
  const same = data.outlooks.length - 1;
  const hosts = all("#host-table tbody tr");
  const details = all("details.host");
  const forecast = unpack(expand(data.forecast.texts), data.forecast.data);
  const fates = Map.groupBy(forecast, (fate) => fate.host);
  const disksOf = ({ host, at }) => part(host, "disks")[at];
  const diskLine = (disk) => [disk.names, disk.size === "-" ? "" : `, ${disk.size}`, " ", element("small", { class: "mono" }, disk.id)];
  const showDisks = (fate) => (fate.disks <= 3 ? disksOf(fate).map((disk) => element("div", {}, diskLine(disk)))
    : lazily("disks", `${fate.disks} disks${fate.size === "-" ? "" : `, ${fate.size}`}`, () => [list(disksOf(fate).map(diskLine))]));
  const targetsOf = (fate) => [...new Set(disksOf(fate).flatMap((disk) => disk.targets))];
  const showTargets = (targets) => (targets.length <= 3 ? targets.map((target) => element("div", {}, name(target)))
    : lazily("targets", `${targets.length} targets`, () => [list(targets.map(name))]));
  const fateRows = new LongList($("#disks").tBodies[0], forecast.filter((fate) => !earlier.has(fate.host)),
    (fate) => element("tr", { class: fate.outlook === same ? "same" : "" },
      element("th", { scope: "row" }, link(fate.host)), cell("disk", showDisks(fate)), cell("mono target", showTargets(targetsOf(fate))), cell("paths", paths(fate)),
      cell("outlook", badge(data.outlooks[fate.outlook])), cell("why", fate.reason), cell("do", toDo(fate.host, fate))),
    [(fate) => data.names[fate.host], (fate) => disksOf(fate)[0].names, (fate) => targetsOf(fate).join(),
      (fate) => fate.expected - fate.now, (fate) => fate.outlook, (fate) => fate.reason || ""]);
  const hostRows = new LongList($("#host-table").tBodies[0], [...hosts], (row) => row, [...$("#host-table").tHead.rows[0].cells].map((_, index) => (row) => value(row, index)));
  const cards = new LongList($("#cards"), details, (one) => one);
  const longLists = [fateRows, hostRows, cards];
  if ($("#differences")) {
    longLists.push(new LongList($("#differences").tBodies[0], unpack(expand(data.drift.texts), data.drift.data),
      (row) => element("tr", { "data-hs": row.hosts.join(" ") }, cell("", row.record), cell("", row.kind),
        cell("mono", row.field), sides(row), cell("", links(row.hosts))),
      [(row) => row.record, (row) => row.kind, (row) => row.field, (row) => row.found, (row) => row.declared, (row) => row.hosts.length]));
  }

  // Details: what is known of a host is drawn when its part of the page is opened.
  const section = (title, headings, rows) => (rows.length ? [element("h3", {}, title), table(headings, rows)] : [element("h3", {}, title)]);
  const symbolic = (record) => (record.symbolic ? [" ", element("small", {}, name(record.symbolic))] : []);
  const showRisk = ({ kind, found }) => {
    const texts = new Set(found.map((one) => one.text));
    const lines = () => [list(found.map(({ what, text }) => (texts.size === 1 ? name(what) : [name(what), ": ", text])))];
    return found.length === 1 ? [cell("mono", name(found[0].what)), cell("", found[0].text)]
      : [cell("mono", lazily("found", `${found.length} times`, lines)), cell("", texts.size === 1 ? [...texts] : kind)];
  };
  const describe = (host) => {
    const [facts, reason, drift, risks, known] = ["facts", "reason", "drift", "risks", "known"].map((each) => part(host, each));
    const disks = (fates.get(host) || []).flatMap((fate) => disksOf(fate).map((disk) => [fate, disk]));
    const found = [];
    if (reason) found.push(element("p", { class: "note" }, reason));
    if (facts) found.push(element("p", { class: "dim" }, facts.node ? [element("span", { class: "mono" }, name(facts.node)), " · "] : [], facts.line));
    if (disks.length) {
      found.push(...section("Disks after the next restart", ["Disk", "Identifier", "Size#", "Paths kept", "Outlook", "Why"], disks.map(([fate, disk]) => element("tr", {},
        cell("", disk.names), cell("mono", disk.id), cell("num", disk.size), cell("", paths(fate)), cell("", badge(data.outlooks[fate.outlook])), cell("", fate.reason)))));
    }
    if (drift) {
      found.push(...section("Compared with its declaration", ["Record", "What", "Field", "Found", "Declared"], drift.map((row) => element("tr", {},
        cell("", row.record), cell("mono", row.what), cell("mono", row.field), sides(row)))));
      if (!drift.length) found.push(element("p", {}, "As declared."));
    }
    if (risks.length) {
      found.push(...section("Findings", ["Severity", "What", "Finding", "What to do"], risks.map((risk) => element("tr", {},
        cell("", badge(data.severities[risk.severity])), ...showRisk(risk), cell("do", toDo(host, risk))))));
    }
    if (known.includes("logins")) {
      found.push(...section(`Persistent logins: ${part(host, "copies") || "none"}`, ["Target", "Portal", "From", "CHAP", "Flags and options", "Live#"],
        part(host, "logins").map((login) => element("tr", { class: login.off ? "off" : "" }, cell("mono", name(login.target)), cell("mono", login.portal, symbolic(login)),
          cell("", login.from), cell("", login.chap), cell("", login.settings), cell("num", login.live)))));
    }
    if (known.includes("sessions")) {
      found.push(...section(`Sessions: ${part(host, "sessions").length || "none"}`, ["Target", "Portal", "From", "CHAP", "Digests", "Disks", "Saved"],
        part(host, "sessions").map((session) => element("tr", { class: session.off ? "off" : "" }, cell("mono", name(session.target)), cell("mono", session.portal),
          cell("mono", session.from), cell("", session.chap), cell("", session.digests), cell("", session.disks.join(", ") || "-"), cell("", session.saved)))));
    }
    if (known.includes("portals")) {
      found.push(...section(`Discovery portals: ${part(host, "portals").length || "none"}`, ["Portal", "From", "CHAP", "Security flags"],
        part(host, "portals").map((portal) => element("tr", {}, cell("mono", portal.portal, symbolic(portal)), cell("", portal.from), cell("", portal.chap), cell("", portal.flags)))));
    }
    return found;
  };
  const fill = (opened) => {
    if (opened.childElementCount > 1) return;
    if (opened.matches(".host")) opened.append(...describe(Number(opened.dataset.h)));
    else if (drawers.has(opened)) opened.append(...drawers.get(opened)());
    else if (opened.matches(".hosts")) opened.append(...linksOf(opened.closest("[data-hs]").dataset.hs.split(" ").map(Number)));
  };
  document.addEventListener("toggle", (event) => event.target.open && fill(event.target), true);

  const network = data.map && connectMap(data, $("#network"), $("#tip"));

  // Filtering: it chooses hosts, and all that is about other hosts goes.
  const byHosts = all("#findings [data-hs]").map((row) => [row, row.dataset.hs.split(" ")]);
  const [query, state, severity, shown] = ["#query", "#state", "#severity", "#shown"].map($);
  const tiles = all(".tile[data-state]");
  const allDisks = $("#all-disks");
  let words = null;
  const outlook = (fate) => [fate.reason, fate.remedy, data.outlooks[fate.outlook].word];
  const haystack = (row, index) => {
    return [row.textContent, details[index].textContent, ...(fates.get(index) || []).flatMap(outlook), ...textsOf(index)].join("\n").toLowerCase();
  };
  const haystacks = () => (words = words || hosts.map(haystack));
  const filter = () => {
    const wanted = query.value.trim().toLowerCase();
    const visible = hosts.map((row, index) => (!state.value || row.dataset.state === state.value)
      && (!severity.value || Number(row.dataset[severity.value]) > 0) && (!wanted || haystacks()[index].includes(wanted)));
    for (const [row, members] of byHosts) {
      row.hidden = !members.some((one) => visible[one]) || Boolean(row.dataset.s && severity.value in { critical: 1, warning: 1, info: 1 } && row.dataset.s !== severity.value);
    }
    cards.show((one) => visible[one.dataset.h]);
    hostRows.show((row) => visible[row.dataset.h]);
    fateRows.show((fate) => visible[fate.host] && (allDisks.checked || fate.outlook !== same));
    for (const differences of longLists.slice(3)) differences.show((row) => row.hosts.some((host) => visible[host]));
    if (network) network.show(visible);
    for (const tile of tiles) tile.setAttribute("aria-pressed", tile.dataset.state === state.value);
    const count = visible.filter(Boolean).length;
    shown.textContent = count === hosts.length ? `${count} host${count === 1 ? "" : "s"}` : `${count} of ${hosts.length} hosts`;
    for (const empty of all(".empty")) {
      empty.hidden = all("tbody tr", empty.previousElementSibling).some((row) => !row.hidden);
    }
  };
  // What is typed is seen in the next frame; keys that come faster than frames are answered together.
  let due = 0;
  query.addEventListener("input", () => {
    due ||= requestAnimationFrame(() => {
      due = 0;
      filter();
    });
  });
  query.addEventListener("focus", haystacks, { once: true }); // before the first key
  for (const one of [state, severity]) one.addEventListener("change", filter);
  for (const tile of tiles) {
    tile.addEventListener("click", () => {
      state.value = state.value === tile.dataset.state ? "" : tile.dataset.state;
      filter();
    });
  }
  $("#filter").addEventListener("submit", (event) => event.preventDefault());
  $("#filter").addEventListener("reset", () => setTimeout(filter));
  allDisks.addEventListener("change", filter);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      event.preventDefault();
      query.focus();
    }
  });
  filter();

  // Links to a host open it, whatever the filter says.
  const follow = () => {
    const target = details.find((one) => one.id === decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (!cards.reach(target)) {
      $("#filter").reset();
      setTimeout(follow, 1);
      return;
    }
    target.open = true;
    fill(target);
    target.scrollIntoView();
    target.querySelector("summary").focus({ preventScroll: true });
  };
  addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#host-"]');
    if (link && link.getAttribute("href") === location.hash) follow();
  });
  follow();

  // Printing: hosts with findings are opened, all of them in a small fleet, and closed again afterwards.
  let opened = [];
  addEventListener("beforeprint", () => {
    for (const long of longLists) long.more(2000);
    opened = details.filter((one, index) => !one.open && one.isConnected
      && (hosts.length <= 20 || Number(hosts[index].dataset.critical) > 0));
    for (const one of opened) {
      fill(one);
      one.open = true;
    }
  });
  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
  });
  $("#print").addEventListener("click", () => print());
})();
