// Word map: a word, its nearest neighbours as a list, and where they stand among all words.
const MAP = `.word-map {
  .both { display: flex; flex-wrap: wrap; gap: 12px 24px; align-items: flex-start; }
  .map { flex: 1 1 420px; min-width: 0; } .near { flex: 1 0 210px; max-width: 420px; list-style: none; margin: 0; padding: 0; }
  input[type=text] { font: inherit; width: 190px; min-height: 40px; padding: 4px 10px; color: var(--ink); background: var(--raised);
    border: 1px solid var(--quiet); border-radius: 8px; }
  .near button { display: flex; width: 100%; min-height: 44px; justify-content: space-between; align-items: center; gap: 12px; margin: 0 0 4px;
    background: linear-gradient(var(--input), var(--input)) 0 100% / var(--share) 4px no-repeat var(--raised); overflow-wrap: anywhere; text-align: left; }
  .ground { fill: transparent; } .dots { stroke: var(--quiet); stroke-width: 4.5; stroke-linecap: round; opacity: .45; }
  .ray { stroke: var(--input); stroke-width: 1.5; opacity: .7; } .leader { stroke: var(--quiet); } .near-dot { fill: var(--input); } .here { fill: var(--ink); }
  svg text { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; pointer-events: none; }
  svg text.mark { fill: var(--quiet); font-size: 14px; } svg text.chosen { font-weight: 700; font-size: 18px; }
  .say { min-height: 2.8em; }
}
@container (max-width: 600px) { .word-map { input[type=text] { flex: 1; width: auto; min-width: 0; } .say { min-height: 4.2em; } } }`;

const bytesOf = text => new DataView(Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer);
const wideAs = (text, size) => size * [...text].reduce((sum, c) => sum + (c > "\u1100" ? 1 : 0.56), 0);

// Labels beside their points, none over another where there is room: [{x, y, text, size}] -> with left and base, or without.
function settle(labels, taken, width, height, must) {
  return labels.map(label => {
    const { x, y, text, size } = label, w = wideAs(text, size), h = size + 2;
    const around = [[9, 5], [-9 - w, 5], [-w / 2, -10], [-w / 2, h + 5]];
    if (must) for (const step of [1, -1, 2, -2, 3, -3, 4, -4]) around.push([12, 5 + step * h], [-12 - w, 5 + step * h]);
    const spots = around.map(([dx, dy]) => ({ left: x + dx, base: y + dy, w, h }))
      .filter(s => s.left >= 2 && s.left + w <= width - 2 && s.base - size >= 0 && s.base <= height - 4);
    const spot = spots.find(s => !taken.some(t => s.left < t.left + t.w + 3 && t.left < s.left + w + 3 && s.base - h < t.base && t.base - t.h < s.base))
      ?? (must ? spots[0] ?? { left: Math.max(2, width - w - 2), base: y + 5, w, h } : null);
    if (spot) taken.push(spot);
    return { ...label, ...spot };
  });
}

