"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const names = Object.keys(data.priors);
  const make = (tag, text, attributes) => {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
    return node;
  };
  // mulberry32 (public domain, T. Ettinger): the same seed gives the same draws in every browser.
  const random = (seed) => () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const floored = (odds) => {
    const rest = odds[data.residual];
    if (rest >= data.floor) return odds;
    for (const h of names) odds[h] *= (1 - data.floor) / (1 - rest);
    odds[data.residual] = data.floor;
    return odds;
  };
  const normal = (weights) => {
    const total = names.reduce((sum, h) => sum + weights[h], 0);
    return Object.fromEntries(names.map((h) => [h, weights[h] / total]));
  };
  const hull = (priors, groups) => {
    const ends = (h, end) => groups.reduce((product, g) => product * g[h][end], priors[h][end]);
    const bound = (h, end) => {
      const weights = Object.fromEntries(names.map((k) => [k, ends(k, k === h ? end : 1 - end)]));
      const others = names.reduce((sum, k) => sum + (k === data.residual ? 0 : weights[k]), 0);
      weights[data.residual] = Math.max(weights[data.residual], (data.floor / (1 - data.floor)) * others);
      return normal(weights)[h];
    };
    return Object.fromEntries(names.map((h) => [h, [bound(h, 0), bound(h, 1)]]));
  };
  // One shared error per hypothesis: the same place in every group's range; the prior has its own.
  const spread = (priors, groups) => {
    const next = random(data.seed), drawn = Object.fromEntries(names.map((h) => [h, []]));
    const low = {}, wide = {};
    for (const h of names) {
      low[h] = groups.reduce((sum, g) => sum + Math.log(g[h][0]), 0);
      wide[h] = groups.reduce((sum, g) => sum + Math.log(g[h][1] / g[h][0]), 0);
    }
    for (let n = 0; n < data.draws; n++) {
      const weights = {};
      for (const h of names) {
        const prior = Math.log(priors[h][0]) + next() * Math.log(priors[h][1] / priors[h][0]);
        weights[h] = Math.exp(prior + low[h] + next() * wide[h]);
      }
      const odds = floored(normal(weights));
      for (const h of names) drawn[h].push(odds[h]);
    }
    const at = (sorted, share) => sorted[Math.round(share * (sorted.length - 1))];
    return Object.fromEntries(names.map((h) => {
      const sorted = drawn[h].sort((a, b) => a - b);
      return [h, [at(sorted, 0.05), at(sorted, 0.5), at(sorted, 0.95)]];
    }));
  };
  const bar = (low, middle, high) => {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("class", "bar");
    svg.setAttribute("viewBox", "0 0 200 14");
    svg.setAttribute("aria-hidden", "true");
    const parts = [["axis", 0, 6, 200, 2], ["span", low * 200, 3, Math.max((high - low) * 200, 1), 8], ["mid", middle * 200 - 1, 1, 2, 12]];
    for (const [kind, x, y, width, height] of parts) {
      const box = document.createElementNS(space, "rect");
      for (const [key, value] of Object.entries({ class: kind, x, y, width, height })) box.setAttribute(key, value);
      svg.append(box);
    }
    return svg;
  };
  const quoted = (text) => JSON.stringify(text);
  const yaml = (who, groups) => {
    const lines = ["schema: hikeshi.ranges/1", "by: " + quoted(who || "reader"), "date: " + data.date, "blind: false", "ranges:"];
    for (const [name, ranges] of Object.entries(groups)) {
      const body = names.map((h) => quoted(h) + ": [" + ranges[h].join(", ") + "]").join(", ");
      lines.push("  " + quoted(name) + ": {" + body + "}");
    }
    return lines.join("\n") + "\n";
  };
  const editor = (box) => {
    const t = data.words[box.dataset.lang];
    const inputs = [], table = make("table"), head = make("tr");
    head.append(make("th", t.group), ...names.map((h) => make("th", h)));
    table.append(make("thead"), make("tbody"));
    table.tHead.append(head);
    const line = (key, label, ranges) => {
      const row = make("tr");
      row.append(make("th", label, { scope: "row" }));
      for (const h of names) {
        const cell = make("td");
        [0, 1].forEach((end) => {
          const input = make("input", undefined, { type: "number", min: "0.001", max: "1", step: "0.01", value: String(ranges[h][end]), "aria-label": label + " " + h + " " + t[end ? "high" : "low"] });
          inputs.push({ key, h, end, input });
          cell.append(input);
        });
        row.append(cell);
      }
      table.tBodies[0].append(row);
    };
    line("", t.prior, data.priors);
    for (const [name, ranges] of Object.entries(data.groups)) line(name, name, ranges);
    const result = make("table", undefined, { class: "result", "aria-live": "polite" });
    const wrong = make("p", "", { class: "contact", role: "status" });
    const who = make("input", undefined, { type: "text", "aria-label": t.by, placeholder: t.by });
    const out = make("textarea", undefined, { rows: "8", readonly: "", "aria-label": t.copy });
    const copy = make("button", t.copy, { type: "button" });
    const reset = make("button", t.reset, { type: "button" });
    const read = () => {
      const priors = {}, groups = Object.fromEntries(Object.keys(data.groups).map((name) => [name, {}]));
      let good = true;
      for (const { key, h, end, input } of inputs) {
        const value = Number(input.value), held = key ? groups[key] : priors;
        (held[h] = held[h] || [0, 0])[end] = value;
        const fits = value > 0 && value <= 1 && !(end && value < held[h][0]);
        input.setAttribute("aria-invalid", String(!fits));
        good = good && fits;
      }
      return { good, priors, groups };
    };
    const show = () => {
      const { good, priors, groups } = read();
      wrong.textContent = good ? "" : t.wrong;
      wrong.hidden = good;
      if (!good) return;
      const list = Object.values(groups), outer = hull(priors, list), inner = spread(priors, list);
      result.replaceChildren(make("thead"), make("tbody"));
      const top = make("tr");
      top.append(...[t.hypothesis, t.range, "", t.hull].map((text) => make("th", text)));
      result.tHead.append(top);
      for (const h of names) {
        const row = make("tr", undefined, { "data-h": h }), drawn = make("td"), [low, middle, high] = inner[h];
        drawn.append(bar(low, middle, high));
        row.append(make("th", h, { scope: "row" }), make("td", low.toFixed(2) + "–" + high.toFixed(2)), drawn, make("td", outer[h].map((v) => v.toFixed(2)).join("–")));
        result.tBodies[0].append(row);
      }
      out.value = yaml(who.value, groups);
    };
    reset.addEventListener("click", () => { for (const { key, h, end, input } of inputs) input.value = String((key ? data.groups[key] : data.priors)[h][end]); show(); });
    copy.addEventListener("click", () => { out.select(); document.execCommand("copy"); });
    table.addEventListener("input", show);
    who.addEventListener("input", show);
    const scroll = make("div", undefined, { class: "scroll" });
    scroll.append(table);
    const buttons = make("p");
    buttons.append(who, " ", copy, " ", reset);
    box.append(scroll, wrong, result, buttons, out);
    box.hidden = false;
    show();
  };
  const slider = (box) => {
    const radios = [...box.querySelectorAll("input[type=radio]")];
    if (radios.length < 2) return;
    const range = make("input", undefined, { type: "range", min: "0", max: String(radios.length - 1), step: "1", "aria-label": box.dataset.label });
    const follow = () => {
      const at = radios.findIndex((radio) => radio.checked);
      range.value = String(at);
      range.setAttribute("aria-valuetext", radios[at].getAttribute("aria-label"));
    };
    range.addEventListener("input", () => { radios[Number(range.value)].checked = true; follow(); });
    for (const radio of radios) radio.addEventListener("change", follow);
    box.querySelector(".dates").before(range);
    follow();
  };
  document.querySelectorAll(".slider").forEach(slider);
  document.querySelectorAll(".yours").forEach(editor);
})();
