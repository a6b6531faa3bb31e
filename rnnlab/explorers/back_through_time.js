// Back through time: the unrolled states, the arrows that one loss sends back, the cuts, and each step's share of ∂L/∂W_hh.
const BACK = `
.back-through-time.rnnlab {
  .chain { overflow: auto hidden; } .chain svg { max-width: none; }
  .cell { fill: var(--hidden-soft); stroke: var(--hidden); stroke-width: 2.5; }
  .flow { fill: var(--gradient); } .bar { fill: var(--gradient); stroke: var(--gradient); stroke-width: 1.5; }
  .missed .flow { fill: none; stroke: var(--gradient); stroke-width: 1; stroke-dasharray: 3 3; opacity: .75; }
  .missed .bar { fill: none; stroke-dasharray: 3 3; }
  .missed text.size { fill: var(--quiet); }
  .later .cell { fill: none; stroke-dasharray: 5 5; opacity: .6; } .later text { fill: var(--quiet); }
  .wire { stroke: var(--hidden); stroke-width: 2; fill: none; } .later .wire { opacity: .35; }
  text.loss, text.share { fill: var(--gradient-ink); } text.loss { font-weight: 700; font-size: 20px; }
  text.letter { font-size: 22px; } .now text.letter { font-weight: 750; }
  .cut { stroke: var(--ink); stroke-width: 2; stroke-dasharray: 2 6; stroke-linecap: round; } text.size, text.share { font-size: 14px; }
}`;

// Two significant digits, without an exponent while that is short.
const short = v => v === 0 ? "0" : v >= 0.001 && v < 1000 ? String(+v.toPrecision(2)) : v.toExponential(0).replace("-", "−");

// An arrow as an outline, from (x1, y1) to (x2, y2) along a horizontal or vertical line; `width` is that of its shaft.
function arrow([x1, y1], [x2, y2], width) {
  const half = Math.max(width, 0.6) / 2, head = 1.3 * half + 2, long = Math.min(10, Math.hypot(x2 - x1, y2 - y1));
  const [along, across] = x1 === x2 ? [[0, Math.sign(y2 - y1)], [1, 0]] : [[Math.sign(x2 - x1), 0], [0, 1]];
  const at = (x, y, back, side) => [x - along[0] * back + across[0] * side, y - along[1] * back + across[1] * side];
  return path([at(x1, y1, 0, half), at(x2, y2, long, half), at(x2, y2, long, head), [x2, y2], at(x2, y2, long, -head),
    at(x2, y2, long, -half), at(x1, y1, 0, -half)]) + "Z";
}

