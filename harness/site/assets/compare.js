"use strict";
// The page that compares entrants of a task. The statistics are those of harness.stats, and a test holds them to it.
(function () {
  const { make, all, check, copy, readHash, writeHash } = window.TENFOLD_TOOLS;
  const MOST_EXACT = 16;

  // Statistics over plain arrays, one number a seed.

  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

  function varies(values) {
    return Math.max(...values) - Math.min(...values) > 1e-12 * Math.max(...values.map(Math.abs));
  }

  function interval(values, quantiles) {
    const n = values.length;
    if (n < 2 || !varies(values) || !quantiles[n - 2]) return null;
    const centre = mean(values);
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (n - 1));
    const half = (quantiles[n - 2] * deviation) / Math.sqrt(n);
    return [centre - half, centre + half];
  }

  function signflip(values) {
    const reached = values.reduce((sum, v) => sum + v, 0) - 1e-12 * values.reduce((sum, v) => sum + Math.abs(v), 0);
    let sums = [0];
    for (const value of values) sums = sums.flatMap((sum) => [sum + value, sum - value]);
    return sums.filter((sum) => sum >= reached).length / sums.length;
  }

  function twoSided(values) {
    if (values.length < 2 || values.length > MOST_EXACT || !varies(values)) return NaN;
    return Math.min(1, 2 * Math.min(signflip(values), signflip(values.map((value) => -value))));
  }

  function holm(ps) {
    const order = ps.map((p, i) => i).filter((i) => !Number.isNaN(ps[i])).sort((a, b) => ps[a] - ps[b]);
    const adjusted = ps.map(() => NaN);
    let most = 0;
    order.forEach((i, rank) => {
      most = Math.max(most, ps[i] * (order.length - rank));
      adjusted[i] = Math.min(1, most);
    });
    return adjusted;
  }

  function improvement(ours, theirs) {
    let sum = 0;
    for (const a of ours) for (const b of theirs) sum += a > b ? 1 : a === b ? 0.5 : 0;
    return sum / (ours.length * theirs.length);
  }

  // What of a table can be compared.

  function why(a, b) {
    for (const cell of [a, b]) {
      if (!cell.values.length) return cell.text || "no scores";
      if (cell.timed) return "timed beside other runs";
    }
    return String(a.seeds) === String(b.seeds) ? "" : "other seeds";
  }

  function pairs(rows) {
    return rows.flatMap((row, i) => rows.slice(i + 1).map((other) => [row, other]));
  }

  function differences(table, rows, quantiles) {
    const sign = table.better === "higher" ? 1 : -1;
    const found = [];
    table.columns.forEach((column, i) => {
      for (const [row, other] of column.case ? pairs(rows) : []) {
        const reason = why(row.cells[i], other.cells[i]);
        const values = reason ? [] : row.cells[i].values.map((value, seed) => sign * (value - other.cells[i].values[seed]));
        const design = row.component && row.component === other.component ? "controlled" : "system comparison";
        const p = values.length && !table.exact ? twoSided(values) : NaN;
        const range = values.length && !table.exact ? interval(values, quantiles) : null;
        found.push({ of: row.label, over: other.label, column: column.name, design, values, reason, p, interval: range });
      }
    });
    holm(found.map((pair) => pair.p)).forEach((p, i) => (found[i].adjusted = p));
    return found;
  }

  // Words and drawings.

  const number = (value, digits = 4) => (Number.isNaN(value) ? "n/a" : String(Number(value.toPrecision(digits))));
  const signed = (value) => (value > 0 ? "+" : "") + number(value).replace("-", "\u2212");

  function tableOf(caption, heads, rows, words) {
    const cells = (name, texts) =>
      texts.map((text, i) => make(name, { className: i < words ? "" : "number" }, text));
    const head = make("tr", {}, ...cells("th", heads));
    all("th", head).forEach((cell) => cell.setAttribute("scope", "col"));
    const body = rows.map((row) => make("tr", {}, ...cells("td", row)));
    const table = make("table", { className: "plain" }, make("caption", { className: "hidden" }, caption));
    table.append(make("thead", {}, head), make("tbody", {}, ...body));
    const scroll = make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": caption }, table);
    return scroll;
  }

  function svg(name, facts, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(facts)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  function chart(title, xs, ys, labels, draw) {
    const [width, height, left, below] = [640, 320, 56, 40];
    const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const x = (value) => left + ((width - left - 130) * (value - x0)) / (x1 - x0 || 1);
    const y = (value) => height - below - ((height - below - 16) * (value - y0)) / (y1 - y0 || 1);
    const text = (at, up, said, anchor = "middle") => svg("text", { x: at, y: up, "text-anchor": anchor }, said);
    const frame = svg("path", { class: "axis", d: `M${left} 10V${height - below}H${width - 120}` });
    const ticks = [
      text(x(x0), height - 22, number(x0, 3)), text(x(x1), height - 22, number(x1, 3)),
      text((x(x0) + x(x1)) / 2, height - 6, labels[0]),
      text(left - 6, y(y0), number(y0, 3), "end"), text(left - 6, y(y1) + 8, number(y1, 3), "end"),
    ];
    const drawing = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title });
    drawing.append(frame, ...ticks, ...draw(x, y, text));
    return make("figure", {}, drawing, make("figcaption", {}, labels[1]));
  }

  function profile(rows, values) {
    const every = [...new Set(values.flat())].sort((a, b) => a - b);
    const share = (own, threshold) => own.filter((value) => value > threshold).length / own.length;
    return chart("Performance profiles", every, [0, 1], ["threshold", "share of runs, over cases and seeds, above a threshold"],
      (x, y, text) => rows.flatMap((row, i) => {
        let d = `M${x(every[0])} ${y(1)}`;
        for (const threshold of every) d += `H${x(threshold).toFixed(1)}V${y(share(values[i], threshold)).toFixed(1)}`;
        const last = Math.max(...values[i]);
        return [svg("path", { class: "line line" + (i % 6), d }), text(x(last) + 4, y(0) - 6 - 13 * i, row.label, "start")];
      }));
  }

  function scatter(rows, quality, cost, labels) {
    return chart("Quality against cost", cost, quality, labels, (x, y, text) =>
      rows.flatMap((row, i) => [
        svg("circle", { class: "dot line" + (i % 6), cx: x(cost[i]), cy: y(quality[i]), r: 5 }),
        text(x(cost[i]) + 9, y(quality[i]) + 4, row.label, "start"),
      ]));
  }

  // The page.

  const root = document.getElementById("compare");
  const chapters = root.dataset.chapters.trim().split(/\s+/);
  const quantiles = root.dataset.quantiles.trim().split(/\s+/).map(Number);
  const state = { chapter: chapters[0], table: "", of: "" };
  const select = (name, options, value, changed) => {
    const control = make("select", {}, ...options.map(([key, text]) => make("option", { value: key, textContent: text })));
    control.value = value;
    control.addEventListener("change", () => changed(control.value));
    return make("label", {}, name, control);
  };

  function show() {
    const data = window.TENFOLD[state.chapter];
    const table = data.tables.find((one) => one.name === state.table) || data.tables[0];
    state.table = table.name;
    let chosen = state.of.split(";").filter((label) => table.rows.some((row) => row.label === label));
    if (!chosen.length) chosen = table.rows.filter((row) => row.cells.some((cell) => cell.values.length)).slice(0, 3).map((row) => row.label);
    state.of = chosen.join(";");
    writeHash(state.chapter, new URLSearchParams({ table: state.table, of: state.of }));
    const rows = table.rows.filter((row) => chosen.includes(row.label));
    const change = (facts) => { Object.assign(state, facts); load(); };
    const boxes = table.rows.map((row) => check(row.label, chosen.includes(row.label), (on) =>
      change({ of: (on ? [...chosen, row.label] : chosen.filter((label) => label !== row.label)).join(";") })));
    const link = make("button", { type: "button", textContent: "Copy link" });
    link.addEventListener("click", () => copy(location.href, link));
    const controls = make("div", { className: "filters" },
      select("task", chapters.map((name) => [name, name]), state.chapter, (chapter) => change({ chapter, table: "", of: "" })),
      select("table", data.tables.map((one) => [one.name, one.metric]), state.table, (name) => change({ table: name })), link);
    const entrants = make("fieldset", { className: "entrants" }, make("legend", {}, "entrants"), ...boxes);
    root.replaceChildren(controls, entrants, ...results(table, rows));
  }

  function results(table, rows) {
    if (rows.length < 2) return [make("p", {}, "Choose two entrants or more.")];
    const heading = (text) => make("h2", {}, text);
    const found = differences(table, rows, quantiles);
    const lines = found.map((pair) => pair.reason
      ? [pair.of, pair.over, pair.column, pair.design, pair.reason, "", "", "", ""]
      : [pair.of, pair.over, pair.column, pair.design, signed(mean(pair.values)),
         pair.interval ? `[${signed(pair.interval[0])}, ${signed(pair.interval[1])}]` : "n/a",
         number(pair.p, 3), number(pair.adjusted, 3), String(pair.values.length)]);
    const heads = ["entrant", "over", "column", "comparison", "difference", "90 % interval", "p", "p (Holm)", "seeds"];
    const shown = [heading("Paired differences in " + table.metric), tableOf("Paired differences", heads, lines, 4),
      make("p", { className: "fine" }, `Positive: the entrant is better. Mean over seeds with its t interval; p is two-sided, by exact sign flips of at most ${MOST_EXACT} seeds, and assumes symmetric differences.`),
      ...across(table, rows)];
    return shown;
  }

  function across(table, rows) {
    const columns = table.columns.map((column, i) => i).filter((i) => table.columns[i].case && rows.every((row) => row.cells[i].values.length));
    if (!columns.length) return [];
    const sign = table.better === "higher" ? 1 : -1;
    const own = rows.map((row) => columns.map((i) => row.cells[i].values));
    const chances = pairs(rows.map((row, i) => [row.label, own[i]])).map(([[of, a], [over, b]]) =>
      [of, over, number(mean(a.map((values, i) => improvement(values.map((v) => sign * v), b[i].map((v) => sign * v)))), 3)]);
    const quality = own.map((cells) => mean(cells.map(mean)));
    const seeds = columns.map((i) => rows[0].cells[i].seeds);
    const shared = new Set(seeds[0].filter((seed) => seeds.every((others) => others.includes(seed))));
    const pooled = rows.map((row) => columns.flatMap((i) =>
      row.cells[i].values.filter((value, place) => shared.has(row.cells[i].seeds[place]))));
    const made = [make("h2", {}, "Probability of improvement"),
      tableOf("Probability of improvement", ["a run of", "is better than one of", "probability"], chances, 2),
      make("p", { className: "fine" }, "The mean over the columns in which all of them have scores, " + columns.length + " in number; ties count half."),
      make("h2", {}, "Performance profiles"), profile(rows, pooled),
      make("h2", {}, "Quality against cost")];
    for (const [name, said] of [["train_s", "seconds of training"], ["weights", "weights"], ["flops", "FLOPs"]]) {
      const known = rows.map((row, i) => i).filter((i) => typeof rows[i][name] === "number");
      if (known.length > 1) made.push(scatter(known.map((i) => rows[i]), known.map((i) => quality[i]), known.map((i) => rows[i][name]), [said, "mean " + table.metric + " over these columns"]));
    }
    return made;
  }

  // A script instead of a request: pages that are opened from a folder may load nothing else.
  function load() {
    if (window.TENFOLD[state.chapter]) return show();
    const script = make("script", { src: "data/" + state.chapter + ".js" });
    script.addEventListener("load", show);
    document.head.append(script);
  }

  window.TENFOLD_STATISTICS = { differences, interval, twoSided, holm, improvement };

  function start() {
    const { place, chosen } = readHash();
    if (chapters.includes(place)) Object.assign(state, { chapter: place, table: chosen.get("table") || "", of: chosen.get("of") || "" });
    load();
  }
  document.addEventListener("DOMContentLoaded", start);
  window.addEventListener("hashchange", start);
})();
