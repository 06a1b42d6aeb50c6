/* Copyright: (c) 2026, winstorage.iscsi contributors
   GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
   SPDX-License-Identifier: GPL-3.0-or-later */
"use strict";
(() => {
  const $ = (selector) => document.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const root = document.documentElement;
  for (const one of all(".tools, #filter, .check")) one.hidden = false;

  // Theme: as the system has it until somebody chooses; the choice is kept where the browser allows it.
  const theme = $("#theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const kept = (value) => {
    try {
      return value === undefined ? localStorage.getItem("theme") : localStorage.setItem("theme", value);
    } catch {
      return null;
    }
  };
  const isDark = () => (root.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
  const showTheme = () => theme.setAttribute("aria-pressed", isDark());
  if (["light", "dark"].includes(kept())) root.dataset.theme = kept();
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    kept(root.dataset.theme);
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
      const body = header.closest("table").tBodies[0];
      const rows = [...body.rows].map((row) => [value(row, header.cellIndex), row]);
      rows.sort((one, other) => (descending ? compare(other[0], one[0]) : compare(one[0], other[0])));
      body.append(...rows.map((pair) => pair[1]));
    });
  }

  // Filtering: it chooses hosts, and all that is about other hosts goes.
  const hosts = all("#host-table tbody tr").sort((one, other) => one.dataset.h - other.dataset.h);
  const details = all("details.host");
  const byHost = all("[data-h]");
  const byHosts = all("[data-hs]").map((row) => [row, row.dataset.hs.split(" ")]);
  const [query, state, severity, shown] = ["#query", "#state", "#severity", "#shown"].map($);
  const tiles = all(".tile[data-state]");
  let words = null;
  const haystacks = () => (words = words || hosts.map((row, index) => (row.textContent + " " + details[index].textContent).toLowerCase()));
  const filter = () => {
    const wanted = query.value.trim().toLowerCase();
    const visible = hosts.map((row, index) => (!state.value || row.dataset.state === state.value)
      && (!severity.value || Number(row.dataset[severity.value]) > 0) && (!wanted || haystacks()[index].includes(wanted)));
    for (const one of byHost) one.hidden = !visible[one.dataset.h];
    for (const [row, members] of byHosts) {
      row.hidden = !members.some((one) => visible[one]) || Boolean(row.dataset.s && severity.value in { critical: 1, warning: 1, info: 1 } && row.dataset.s !== severity.value);
    }
    for (const tile of tiles) tile.setAttribute("aria-pressed", tile.dataset.state === state.value);
    const count = visible.filter(Boolean).length;
    shown.textContent = count === hosts.length ? `${count} host${count === 1 ? "" : "s"}` : `${count} of ${hosts.length} hosts`;
    for (const empty of all(".empty")) {
      const rows = all("tbody tr", empty.previousElementSibling);
      empty.hidden = rows.some((row) => row.checkVisibility());
    }
  };
  let waiting;
  query.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 100);
  });
  for (const one of [state, severity]) one.addEventListener("change", filter);
  for (const tile of tiles) {
    tile.addEventListener("click", () => {
      state.value = state.value === tile.dataset.state ? "" : tile.dataset.state;
      filter();
    });
  }
  $("#filter").addEventListener("submit", (event) => event.preventDefault());
  $("#filter").addEventListener("reset", () => setTimeout(filter));
  const allDisks = $("#all-disks");
  const showDisks = () => {
    $("#disks").classList.toggle("all", allDisks.checked);
    filter();
  };
  allDisks.addEventListener("change", showDisks);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      event.preventDefault();
      query.focus();
    }
  });
  showDisks();

  // Links to a host open it, whatever the filter says.
  const follow = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target || !target.matches("details.host")) return;
    if (target.hidden) {
      $("#filter").reset();
      setTimeout(follow, 1);
      return;
    }
    target.open = true;
    target.scrollIntoView();
    target.querySelector("summary").focus({ preventScroll: true });
  };
  addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#host-"]');
    if (link && link.getAttribute("href") === location.hash) follow();
  });
  follow();

  // The map: what is pointed at or focused stands out with all that it is connected to, and says what it is.
  const map = $("#network");
  const tip = $("#tip");
  if (map) {
    const lines = all(".line", map);
    const light = (one, x, y) => {
      const id = one.id;
      const near = one.matches(".line") ? [one] : lines.filter((line) => line.dataset.n.split(" ").includes(id));
      const lit = new Set([one, ...near, ...near.flatMap((line) => line.dataset.e.split(" ").map((name) => document.getElementById(name)))]);
      for (const each of all(".line, .node", map)) each.classList.toggle("lit", lit.has(each));
      map.classList.add("following");
      tip.textContent = one.dataset.t;
      tip.hidden = false;
      tip.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - tip.offsetWidth - 8))}px`;
      tip.style.top = `${Math.max(8, Math.min(y + 18, innerHeight - tip.offsetHeight - 8))}px`;
    };
    const unlight = () => {
      map.classList.remove("following");
      tip.hidden = true;
    };
    map.addEventListener("pointerover", (event) => {
      const one = event.target.closest("[data-t]");
      if (one) light(one, event.clientX, event.clientY);
      else unlight();
    });
    map.addEventListener("pointerleave", unlight);
    map.addEventListener("focusin", (event) => {
      const one = event.target.closest("[data-t]");
      const box = one.getBoundingClientRect();
      light(one, box.left, box.bottom - 12);
    });
    map.addEventListener("focusout", unlight);
  }

  // Printing: hosts with findings are opened, all of them in a small fleet, and closed again afterwards.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = details.filter((one, index) => !one.open && !one.hidden
      && (hosts.length <= 20 || Number(hosts[index].dataset.critical) > 0));
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
  });
  $("#print").addEventListener("click", () => print());
})();