function theStates({ labels, sizes, shares, wide }, pick) {
  const T = labels.length, node = html("div", { class: "chain" }), mid = { "text-anchor": "middle" };
  const middle = 118, floor = 304, high = 96;
  let pitch = 0, cell = 0, room = 0, plot = null, steps = [], rest = null, shown = null;
  const x = t => 6 + pitch * (t + 0.5);

  // What stays: states, wires, letters. Each step and the whole have a group for what a draw changes.
  function lay(width) {
    pitch = Math.max(54, (width - 12) / (T + 1));
    cell = Math.min(44, 0.54 * pitch);
    const full = 12 + pitch * (T + 1);
    room = full > width ? width : 0;                     // known here: to ask for sizes while drawing costs a layout
    rest = svg("g");
    steps = sizes[T - 1].map((_, t) => {
      const live = svg("g"), g = svg("g", {}, svg("rect", { class: "cell", x: x(t) - cell / 2, y: middle - 24, width: cell, height: 48, rx: 9 }),
        svg("text", { x: x(t), y: middle + 5, ...mid }, `h${sub(t)}`), live);
      // Forward, above the middle of the cell; the gradient comes back below it.
      if (t) g.append(svg("path", { class: "wire", d: `M${x(t - 1) + cell / 2 + 2},${middle - 13}H${x(t) - cell / 2 - 3}m-5,-4l5,4l-5,4` }),
        svg("text", { class: "letter", x: x(t), y: floor + 32, ...mid }, labels[t - 1]));
      return { g, live };
    });
    plot = svg("svg", { width: full, height: 344, viewBox: `0 0 ${full} 344`, role: "img" },
      ...steps.map(step => step.g), rest, svg("path", { class: "grid", d: `M6,${floor}H${full - 6}` }));
    drag(plot, point => pick(Math.min(T, Math.max(1, Math.floor((point.x - 6) / pitch)))));
    node.replaceChildren(plot);
    if (shown) draw(shown);
  }

  function draw(now) {
    const { step, k, first, alt } = shown = now;
    if (!plot) return;
    const size = sizes[step - 1], share = shares[step - 1], scale = wide / (Math.max(...size) || 1);
    steps.forEach(({ g, live }, t) => {
      const kept = t >= first || t === 0 && first === 1, parts = [];
      g.setAttribute("class", t > step ? "later" : [t === step ? "now" : "", kept ? "" : "missed"].join(" "));
      if (t < step && size[t]) parts.push(svg("path", { class: "flow", d: arrow([x(t + 1) - cell / 2 - 2, middle + 8], [x(t) + cell / 2 + 2, middle + 8], size[t] * scale) }));
      if (t <= step) parts.push(svg("text", { class: "size", x: x(t), y: middle + 45, ...mid }, short(size[t])));
      if (t && t <= step) {
        const v = share[t - 1], tall = high * Math.max(-0.4, Math.min(1.2, v)), top = floor - Math.max(0, tall);
        parts.push(svg("rect", { class: "bar", x: x(t) - cell / 2, y: top, width: cell, height: Math.abs(tall) }),
          svg("text", { class: "share", x: x(t), y: top - 6, ...mid }, `${number(100 * v, 0)}%`));
      }
      live.replaceChildren(...parts);
    });
    const cuts = [];
    for (let t = k; t < T; t += k) cuts.push(svg("path", { class: "cut", d: `M${x(t) + pitch / 2},66V${floor}` }));
    const down = size[step] ? [svg("path", { class: "flow", d: arrow([x(step), 36], [x(step), middle - 26], size[step] * scale) })] : [];
    rest.replaceChildren(...cuts, ...down,
      svg("text", { class: "loss", x: x(step), y: 26, ...mid }, `L${sub(step)}`));
    plot.setAttribute("aria-label", alt);
    if (room) node.scrollLeft = x(step) - room / 2;
  }
  return { node, lay, draw };
}

function render({ model, el }) {
  const numbers = model.get("numbers"), { labels, sizes, cosines } = numbers, T = labels.length;
  const loss = slider("loss at step", { min: 1, max: T, value: model.get("step"), show: t => `${t} of ${T}` }, step => put(model, { step }));
  const every = slider("cut every", { min: 1, max: T, value: model.get("k"), show: k => k === T ? "never" : k === 1 ? "1 step" : `${k} steps` }, k => put(model, { k }));
  const states = theStates(numbers, step => put(model, { step })), say = spoken();
  const legend = html("p", { class: "note" }, "Arrows and numbers: size of the gradient at each state. Bars: share of each step in the gradient of W_hh.");
  stage(el, "back-through-time", BACK, html("div", { class: "controls" }, loss.node, every.node), states.node, legend, say.node);

  function draw({ step, k }) {
    const first = Math.floor((step - 1) / k) * k + 1, back = step - first, size = sizes[step - 1], cosine = cosines[step - 1][back];
    loss.set(step);
    every.set(k);
    if (!size[step]) {
      const text = `Step ${step} has no loss: no gradient goes back from it.`;
      say.set(text);
      return states.draw({ step, k, first, alt: text });
    }
    const left = `${short(100 * size[first === 1 ? 0 : first] / size[step])} % of it is left`;
    const way = first === 1 ? `runs back to the start: at h₀ ${left}.` : back === 0 ? "stays at its step; the past is cut off."
      : `runs back ${back === 1 ? "1 step" : `${back} steps`} and is cut at h${sub(first)}, where ${left}.`;
    const rest = cosine === null ? " W_hh had nothing to multiply yet: h₀ is zero."
      : first === 1 ? "" : ` Cosine with the uncut gradient of W_hh: ${number(cosine)}.`;
    const text = `The gradient of L${sub(step)} ${way}${rest}`;
    say.set(text);
    states.draw({ step, k, first, alt: text });
  }
  const stops = [watch(model, ["step", "k"], draw), fit(states.node, states.lay)];
  return () => stops.forEach(stop => stop());
}
export default { render };
