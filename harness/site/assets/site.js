"use strict";
// Makes the pages handier: sorting, choosing, copying, comparing. Everything that they say is there without it.
(function () {
  document.documentElement.classList.add("js");

  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  function make(name, facts = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(facts)) {
      if (key in element) element[key] = value;
      else element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  }

  // The address after "#": a place, and after "?" what was chosen there, as in "#retrieval-small?sort=2-&q=ance".
  function readHash() {
    const [place, query] = decodeURIComponent(location.hash.slice(1)).split("?");
    return { place, chosen: new URLSearchParams(query || "") };
  }

  function writeHash(place, chosen) {
    for (const [name, value] of [...chosen]) if (!value) chosen.delete(name);
    const query = chosen.toString();
    history.replaceState(null, "", "#" + place + (query ? "?" + query : ""));
  }

  function goTo(place) {
    const element = place && document.getElementById(place);
    if (!element) return;
    for (let above = element; above; above = above.parentElement) if (above.tagName === "DETAILS") above.open = true;
    element.scrollIntoView();
  }

  function copy(text, button) {
    const said = button.textContent;
    const tell = (done) => {
      button.textContent = done ? "copied" : "not copied";
      setTimeout(() => (button.textContent = said), 1500);
    };
    const older = () => {
      const area = make("textarea", { value: text });
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      tell(done);
    };
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => tell(true), older);
    else older();
  }

  function menu(name, ...entries) {
    return make("details", {}, make("summary", { textContent: name }), make("div", { className: "menu" }, ...entries));
  }

  function check(name, checked, changed) {
    const box = make("input", { type: "checkbox", checked });
    box.addEventListener("change", () => changed(box.checked));
    return make("label", {}, box, name);
  }

  // Tables of scores.

  function heading(cell) {
    return cell.dataset.name || cell.textContent.trim().replace(/\s+/g, " ");
  }

  function cellText(cell) {
    const parts = [...cell.childNodes].filter((node) => node.nodeName !== "svg" && !node.classList?.contains("kind"));
    return parts.map((node) => node.textContent).join("").trim().replace(/\s+/g, " ");
  }

  function shownRows(table) {
    return all("tr", table)
      .filter((row) => !row.hidden)
      .map((row) =>
        [...row.cells]
          .filter((cell) => !cell.hidden)
          .map((cell) => ({
            text: cell.closest("thead") ? heading(cell) : cellText(cell),
            best: cell.classList.contains("best"),
            number: cell.classList.contains("number"),
          }))
      );
  }

  function asMarkdown(rows) {
    const escaped = (cell) => {
      const text = cell.text.replace(/[|*_<`\\]/g, "\\$&");
      return cell.best ? "**" + text + "**" : text;
    };
    const line = (cells) => "| " + cells.join(" | ") + " |";
    const rule = rows[0].map((cell) => (cell.number ? "--:" : ":--"));
    return [line(rows[0].map(escaped)), line(rule), ...rows.slice(1).map((row) => line(row.map(escaped)))].join("\n");
  }

  function asLatex(rows) {
    const signs = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}" };
    Object.assign(signs, { "±": "$\\pm$", "≈": "$\\approx$", "↑": "$\\uparrow$", "↓": "$\\downarrow$" });
    Object.assign(signs, { "−": "$-$", "<": "\\textless{}", ">": "\\textgreater{}", "†": "$\\dagger$", "×": "$\\times$" });
    const escaped = (cell) => {
      const text = cell.text.replace(/[\\~^±≈↑↓−<>†×]|[&%$#_{}]/g, (sign) => signs[sign] || "\\" + sign);
      return cell.best ? "\\textbf{" + text + "}" : text;
    };
    const lines = rows.map((row) => row.map(escaped).join(" & ") + " \\\\");
    const columns = rows[0].map((cell) => (cell.number ? "r" : "l")).join("");
    const body = [lines[0], "\\midrule", ...lines.slice(1)];
    return ["\\begin{tabular}{" + columns + "}", "\\toprule", ...body, "\\bottomrule", "\\end{tabular}"].join("\n");
  }

  function scoreTable(section) {
    const table = section.querySelector("table.scores");
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const heads = [...table.tHead.rows[0].cells];
    const kinds = [...new Set(rows.map((row) => row.dataset.kind))];
    const state = { sort: "", q: "", without: "", hide: "" };

    function apply() {
      const words = state.q.toLowerCase().split(",").map((word) => word.trim()).filter(Boolean);
      const without = state.without.split(";");
      for (const row of rows) {
        const label = row.cells[0].textContent.toLowerCase();
        row.hidden = without.includes(row.dataset.kind) || (words.length > 0 && !words.some((word) => label.includes(word)));
      }
      const hidden = state.hide.split(",").filter(Boolean).map(Number);
      for (const row of all("tr", table)) [...row.cells].forEach((cell, i) => (cell.hidden = hidden.includes(i)));
      heads.forEach((head) => head.removeAttribute("aria-sort"));
      let order = rows;
      if (state.sort) {
        const i = parseInt(state.sort, 10);
        const sign = state.sort.endsWith("-") ? -1 : 1;
        heads[i]?.setAttribute("aria-sort", sign < 0 ? "descending" : "ascending");
        order = [...rows].sort((a, b) => sign * compareCells(a.cells[i], b.cells[i], sign));
      }
      body.append(...order);
      empty.hidden = rows.some((row) => !row.hidden);
    }

    function change(facts) {
      Object.assign(state, facts);
      apply();
      writeHash(section.id, new URLSearchParams(state));
    }

    heads.forEach((head, i) => {
      head.dataset.name = heading(head);
      const button = make("button", { type: "button" }, ...head.childNodes);
      button.addEventListener("click", () => {
        const first = i > 0 && i < heads.length && bestFirst(i) ? "-" : "+";
        const other = first === "-" ? "+" : "-";
        change({ sort: state.sort === i + first ? i + other : state.sort === i + other ? "" : i + first });
      });
      head.append(button);
    });

    // Columns of scores begin with the best; what an entrant took begins with the least.
    function bestFirst(i) {
      return /[↑↓]$/.test(heads[i].dataset.name.replace(/ generated$/, "")) && table.dataset.better === "higher";
    }

    const search = make("input", { type: "search", placeholder: "Find entrants: a, b", "aria-label": "Find entrants" });
    search.addEventListener("input", () => change({ q: search.value }));
    const kindBoxes = kinds.map((kind) =>
      check(kind, true, (on) => {
        const without = new Set(state.without.split(";").filter(Boolean));
        on ? without.delete(kind) : without.add(kind);
        change({ without: [...without].join(";") });
      })
    );
    const columnBoxes = heads.slice(1).map((head, i) =>
      check(head.dataset.name, true, (on) => {
        const hide = new Set(state.hide.split(",").filter(Boolean));
        on ? hide.delete(String(i + 1)) : hide.add(String(i + 1));
        change({ hide: [...hide].join(",") });
      })
    );
    const copies = [["Markdown", asMarkdown], ["LaTeX", asLatex]].map(([name, write]) => {
      const button = make("button", { type: "button", textContent: "Copy as " + name });
      button.addEventListener("click", () => copy(write(shownRows(table)), button));
      return button;
    });
    const link = make("button", { type: "button", textContent: "Copy link" });
    link.addEventListener("click", () => {
      writeHash(section.id, new URLSearchParams(state));
      copy(location.href, link);
    });
    const empty = make("p", { className: "fine", hidden: true, textContent: "No entrant is like that." });
    const tools = make("div", { className: "tools" }, search, menu("Kinds", ...kindBoxes), menu("Columns", ...columnBoxes));
    tools.append(...copies, link);
    section.querySelector(".scroll").before(tools);
    section.querySelector(".scroll").after(empty);

    const { place, chosen } = readHash();
    if (place === section.id && [...chosen].length) {
      for (const name of Object.keys(state)) state[name] = chosen.get(name) || "";
      search.value = state.q;
      kinds.forEach((kind, i) => (kindBoxes[i].firstChild.checked = !state.without.split(";").includes(kind)));
      columnBoxes.forEach((box, i) => (box.firstChild.checked = !state.hide.split(",").includes(String(i + 1))));
      apply();
    }
  }

  // Numbers by size, words by letter; what has no value comes last in either direction.
  function compareCells(a, b, sign) {
    if (a.tagName === "TH") return a.textContent.localeCompare(b.textContent, "en", { numeric: true });
    const [x, y] = [a.dataset.v, b.dataset.v];
    if (x === undefined || y === undefined) return sign * ((x === undefined) - (y === undefined));
    return Number(x) - Number(y);
  }

  // Claims.

  function claimFilters(bar) {
    const claims = all("article.claim");
    const facts = (name) => [...new Set(all("[data-" + name + "]").flatMap((e) => e.dataset[name].split(name === "verdict" ? "\n" : " ")))];
    const state = { paper: "", task: "", verdict: "", tier: "", q: "" };
    const controls = {};
    const count = make("span", { className: "fine", role: "status" });

    function apply() {
      let shown = 0;
      for (const claim of claims) {
        let fits = (!state.paper || claim.dataset.paper === state.paper)
          && (!state.task || claim.dataset.task.split(" ").includes(state.task))
          && (!state.q || claim.textContent.toLowerCase().includes(state.q.toLowerCase()));
        const judged = all("details.judged", claim);
        for (const at of judged) at.hidden = Boolean(state.tier) && at.dataset.tier !== state.tier;
        const left = judged.filter((at) => !at.hidden);
        if (state.tier && !left.length) fits = false;
        if (state.verdict && !left.some((at) => at.dataset.verdict === state.verdict)) fits = false;
        if (state.tier) left.forEach((at) => (at.open = true));
        claim.hidden = !fits;
        shown += fits;
      }
      for (const section of all("section.of-paper")) section.hidden = !all("article.claim", section).some((claim) => !claim.hidden);
      count.textContent = shown + " of " + claims.length + " claims";
    }

    function change(name, value) {
      state[name] = value;
      apply();
      writeHash("", new URLSearchParams(state));
    }

    for (const name of ["paper", "task", "verdict", "tier"]) {
      const options = ["", ...facts(name)].map((value) => make("option", { value, textContent: value || "all" }));
      controls[name] = make("select", {}, ...options);
      controls[name].addEventListener("change", () => change(name, controls[name].value));
      bar.append(make("label", {}, name, controls[name]));
    }
    controls.q = make("input", { type: "search", placeholder: "words", "aria-label": "Words of a claim" });
    controls.q.addEventListener("input", () => change("q", controls.q.value));
    bar.append(controls.q, count);

    const { place, chosen } = readHash();
    if (!place) for (const name of Object.keys(state)) controls[name].value = state[name] = chosen.get(name) || "";
    apply();
  }

  window.TENFOLD = {};
  window.TENFOLD_TOOLS = { make, all, copy, check, readHash, writeHash };

  document.addEventListener("DOMContentLoaded", () => {
    all("section.table").forEach(scoreTable);
    all("[data-filters]").forEach(claimFilters);
    for (const block of all("pre.copy")) {
      const button = make("button", { type: "button", textContent: "Copy" });
      button.addEventListener("click", () => copy(block.textContent, button));
      const around = make("div", { className: "with-copy" });
      block.replaceWith(around);
      around.append(block, button);
    }
    for (const code of all(".notes code, .absent code")) {
      if (!code.textContent.startsWith("harness ")) continue;
      const button = make("button", { type: "button", className: "small", textContent: "copy" });
      button.setAttribute("aria-label", "Copy the command " + code.textContent);
      button.addEventListener("click", () => copy(code.textContent, button));
      code.after(" ", button);
    }
    goTo(readHash().place);
  });
  window.addEventListener("hashchange", () => goTo(readHash().place));
  window.addEventListener("beforeprint", () => all("details").forEach((part) => (part.open = true)));
})();
