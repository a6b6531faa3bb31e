// A picture read row by row, as Row by row and Draw a digit show it: what is read so far, ten bars, ten curves.
const READING = `.reading {
  display: flex; flex-wrap: wrap; gap: 12px 28px; align-items: flex-start;
  .seen { flex: 0 0 auto; } .bars { flex: 0 1 300px; min-width: 240px; } .curves { flex: 1 1 330px; min-width: 0; }
  .dot { fill: var(--ink); } .later .dot { opacity: .22; }
  .frame { fill: var(--paper); stroke: var(--line); } .band { fill: none; stroke: var(--input); stroke-width: 3; }
  .bar { fill: var(--output); opacity: .45; } .top .bar { opacity: 1; } .slot { fill: var(--raised); }
  .top text { font-weight: 700; }
  .curve { fill: none; stroke: var(--line); stroke-width: 2; } .curve.second { stroke: var(--quiet); stroke-dasharray: 6 4; stroke-width: 2.5; }
  .curve.top { stroke: var(--output); stroke-width: 4; } .now { stroke: var(--input); stroke-width: 3; }
  .name { paint-order: stroke; stroke: var(--paper); stroke-width: 5px; font-weight: 700; }
}
@container (max-width: 600px) { .reading { .seen { order: 1; } .curves { order: 2; } } }`;
const unpack = text => [...atob(text)].map(c => c.charCodeAt(0));
const ranked = beliefs => beliefs.map((_, digit) => digit).sort((a, b) => beliefs[b] - beliefs[a]);

// The first row from which the belief that wins at the end stays the largest, counted from 1.
function settles(rows) {
  const last = ranked(rows.at(-1))[0];
  let t = rows.length;
  while (t > 1 && ranked(rows[t - 2])[0] === last) t--;
  return { digit: last, row: t };
}

function theReading(T, I, onRow) {
  const side = 8, dots = [], grid = Array.from({ length: T }, (_, t) =>
    svg("g", {}, ...Array.from({ length: I }, (_, i) => (dots.push(svg("rect", { class: "dot", x: side * i, y: side * t, width: side, height: side })), dots.at(-1)))));
  const band = svg("rect", { class: "band", x: 0, width: side * I, height: side });
  const seen = svg("svg", { class: "seen", width: side * I + 4, height: side * T + 4, viewBox: `-2 -2 ${side * I + 4} ${side * T + 4}`, role: "img" },
    svg("rect", { class: "frame", width: side * I, height: side * T }), ...grid, band);
  const inside = (t) => Math.min(T, Math.max(1, t));
  drag(seen, point => onRow(inside(Math.floor(point.y / side) + 1)));

  const bars = Array.from({ length: 10 }, (_, digit) => {
    const bar = svg("rect", { class: "bar", x: 24, y: 23 * digit + 3, height: 18 }), text = svg("text", { x: 296, y: 23 * digit + 18, "text-anchor": "end" });
    const node = svg("g", {}, svg("text", { x: 4, y: 23 * digit + 18 }, digit),
      svg("rect", { class: "slot", x: 24, y: 23 * digit + 3, width: 214, height: 18 }), bar, text);
    return { node, bar, text };
  });
  const barPlot = svg("svg", { class: "bars", width: 300, height: 234, viewBox: "0 0 300 234", role: "img" }, ...bars.map(bar => bar.node));

  const beside = 234, below = 180;   // heights of the curves: as the bars beside them, less in a row of their own
  const curves = html("div", { class: "curves" }), node = html("div", { class: "reading" }, seen, barPlot, curves);
  let width = 0, last = null;
  function draw(now) {
    last = now;
    const { pixels, rows, row } = now, beliefs = rows[row - 1], [first, second] = ranked(beliefs);
    pixels.forEach((ink, i) => dots[i].setAttribute("fill-opacity", (ink / 255).toFixed(2)));
    grid.forEach((g, t) => g.setAttribute("class", t < row ? "read" : "later"));
    band.setAttribute("y", side * (row - 1));
    bars.forEach(({ node, bar, text }, digit) => {
      bar.setAttribute("width", (214 * beliefs[digit]).toFixed(1));
      text.textContent = percent(beliefs[digit]);
      node.setAttribute("class", digit === first ? "top" : "");
      node.setAttribute("data-belief", beliefs[digit].toFixed(4));
    });
    seen.setAttribute("aria-label", `The picture, read to row ${row} of ${T}.`);
    barPlot.setAttribute("aria-label", `Ten beliefs after row ${row}: ${ranked(beliefs).slice(0, 3).map(d => `${d} ${percent(beliefs[d])}`).join(", ")}.`);
    if (!width) return;
    const tall = width > 500 ? below : beside, x = linear([1, T], [40, width - 20]), y = linear([0, 1], [tall - 30, 14]);
    const order = ranked(beliefs).reverse();                         // the winner is drawn last, on top
    const best = Array.from({ length: 10 }, (_, d) => rows.reduce((b, r, t) => r[d] > rows[b][d] ? t : b, 0));
    const plot = svg("svg", { width, height: tall, viewBox: `0 0 ${width} ${tall}`, role: "img", "aria-label": `Ten curves: each digit's belief after each of the ${T} rows.` },
      ...[0, 0.5, 1].flatMap(p => [svg("path", { class: "grid", d: `M40,${y(p)}H${width - 20}` }),
        svg("text", { class: "quiet", x: 34, y: y(p) + 5, "text-anchor": "end" }, p)]),
      ...order.map(d => svg("path", { class: `curve ${d === first ? "top" : d === second ? "second" : ""}`, d: path(rows.map((r, t) => [x(t + 1), y(r[d])])) })),
      svg("path", { class: "now", d: `M${x(row)},${y(1)}V${y(0)}` }),
      ...order.filter(d => rows[best[d]][d] > 0.2).map(d => svg("text", { class: "name", x: x(best[d] + 1), y: Math.max(26, y(rows[best[d]][d]) + 5), "text-anchor": "middle" }, d)),
      svg("text", { class: "quiet", x: 40, y: tall - 6 }, "row 1"), svg("text", { class: "quiet", x: width - 20, y: tall - 6, "text-anchor": "end" }, T));
    drag(plot, point => onRow(inside(Math.round(1 + (point.x - 40) * (T - 1) / (width - 60)))));
    curves.replaceChildren(plot);
  }
  const lay = now => { width = now; if (last) draw(last); };
  return { node, draw, lay, curves };
}

// The row slider, one row back and on, and a button that reads from the top.
function theRows(model, T) {
  const go = row => put(model, { row: Math.min(T, Math.max(1, row)) });
  let timer = null;
  const halt = () => { clearInterval(timer); timer = null; play.textContent = "read from the top"; };
  const own = row => { halt(); go(row); };
  const slide = slider("rows read", { min: 1, max: T, value: model.get("row"), show: t => `${t} of ${T}` }, own);
  const back = button("◀", () => own(model.get("row") - 1), { "aria-label": "one row back" });
  const next = button("▶", () => own(model.get("row") + 1), { "aria-label": "one row on" });
  const play = button("read from the top", () => {
    if (timer) return halt();
    go(1);
    play.textContent = "stop";
    timer = setInterval(() => model.get("row") >= T ? halt() : go(model.get("row") + 1), 120);
  });
  const set = row => { slide.set(row); back.disabled = row === 1; next.disabled = row === T; };
  return { nodes: [slide.node, html("div", { class: "control" }, back, next), play], set, own, halt };
}
