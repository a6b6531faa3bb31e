// Word map: a word, its nearest neighbours as a list, and where they stand among all words.
const MAP = `.word-map.rnnlab {
  .both { display: flex; flex-wrap: wrap; gap: 12px 24px; align-items: flex-start; }
  .map { flex: 1 1 420px; min-width: 0; } .side { flex: 0 1 270px; } .side .note { margin: 0 0 6px; }
  .near { list-style: none; margin: 0; padding: 0; } .near span + span { flex: none; }
  input[type=text] { font: inherit; width: 190px; min-height: 40px; padding: 4px 10px; color: var(--ink); background: var(--raised);
    border: 1px solid var(--quiet); border-radius: 8px; }
  .near button { display: flex; width: 100%; min-height: 44px; justify-content: space-between; align-items: center; gap: 12px; margin: 0 0 4px;
    background: linear-gradient(var(--input), var(--input)) 0 100% / var(--share) 4px no-repeat var(--raised); overflow-wrap: anywhere; text-align: left; }
  .ground { fill: transparent; } .dots { stroke: var(--quiet); stroke-width: 4.5; stroke-linecap: round; opacity: .45; }
  .ray { stroke: var(--input); stroke-width: 1.5; opacity: .7; } .leader { stroke: var(--quiet); } .near-dot { fill: var(--input); } .here { fill: var(--ink); }
  .plate { fill: var(--paper); opacity: .8; pointer-events: none; } .tip { pointer-events: none; } .tip rect { fill: var(--paper); stroke: var(--line); }
  svg text { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; pointer-events: none; }
  svg text.mark { fill: var(--quiet); font-size: 14px; } svg text.chosen { font-weight: 700; font-size: 18px; }
  .controls input[type=range] { width: 240px; accent-color: var(--input); }
}
@container (max-width: 720px) { .word-map.rnnlab .side { flex: 1 1 100%; } }
@container (max-width: 600px) { .word-map.rnnlab { input[type=text] { flex: 1; width: auto; min-width: 0; } p.say { min-height: 4.2em; } } }`;

const bytesOf = text => new DataView(Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer);
const wideAs = (text, size) => size * [...text].reduce((sum, c) => sum + (c > "\u1100" ? 1 : 0.57), 0);

const within = (v, low, high) => Math.min(high, Math.max(low, v));
const touch = (a, b, gap = 2) => a.left < b.left + b.w + gap && b.left < a.left + a.w + gap && a.base - a.h < b.base + gap && b.base - b.h < a.base + gap;

// Where a label may stand by its point: the eight sides, then the same farther away, where a line has to lead to it.
// Of the free places it takes the nearest with the fewest dots under it; a name that needs no place wants at most one there.
const SIDES = [[1, 0], [-1, 0], [0, -1], [0, 1], [1, -1], [1, 1], [-1, -1], [-1, 1]], FAR = [0, 16, 32, 50, 72, 100];
function settle({ x, y, text, size }, taken, width, height, must, dots = []) {
  const w = wideAs(text, size), h = size + 2, gap = must ? 1 : 12;
  const spots = (must ? FAR : [0]).flatMap(r => SIDES.slice(0, must ? 8 : 4).map(([dx, dy]) =>
    ({ left: x + dx * (w / 2 + 10 + r) - w / 2, base: y + dy * (h / 2 + 7 + r) + 0.35 * size, w, h, away: r })))
    .filter(s => s.left >= 2 && s.left + w <= width - 2 && s.base - size >= 0 && s.base <= height - 4);
  const over = spot => taken.filter(t => touch(spot, t, gap)).length;
  const under = s => dots.reduce((sum, [a, b]) => sum + (a > s.left - 2 && a < s.left + s.w + 2 && b > s.base - size && b < s.base + 4), 0);
  let best, least = Infinity;
  for (const s of spots) {   // nearer ones first: one farther off than the best is dear can be no better
    if (least <= s.away / 8) break;
    const cost = over(s) ? Infinity : under(s) + s.away / 8;
    if (cost < least) [best, least] = [s, cost];
  }
  const spot = must || least <= 1 ? best : undefined;
  if (spot || !must) return spot;
  return spots.sort((a, b) => over(a) - over(b))[0] ?? { left: Math.max(2, width - w - 2), base: y + 5, w, h };
}

