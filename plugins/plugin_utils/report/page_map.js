/* Copyright: (c) 2026, winstorage.iscsi contributors
   GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
   SPDX-License-Identifier: GPL-3.0-or-later */
"use strict";
// The map. map.py draws it for all hosts. Here it is drawn again for those that a filter leaves: boxes and lines of no
// such host go, the rest moves together, and numbers count what is left.
const connectMap = (data, map, tip) => {
  const all = (selector) => [...map.querySelectorAll(selector)];
  const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  const total = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
  const lines = all(".line").map((line, index) => ({ line, paths: data.map.lines[index], ends: line.dataset.e.split(" "), of: line.dataset.n.split(" ") }));
  const nodes = data.map.nodes.map((node) => ({ ...node, box: document.getElementById(node.id) }));
  const byId = Object.fromEntries(nodes.map((node) => [node.id, node]));
  const rows = [...map.closest("section").querySelectorAll("tbody tr")];
  const stateOf = (host) => data.states[data.hostStates[host]];
  let visible = data.names.map(() => true);
  const left = (hosts) => hosts.filter((host) => visible[host]);
  const pathsLeft = ([hosts, paths]) => total(paths.filter((_, index) => visible[hosts[index]]));

  // A box of several hosts says how many are left, in which states, and is as bad as the worst of them.
  const describe = (node) => {
    const { box, hosts, column, suffix } = node;
    const some = left(hosts);
    if (column !== "host" || hosts.length === 1 || !some.length) return;
    const states = data.states.map((state) => [state, some.filter((host) => stateOf(host) === state).length]).filter((pair) => pair[1]);
    const [worst] = states[0];
    node.title = (some.length === hosts.length ? count(some.length, "host") : `${some.length} of ${count(hosts.length, "host")}`) + suffix;
    box.querySelector(".title").textContent = node.title;
    box.querySelector(".sub").textContent = states.length === 1 ? worst.word : states.map(([state, number]) => `${number} ${state.word.toLowerCase()}`).join(", ");
    box.querySelector(".mark").textContent = worst.mark;
    box.setAttribute("class", `node ${worst.tone}`);
    const named = some.slice(0, 40).map((host) => data.names[host]).join(", ");
    box.dataset.t = `${some.length === 1 ? "host" : "hosts"}${suffix}: ${named}${some.length > 40 ? ` and ${some.length - 40} more` : ""}`;
    box.setAttribute("aria-label", box.dataset.t);
  };
  const place = () => {
    const columns = Map.groupBy(nodes.filter((node) => left(node.hosts).length), (node) => node.column);
    const tallest = Math.max(0, ...[...columns.values()].map((column) => column.length));
    for (const node of nodes) node.box.toggleAttribute("hidden", true);
    for (const column of columns.values()) {
      column.forEach((node, index) => {
        const missing = data.map.aligned ? 0 : tallest - column.length;
        node.y = data.map.margin + missing * data.map.step / 2 + index * data.map.step;
        node.box.toggleAttribute("hidden", false);
        node.box.setAttribute("transform", `translate(${node.x} ${node.y})`);
      });
    }
    const height = tallest * data.map.step + data.map.margin;
    map.setAttribute("viewBox", `0 0 ${map.viewBox.baseVal.width} ${height}`);
    return tallest;
  };
  const connect = ({ line, paths, ends }) => {
    const isGone = !left(paths[0]).length;
    line.toggleAttribute("hidden", isGone);
    if (isGone) return;
    const [start, end] = ends.map((id) => byId[id]);
    const shift = 6 * (data.map.statuses.findIndex((status) => line.classList.contains(status)) - 1) + data.map.height / 2;
    const [x, y] = [start.x + start.width, start.y + shift];
    const middle = (x + end.x) / 2;
    for (const path of line.children) path.setAttribute("d", `M${x} ${y}C${middle} ${y} ${middle} ${end.y + shift} ${end.x} ${end.y + shift}`);
  };
  const show = (chosen) => {
    if (chosen.every((one, host) => one === visible[host])) return;
    visible = chosen;
    nodes.forEach(describe);
    const tallest = place();
    lines.forEach(connect);
    rows.forEach((row, index) => {
      const paths = pathsLeft(data.map.rows[index]);
      row.hidden = !paths;
      row.firstElementChild.textContent = byId[data.map.firsts[index]].title;
      row.lastElementChild.textContent = paths;
    });
    map.toggleAttribute("hidden", !tallest);
    document.getElementById("no-map").hidden = tallest > 0;
  };

  // What is pointed at or focused stands out with all that it is connected to, and says what it is.
  const describeLine = ({ line, paths }) => {
    const status = data.map.statuses.find((each) => line.classList.contains(each));
    return `${count(pathsLeft(paths), "path")} of ${count(left(paths[0]).length, "host")}: ${data.map.words[status]}`;
  };
  const light = (one, x, y) => {
    const own = lines.find(({ line }) => line === one);
    const near = own ? [own] : lines.filter(({ of }) => of.includes(one.id));
    const lit = new Set([one, ...near.flatMap(({ line, ends }) => [line, ...ends.map((id) => byId[id].box)])]);
    for (const each of all(".line, .node")) each.classList.toggle("lit", lit.has(each));
    map.classList.add("following");
    tip.textContent = own ? describeLine(own) : one.dataset.t;
    tip.hidden = false;
    tip.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.max(8, Math.min(y + 18, innerHeight - tip.offsetHeight - 8))}px`;
  };
  const unlight = () => {
    map.classList.remove("following");
    tip.hidden = true;
  };
  map.addEventListener("pointerover", (event) => {
    const one = event.target.closest(".line, .node");
    if (one) light(one, event.clientX, event.clientY);
    else unlight();
  });
  map.addEventListener("pointerleave", unlight);
  map.addEventListener("focusin", (event) => {
    const one = event.target.closest(".node");
    const box = one.getBoundingClientRect();
    light(one, box.left, box.bottom - 12);
  });
  map.addEventListener("focusout", unlight);
  return { show };
};