function render({ model, el }) {
  const words = model.get("words"), V = words.length, place = new Map(words.map((word, i) => [word, i]));
  const table = bytesOf(model.get("table")), cosines = bytesOf(model.get("cosines")), K = cosines.byteLength / V;
  const entry = (i, k) => table.getInt16(2 * (i * (K + 2) + k), true), near = i => Array.from({ length: K }, (_, k) => entry(i, k + 2));
  const cosine = (i, k) => cosines.getInt8(i * K + k) / 100;
  const choose = i => put(model, { word: words[i] });

  const offers = html("datalist", { id: unique("words") }), say = spoken(), list = html("ol", { class: "near", "aria-label": "nearest words" });
  const input = html("input", { type: "text", list: offers.id, autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 60 });
  const rank = slider("rank", { min: 1, max: V, value: 1, show: n => `${n} of ${V}` }, n => choose(n - 1));
  const map = html("div", { class: "map" });
  stage(el, "word-map", MAP, html("div", { class: "controls" }, html("label", { class: "control" }, html("span", {}, "word"), input), offers, rank.node),
    html("div", { class: "both" }, map, list), say.node,
    html("p", { class: "note" }, `The two directions of the map hold ${Math.round(100 * model.get("share"))} % of the variance. The cosines use all of it.`));

  // What was typed is a word of the map, the beginning of some, or neither.
  const typed = () => input.value.trim();
  const found = text => place.get(text) ?? place.get(text.toLowerCase());
  const starting = text => words.filter(word => word.toLowerCase().startsWith(text.toLowerCase()));
  function answer() {
    const text = typed(), i = found(text), some = text ? starting(text) : words.slice(0, 12);
    offers.replaceChildren(...some.slice(0, 12).map(value => html("option", { value })));
    if (i !== undefined) return words[i] === model.get("word") ? draw() : choose(i);
    const few = list => list.slice(0, 6).map(word => `“${word}”`).join(", ");
    const alike = text.length > 1 ? words.filter(word => word.toLowerCase().startsWith(text.slice(0, 2).toLowerCase())) : [];
    if (!text) say.set(`Type one of ${V} words, or click a dot.`);
    else if (some.length) say.set(`“${text}” … begins ${few(some)}${some.length > 6 ? ` and ${some.length - 6} more` : ""}.`);
    else say.set(`“${text}” is not among the ${V} words of this map. ${alike.length ? `It knows ${few(alike)}` : `It knows, for example, ${few(words)}`}.`);
  }
  input.addEventListener("input", answer);
  input.addEventListener("keydown", event => {
    if (event.key !== "Enter" || !typed() || found(typed()) !== undefined) return;
    const first = starting(typed())[0];
    if (first !== undefined) { input.value = first; answer(); }
  });

  let width = 0, height = 0, points = [], marks = [], plot = null, top = null;
  const xy = i => points[i];
  function lay(now) {
    width = now;
    height = Math.round(Math.min(430, Math.max(300, 0.66 * width)));
    const x = linear([0, 1000], [14, width - 14]), y = linear([0, 1000], [height - 14, 14]);
    points = words.map((_, i) => [x(entry(i, 0)), y(entry(i, 1))]);
    top = svg("g");
    const room = [], count = Math.min(V, 160);
    const texts = settle(words.slice(0, count).map((text, i) => ({ x: xy(i)[0], y: xy(i)[1], text, size: 14 })), room, width, height, false).filter(m => m.w);
    marks = texts.slice(0, Math.round(width * height / 7000)).map(m => ({ ...m, node: svg("text", { class: "mark", x: m.left, y: m.base }, m.text) }));
    plot = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img" }, svg("rect", { class: "ground", width, height }),
      svg("path", { class: "dots", d: points.map(([a, b]) => `M${a.toFixed(1)},${b.toFixed(1)}h0`).join("") }), ...marks.map(m => m.node), top);
    drag(plot, ({ x, y }) => {
      const far = points.map(([a, b]) => (a - x) ** 2 + (b - y) ** 2);
      choose(far.indexOf(Math.min(...far)));
    });
    map.replaceChildren(plot);
    draw();
  }

  function draw() {
    const word = model.get("word"), i = place.get(word), others = near(i);
    if (found(typed()) !== i && (document.activeElement !== input || found(typed()) !== undefined || !input.value)) input.value = word;
    rank.set(i + 1);
    say.set(`“${word}”, number ${i + 1} of ${V}. Nearest: ${others.slice(0, 3).map((j, k) => `“${words[j]}” ${number(cosine(i, k))}`).join(", ")}.`);
    while (list.children.length < K) list.append(html("li", {}, button("", event => choose(+event.currentTarget.dataset.number))));
    others.forEach((j, k) => {
      const node = list.children[k].firstChild, value = cosine(i, k);
      node.dataset.number = j;
      node.setAttribute("aria-label", `${words[j]}, cosine ${number(value)}`);
      node.style.setProperty("--share", `${100 * Math.max(0, value)}%`);
      node.replaceChildren(html("span", {}, words[j]), html("span", {}, number(value)));
    });
    if (!plot) return;
    const taken = [], [x, y] = xy(i);
    const labels = settle([i, ...others].map((j, k) => ({ x: xy(j)[0], y: xy(j)[1], text: words[j], size: k ? 16 : 18, k })), taken, width, height, true);
    top.replaceChildren(
      ...others.map(j => svg("line", { class: "ray", x1: x, y1: y, x2: xy(j)[0], y2: xy(j)[1] })),
      ...others.map(j => svg("circle", { class: "near-dot", cx: xy(j)[0], cy: xy(j)[1], r: 5 })), svg("circle", { class: "here", cx: x, cy: y, r: 7 }),
      ...labels.map(({ left, base, text, k }) => svg("text", { class: k ? "" : "chosen", x: left, y: base }, text)));
    const chosen = new Set([i, ...others]);
    marks.forEach((m, at) => {
      const hit = chosen.has(place.get(m.text)) || taken.some(t => m.left < t.left + t.w && t.left < m.left + m.w && m.base - m.h < t.base && t.base - t.h < m.base);
      m.node.style.display = hit ? "none" : "";
    });
    plot.setAttribute("aria-label", `A map of ${V} words; “${word}” and its nearest: ${others.map(j => words[j]).join(", ")}.`);
  }
  const stops = [fit(map, lay), watch(model, ["word"], draw)];
  answer();
  return () => stops.forEach(stop => stop());
}
export default { render };