function render({ model, el }) {
  const words = model.get("words"), V = words.length, many = V.toLocaleString("en"), place = new Map(words.map((word, i) => [word, i]));
  const table = bytesOf(model.get("table")), cosines = bytesOf(model.get("cosines")), K = cosines.byteLength / V;
  const entry = (i, k) => table.getInt16(2 * (i * (K + 2) + k), true), near = i => Array.from({ length: K }, (_, k) => entry(i, k + 2));
  const cut = word => word.length > 24 ? word.slice(0, 23) + "…" : word, cosine = (i, k) => cosines.getInt8(i * K + k) / 100;
  const choose = i => put(model, { word: words[i] });

  const offers = html("datalist", { id: unique("words") }), say = spoken(), list = html("ol", { class: "near", "aria-label": "nearest words" });
  const input = html("input", { type: "text", list: offers.id, autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 60 });
  const rank = slider("rank", { min: 1, max: V, value: 1, show: n => `${n} of ${many}` }, n => choose(n - 1));
  const map = html("div", { class: "map" });
  stage(el, "word-map", MAP, html("div", { class: "controls" }, html("label", { class: "control" }, html("span", {}, "word"), input), offers, rank.node),
    html("div", { class: "both" }, map, html("div", { class: "side" }, html("p", { class: "note" }, "nearest words, with the cosine"), list)), say.node,
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
    if (!text) say.set(`Type one of ${many} words, or click a dot.`);
    else if (some.length) say.set(`“${text}” … begins ${few(some)}${some.length > 6 ? ` and ${some.length - 6} more` : ""}.`);
    else say.set(`“${text}” is not among the ${many} words of this map. ${alike.length ? `It knows ${few(alike)}` : `It knows, for example, ${few(words)}`}.`);
  }
  input.addEventListener("input", answer);
  input.addEventListener("keydown", event => {
    if (event.key !== "Enter" || !typed() || found(typed()) !== undefined) return;
    const first = starting(typed())[0];
    if (first !== undefined) { input.value = first; answer(); }
  });

  let width = 0, height = 0, points = [], marks = [], plot = null;
  const top = svg("g"), tip = svg("g", { class: "tip" });
  function lay(now) {
    width = now;
    height = Math.round(Math.min(430, Math.max(300, 0.66 * width)));
    const x = linear([0, 1000], [14, width - 14]), y = linear([0, 1000], [height - 14, 14]);
    points = words.map((_, i) => [x(entry(i, 0)), y(entry(i, 1))]);
    marks = [];
    for (let i = 0; i < V && marks.length < width * height / 6000; i++) {   // a name here and there, the frequent first
      const spot = settle({ x: points[i][0], y: points[i][1], text: cut(words[i]), size: 14 }, marks, width, height, false, points);
      if (spot) marks.push({ ...spot, i, node: svg("text", { class: "mark", x: spot.left, y: spot.base }, cut(words[i])) });
    }
    plot = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img" }, svg("rect", { class: "ground", width, height }),
      svg("path", { class: "dots", d: points.map(([a, b]) => `M${a.toFixed(1)},${b.toFixed(1)}h0`).join("") }), ...marks.map(m => m.node), top, tip);
    const nearest = ({ x, y }) => {
      const far = points.map(([a, b]) => (a - x) ** 2 + (b - y) ** 2), least = Math.min(...far);
      return { i: far.indexOf(least), least };
    };
    drag(plot, point => choose(nearest(point).i));
    plot.addEventListener("pointermove", event => {
      const { i, least } = nearest(new DOMPoint(event.clientX, event.clientY).matrixTransform(plot.getScreenCTM().inverse()));
      const spot = event.pointerType === "mouse" && least < 100 && settle({ x: points[i][0], y: points[i][1], text: cut(words[i]), size: 16 }, [], width, height, true);
      tip.replaceChildren(...spot ? [svg("rect", { x: spot.left - 5, y: spot.base - 17, width: spot.w + 10, height: 24, rx: 5 }), svg("text", { x: spot.left, y: spot.base }, cut(words[i]))] : []);
    });
    plot.addEventListener("pointerleave", () => tip.replaceChildren());
    map.replaceChildren(plot);
    draw();
  }

  function draw() {
    const word = model.get("word"), i = place.get(word), others = near(i);
    if (found(typed()) !== i && (document.activeElement !== input || found(typed()) !== undefined || !input.value)) input.value = word;
    rank.set(i + 1);
    say.set(`“${word}”, rank ${i + 1} of ${many}. Nearest: ${others.slice(0, 3).map((j, k) => `“${words[j]}” ${number(cosine(i, k))}`).join(", ")}.`);
    while (list.children.length < K) list.append(html("li", {}, button("", event => choose(+event.currentTarget.dataset.number))));
    others.forEach((j, k) => {
      const node = list.children[k].firstChild, value = cosine(i, k);
      node.dataset.number = j;
      node.setAttribute("aria-label", `${words[j]}, cosine ${number(value)}`);
      node.style.setProperty("--share", `${100 * Math.max(0, value)}%`);
      node.replaceChildren(html("span", {}, words[j]), html("span", {}, number(value)));
    });
    if (!plot) return;
    const plate = s => svg("rect", { class: "plate", x: s.left - 2, y: s.base - s.h + 4, width: s.w + 4, height: s.h + 1, rx: 4 });
    const all = [i, ...others], at = all.map(j => points[j]), [x, y] = at[0];
    const taken = at.map(([a, b], k) => ({ left: a - (k ? 4 : 7), base: b + (k ? 4 : 7), w: k ? 8 : 14, h: k ? 8 : 14 }));
    const labels = at.map(([a, b], k) => {
      const spot = settle({ x: a, y: b, text: cut(words[all[k]]), size: k ? 16 : 19 }, taken, width, height, true, points);
      taken.push(spot);
      return spot;
    });
    top.replaceChildren(...labels.map(plate),
      ...at.slice(1).map(([a, b]) => svg("line", { class: "ray", x1: x, y1: y, x2: a, y2: b })),
      ...labels.flatMap((s, k) => s.away ? svg("line", { class: "leader", x1: at[k][0], y1: at[k][1], x2: within(at[k][0], s.left, s.left + s.w), y2: within(at[k][1], s.base - 13, s.base) }) : []),
      ...at.slice(1).map(([a, b]) => svg("circle", { class: "near-dot", cx: a, cy: b, r: 5 })), svg("circle", { class: "here", cx: x, cy: y, r: 7 }),
      ...labels.map((s, k) => svg("text", { class: k ? "" : "chosen", x: s.left, y: s.base }, cut(words[all[k]]))));
    for (const mark of marks) mark.node.style.display = all.includes(mark.i) || taken.some(t => touch(mark, t)) ? "none" : "";
    plot.setAttribute("aria-label", `A map of ${many} words; “${word}” and its nearest: ${others.map(j => words[j]).join(", ")}.`);
  }
  const stops = [fit(map, lay), watch(model, ["word"], draw)];
  answer();
  return () => stops.forEach(stop => stop());
}
export default { render };
