// Gradient river: a cell, its radius and its input go in; how much of a nudge is left after every step comes out.
const RIVER = `.gradient-river.rnnlab {
  .curve { fill: none; stroke: var(--gradient); stroke-width: 3.5; stroke-linejoin: round; }
  .cell { fill: none; stroke: var(--cell); stroke-width: 3.5; stroke-dasharray: 10 5; }
  .alone { fill: none; stroke: var(--ink); stroke-width: 4; stroke-linecap: round; stroke-dasharray: 0 9; }
  .one { stroke: var(--quiet); stroke-width: 1.5; } .here { stroke: var(--gradient); stroke-width: 1.5; }
  .dot { fill: var(--gradient); stroke: var(--paper); stroke-width: 2; }
  .water { fill: var(--gradient); } .bed { stroke: var(--line); stroke-width: 2; stroke-dasharray: 2 6; }
  text.curve-name { fill: var(--gradient-ink); stroke: none; } text.cell-name { fill: var(--cell-ink); }
  svg text.small { font-size: 14px; } .say { min-height: 2.8em; }
  .controls { gap: 8px 18px; } input[type=range] { width: 112px; } .control .value { min-width: 2em; }
}
@container (max-width: 600px) { .gradient-river.rnnlab { .control > span:first-child { min-width: 5.5em; } .say { min-height: 5.6em; } } }`;

const power = v => Math.round(v) ? `10${String(Math.round(v)).replace(/./g, c => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)])}` : "1";
const amount = v => v > -2 && v < 1.9 ? String(+(10 ** v).toPrecision(2)) : power(v);

// The curves over T on a logarithmic scale, and under them the river, as wide as the exponent is high.
function theRiver({ steps, least, most, margin, full }, pick) {
  const node = html("div"), last = steps.at(-1), top = 34, floor = 284, river = 352, clip = unique("river");
  let plot = null, x = null, shown = null;
  const y = linear([most, least], [top, floor]), half = v => Math.min(1.6, Math.max(0, 1 - v / least)) * full;

  function lay(width) {
    x = linear([0, last], [margin, width - 16]);
    plot = svg("svg", { width, height: 396, viewBox: `0 0 ${width} 396`, role: "img" });
    drag(plot, point => pick(steps.slice(1).reduce((a, b) => Math.abs(x(b) - point.x) < Math.abs(x(a) - point.x) ? b : a)));
    node.replaceChildren(plot);
    if (shown) draw(shown);
  }

  function draw({ T, lines, alt } = shown) {
    shown = { T, lines, alt };
    if (!plot) return;
    const [right, flow] = [x(last), lines[0].values], now = flow[steps.indexOf(T)], parts = [];
    for (let v = least; v <= most; v += 3)
      parts.push(svg("path", { class: v ? "grid" : "one", d: `M${margin},${y(v)}H${right}` }),
        svg("text", { x: margin - 10, y: y(v) + 5, "text-anchor": "end" }, power(v)));
    for (let t = 0; t <= last; t += 20)
      parts.push(svg("text", { class: "quiet", x: x(t), y: floor + 22, "text-anchor": t === last ? "end" : "middle" }, t));
    parts.push(svg("clipPath", { id: clip }, svg("rect", { x: margin, y: top - 4, width: right - margin + 8, height: floor - top + 8 })));
    const curves = lines.map(({ name, values }) =>
      svg("path", { class: name, d: path(values.map((v, i) => [x(steps[i]), y(Math.max(-99, Math.min(99, v)))])) }));
    parts.push(svg("g", { "clip-path": `url(#${clip})` }, svg("path", { class: "here", d: `M${x(T)},${top}V${floor}` }), ...curves.reverse()));
    let start = margin;
    for (const { name, title } of lines) {
      parts.push(svg("path", { class: name, d: `M${start},14h34` }), svg("text", { class: `${name}-name small`, x: start + 40, y: 19 }, title));
      start += 62 + 8 * title.length;
    }
    const bank = steps.flatMap((t, i) => t <= T ? [[x(t), half(flow[i])]] : []);
    const outline = [...bank.map(([at, h]) => [at, river - h]), ...bank.reverse().map(([at, h]) => [at, river + h])];
    parts.push(svg("circle", { class: "dot", cx: x(T), cy: y(Math.max(least, Math.min(most, now))), r: 7.5 }),
      svg("path", { class: "bed", d: `M${margin},${river}H${right}` }), svg("path", { class: "water", d: `${path(outline)}Z` }),
      svg("text", { class: "quiet small", x: right, y: 388, "text-anchor": "end" }, "steps T"));
    plot.replaceChildren(...parts);
    plot.setAttribute("aria-label", alt);
  }
  return { node, lay, draw };
}

function render({ model, el }) {
  const axes = model.get("axes"), { curves, sizes, radii, steps } = axes;
  const table = new Int16Array(Uint8Array.from(atob(model.get("table")), c => c.charCodeAt(0)).buffer);
  const place = (list, value) => list.findIndex(one => Math.abs(one - value) < 1e-9);
  const values = (name, size, radius) => {
    const start = ((curves.indexOf(name) * sizes.length + place(sizes, size)) * radii.length + place(radii, radius)) * steps.length;
    return Array.from(table.subarray(start, start + steps.length), v => v / 100);
  };

  const cell = choice("cell", curves.filter(name => !name.endsWith(" c")), model.get("cell"), cell => put(model, { cell }));
  const picked = (label, list, name, show) => slider(label,
    { min: 0, max: list.length - 1, value: place(list, model.get(name)), show: i => show(list[i]) }, i => put(model, { [name]: list[i] }));
  const radius = picked("spectral radius", radii, "radius", v => v.toFixed(1));
  const size = picked("input size", sizes, "size", String);
  const T = picked("steps T", steps.slice(1), "T", String);
  const river = theRiver(axes, T => put(model, { T })), say = spoken();
  stage(el, "gradient-river", RIVER, html("div", { class: "controls" }, cell.node, radius.node, size.node, T.node), river.node, say.node);

  function draw(at) {
    cell.set(at.cell);
    radius.set(place(radii, at.radius));
    size.set(place(sizes, at.size));
    T.set(place(steps.slice(1), at.T));
    const lines = [{ name: "curve", title: "‖∂h_T / ∂h₀‖", values: values(at.cell, at.size, at.radius) }];
    if (curves.includes(`${at.cell} c`)) lines.push({ name: "cell", title: "‖∂c_T / ∂c₀‖", values: values(`${at.cell} c`, at.size, at.radius) });
    if (at.cell.startsWith("RNN")) lines.push({ name: "alone", title: "radiusᵀ", values: steps.map(t => t * Math.log10(at.radius)) });
    const [left, other] = lines.map(line => line.values[steps.indexOf(at.T)]);
    const fate = left < -6 ? "It is gone." : left < -1 ? "It fades." : left < 1 ? "It stays." : left <= 6 ? "It grows." : "It explodes.";
    const beside = lines[1]?.name === "cell" ? ` A nudge to c is still ${amount(other)} of its size in c.`
      : other === undefined ? "" : ` The radius alone would make it ${amount(other)}.`;
    const now = left > 0.05 ? `has become ${amount(left)} times as large` : `has shrunk to ${amount(left)} of its size`;
    const text = `After ${at.T} steps a nudge to the state ${now}. ${fate}${beside}`;
    say.set(text);
    river.draw({ T: at.T, lines, alt: text });
  }
  const stops = [watch(model, ["cell", "radius", "size", "T"], draw), fit(river.node, river.lay)];
  return () => stops.forEach(stop => stop());
}
export default { render };
