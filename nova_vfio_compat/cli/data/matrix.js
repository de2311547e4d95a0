// SPDX-License-Identifier: Apache-2.0
// Everything is shown as text: nothing here makes HTML of what hosts wrote.
"use strict";
(() => {
  const fleet = JSON.parse(document.getElementById("fleet").textContent);
  const all = (what, where = document) => [...where.querySelectorAll(what)];
  const dialog = document.getElementById("detail");
  const body = document.getElementById("detail-body");
  const title = document.getElementById("detail-title");

  function make(tag, text, css, children = []) {
    const made = document.createElement(tag);
    if (text !== null) made.textContent = text;
    if (css) made.className = css;
    made.append(...children);
    return made;
  }

  const said = (first, second) =>
    fleet.verdicts[fleet.pairs[first - 1][second - 1]];
  const classOf = (number) => fleet.classes[number - 1];
  const hostsOf = (number) => all(
    `details.class[data-class="${number}"] .hosts li`
  ).map((item) => item.textContent);

  function table(caption, heads, rows) {
    if (!rows.length) return make("p", `${caption}: nothing is published.`);
    const made = make("table", null, "diff", [
      make("caption", caption),
      make("thead", null, "", [make("tr", null, "", heads.map((text) => {
        const head = make("th", text);
        head.scope = "col";
        return head;
      }))]),
      make("tbody", null, "", rows.map(([name, differs, ...cells]) => {
        const head = make("th", name);
        head.scope = "row";
        return make("tr", null, differs ? "differs" : "", [
          head, ...cells.map((text) => make("td", text)),
        ]);
      })),
    ]);
    return made;
  }

  const value = (items, name) => (items && name in items) ? items[name] : "";

  // What differs goes first: that is what one came for.
  function ordered(rows) {
    return rows.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  }

  function diff(source, destination, mismatches) {
    const wrong = new Map(mismatches.map((one) => [one.attribute, one]));
    const names = new Set([
      ...Object.keys(source.state || {}),
      ...Object.keys(destination.state || {}),
      ...destination.accepts.flatMap(Object.keys),
    ]);
    const rows = [...names].map((name) => {
      const accepts = [...new Set(destination.accepts.map(
        (items) => value(items, name)))].join(" or ");
      return [name, Number(wrong.has(name)), value(source.state, name),
        value(destination.state, name), accepts];
    });
    const seen = [...new Set([
      ...Object.keys(source.exposed), ...Object.keys(destination.exposed),
    ])].map((name) => [
      name, Number(wrong.has(`exposed:${name}`)),
      value(source.exposed, name), value(destination.exposed, name), "",
    ]);
    return [
      table("What the driver compares",
        ["Attribute", "Source writes", "Destination writes",
          "Destination accepts"], ordered(rows)),
      table("What the guest sees: must be equal",
        ["Attribute", "Source", "Destination"],
        ordered(seen).map((row) => row.slice(0, 4))),
    ];
  }

  function reasons(verdict) {
    const items = [];
    if (verdict.code) {
      items.push(`${verdict.code}: ${fleet.codes[verdict.code]}` +
        (verdict.side ? ` (${verdict.side})` : ""));
    }
    for (const one of verdict.mismatches) {
      items.push(`${one.code}: ${one.attribute}: source has ` +
        `${one.source ?? "nothing"}, ` + (one.accepts === null
        ? "destination does not know it" : `accepts ${one.accepts}`));
    }
    for (const [name, text] of Object.entries(verdict.set)) {
      items.push(`set ${name}=${text} on the destination first`);
    }
    return make("ul", null, "reasons", items.map((text) => make("li", text)));
  }

  function hosts(label, number) {
    const names = hostsOf(number);
    const more = names.length > 8 ? ` and ${names.length - 8} more` : "";
    return make("p", `${label}, class ${number} ` +
      `(${classOf(number).label}): ` + names.slice(0, 8).join(", ") + more);
  }

  function open(heading, children) {
    title.textContent = heading;
    body.replaceChildren(...children);
    if (!dialog.open) dialog.showModal();
    title.focus();
    dialog.scrollTop = 0;
  }

  function showPair(first, second) {
    const verdict = said(first, second);
    const back = said(second, first);
    const children = [
      make("p", null, "", [
        make("span", verdict.verdict, `verdict ${verdict.verdict}`),
        ` evidence: ${verdict.evidence}`,
      ]),
      reasons(verdict),
    ];
    if (verdict.unverified.length) {
      children.push(make("p",
        `Decides as well and was not compared: ` +
        verdict.unverified.join(", ")));
    }
    if (first !== second) {
      const swap = make("button", `Show ${second} → ${first}`);
      swap.type = "button";
      swap.addEventListener("click", () => showPair(second, first));
      children.push(make("p", null, "", [
        "The way back: ",
        make("span", back.verdict, `verdict ${back.verdict}`), " ", swap,
      ]));
    }
    children.push(...diff(classOf(first), classOf(second),
      verdict.mismatches));
    children.push(hosts("From", first), hosts("To", second));
    open(`${first} → ${second}: ${verdict.verdict}`, children);
  }

  function showClass(number) {
    const one = classOf(number);
    const rows = (items) => Object.entries(items || {}).map(
      ([name, text]) => [name, 0, text]);
    const facts = [
      ["id", 0, one.id], ["family", 0, one.family], ["bus", 0, one.bus],
      ["evidence", 0, one.evidence], ["vocabulary", 0, one.vocabulary],
      ["unverified", 0, one.unverified.join(", ")],
      ["settable", 0, one.settable.join(", ")],
      ["limits", 0, one.limits.join(", ")],
      ["reason", 0, one.reason ? `${one.reason}: ${fleet.codes[one.reason]}`
        : ""],
    ].filter((row) => row[2] !== "");
    const yes = (from, to) => said(from, to).verdict === "compatible";
    const numbers = fleet.classes.map((_, index) => index + 1);
    const list = (found) => found.join(", ") || "none";
    open(`Class ${number}: ${one.label}`, [
      make("p", "Can go to classes: " +
        list(numbers.filter((other) => yes(number, other)))),
      make("p", "Can come from classes: " +
        list(numbers.filter((other) => yes(other, number)))),
      ...(one.stranded.length ? [make("p",
        `Stranded on: ${one.stranded.join(", ")}`)] : []),
      table("Class", ["Part", "Value"], facts),
      table("What it writes (state)", ["Attribute", "Value"],
        rows(one.state)),
      ...one.accepts.map((items, index) => table(
        `What it accepts, alternative ${index + 1}`,
        ["Attribute", "Value or template"], rows(items))),
      table("What the guest sees (exposed)", ["Attribute", "Value"],
        rows(one.exposed)),
      hosts("Hosts", number),
    ]);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.pair) {
      showPair(...button.dataset.pair.split(" ").map(Number));
    } else if (button.dataset.show) {
      showClass(Number(button.dataset.show));
    } else if (button.id === "close") {
      dialog.close();
    }
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  // One stop of the Tab key for each table; arrows move inside.
  const shown = (button) => button.closest("td,tr").offsetParent !== null
    && button.closest("td").offsetParent !== null;
  for (const grid of all("table.matrix")) {
    const first = grid.querySelector("td button");
    if (first) first.tabIndex = 0;
    grid.addEventListener("keydown", (event) => {
      const cell = event.target.closest("td");
      if (!cell) return;
      const rows = all("tbody tr", grid).filter((row) => !row.hidden);
      const cells = (row) => all("td", row).filter((one) => !one.hidden);
      let row = rows.indexOf(cell.parentElement);
      const mine = cells(rows[row]);
      let column = mine.indexOf(cell);
      const last = event.ctrlKey;
      switch (event.key) {
        case "ArrowUp": row -= 1; break;
        case "ArrowDown": row += 1; break;
        case "ArrowLeft": column -= 1; break;
        case "ArrowRight": column += 1; break;
        case "Home": column = 0; if (last) row = 0; break;
        case "End":
          column = mine.length - 1;
          if (last) row = rows.length - 1;
          break;
        default: return;
      }
      event.preventDefault();
      const next = rows[row] && cells(rows[row])[column];
      if (next) next.querySelector("button").focus();
    });
    grid.addEventListener("focusin", (event) => {
      if (!event.target.closest("td")) return;
      for (const one of all("td button[tabindex='0']", grid)) {
        one.tabIndex = -1;
      }
      event.target.tabIndex = 0;
    });
  }

  // The filter: classes that match, by what they are or whose they are, and
  // those which they can go to or come from.
  const groups = all("details.class").map((group) => ({
    group,
    number: Number(group.dataset.class),
    hosts: all(".hosts li", group).map(
      (item) => [item, item.textContent.toLowerCase()]),
    count: group.querySelector(".count"),
  }));
  for (const one of groups) {
    const of = classOf(one.number);
    one.total = one.count.textContent;
    one.text = JSON.stringify([
      of.id, of.label, of.family, of.bus, of.evidence, of.reason, of.state,
      of.accepts, of.exposed, of.limits, of.unverified,
    ]).toLowerCase();
  }
  const input = document.getElementById("filter");
  const status = document.getElementById("found");

  function narrow(words) {
    const hits = new Set();
    const names = new Set();
    for (const one of groups) {
      const known = words.every((word) => one.text.includes(word));
      let found = 0;
      for (const [item, text] of one.hosts) {
        const wanted = known || words.every((word) =>
          text.includes(word) || one.text.includes(word));
        item.hidden = !wanted;
        if (wanted) {
          found += 1;
          names.add(text);
        }
      }
      if (known || found) hits.add(one.number);
      one.group.hidden = !(known || found);
      one.count.textContent = found < one.hosts.length
        ? `${found} of ${one.total}` : one.total;
    }
    return [hits, names];
  }

  function apply() {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const [hits, names] = narrow(words);
    const near = new Set(hits);
    for (const hit of hits) {
      fleet.classes.forEach((_, index) => {
        const other = index + 1;
        if (said(hit, other).verdict !== "incompatible"
          || said(other, hit).verdict !== "incompatible") near.add(other);
      });
    }
    for (const one of all(".matrix [data-class]")) {
      const number = Number(one.dataset.class);
      one.hidden = !near.has(number);
      if (one.tagName === "TR") {
        one.classList.toggle("hit", words.length > 0 && hits.has(number));
      }
    }
    for (const block of all(".block")) {
      block.hidden = !block.querySelector("tbody tr:not([hidden])");
      const grid = block.querySelector(".matrix");
      const reachable = all("td button", grid).filter(shown);
      if (reachable.length && !reachable.some((one) => one.tabIndex === 0)) {
        reachable[0].tabIndex = 0;
      }
    }
    for (const notice of all(".notice")) {
      let some = false;
      for (const item of all("li", notice)) {
        const pair = item.querySelector("[data-pair], [data-show]");
        const numbers = pair ? (pair.dataset.pair || pair.dataset.show)
          .split(" ").map(Number) : [];
        const text = item.textContent.toLowerCase();
        item.hidden = !(words.every((word) => text.includes(word))
          || numbers.some((number) => hits.has(number)));
        some = some || !item.hidden;
      }
      notice.hidden = !some;
    }
    status.dataset.words = words.join(" ");
    status.textContent = words.length
      ? `${hits.size} of ${fleet.classes.length} classes, ` +
        `hosts: ${names.size}` : "";
  }

  let waiting = 0;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 80);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      input.value = "";
      apply();
    }
  });
  if (input.value) apply();
})();
