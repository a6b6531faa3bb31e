// Unroller: the chain of steps; under it the formula of the step in use, and one unit's sum product by product.
const UNROLLER = `.unroller.rnnlab {
  input[type=range] { width: 160px; } .tally { margin-left: auto; color: var(--quiet); }
  .chain { overflow: auto hidden; } .chain svg { max-width: none; }
  .wire { fill: none; stroke-width: 3; stroke-linecap: round; stroke-linejoin: round; }
  .wire.ih { stroke: var(--input); } .wire.hh { stroke: var(--hidden); } .wire.held { stroke-width: 7; }
  text.ih { fill: var(--input-ink); } text.hh { fill: var(--hidden-ink); }
  .cell { fill: var(--hidden-soft); stroke: var(--hidden); stroke-width: 2.5; transition: fill .15s; }
  .slot { fill: var(--paper); stroke: var(--hidden); stroke-width: 1.2; } .bar { fill: var(--hidden); opacity: .5; }
  .entry { stroke: var(--input); stroke-width: 1.2; } :is(.slot, .entry).held { stroke: var(--ink); stroke-width: 3; }
  .now .cell { fill: var(--hidden); stroke-width: 4; filter: drop-shadow(0 0 9px var(--hidden)); }
  .now .squash { fill: ${TONES.light.ink}; } .now :is(.letter, .name, .squash) { font-weight: 700; }
  .later .cell { fill: none; stroke-dasharray: 5 5; opacity: .6; } .later .slot { stroke-dasharray: 4 4; opacity: .5; }
  .later .wire:not(.held) { opacity: .3; } .later :is(.bar, .value, .squash, text.ih, text.hh) { display: none; }
  .later :is(.name, .letter) { fill: var(--quiet); }

  .formula { display: grid; grid: auto auto / auto-flow; justify-content: start; gap: 0 7px; margin: 6px 0 8px;
    font-size: 18px; text-align: center; white-space: nowrap; }
  .formula :is(sub, sup) { font-size: 13px; line-height: 0; }
  .ih-ink { color: var(--input-ink); } .hh-ink { color: var(--hidden-ink); } .formula .last { text-align: left; }

  .inside { display: flex; flex-wrap: wrap; gap: 8px 32px; align-items: center; }
  .products { flex: 1 1 480px; min-width: 0; } .curve { flex: 0 0 280px; margin: 0 auto; }
  .term { display: grid; grid-template-columns: 3.2em 3.1em 1.2em 3.4em 1.2em 3.4em 1fr; align-items: center; width: 100%;
    min-height: 24px; padding: 0 4px; margin: 0; border: 0; border-radius: 5px; background: none; color: var(--ink);
    font: inherit; font-variant-numeric: inherit; text-align: right; white-space: nowrap; }
  button.term { cursor: pointer; } button.term.held { background: var(--raised); box-shadow: 0 0 0 2px var(--quiet); }
  .term.zero { color: var(--quiet); } .term.total { border-top: 2px solid; border-radius: 0; font-weight: 650; }
  .term > :first-child { text-align: left; } .term b { font-weight: inherit; }
  .term.ih > :first-child { color: var(--input-ink); } .term.hh > :first-child { color: var(--hidden-ink); }
  .track { position: relative; align-self: stretch; margin-left: 16px; }
  .track i { position: absolute; inset: 4px auto; border-radius: 2px; background: var(--quiet); }
  .ih .track i { background: var(--input); } .hh .track i { background: var(--hidden); }
  .total .track i { background: var(--ink); }
  .track u { position: absolute; inset: 0 auto; border-left: 1px solid var(--line); }

  .line { fill: none; stroke: var(--quiet); stroke-width: 2.5; }
  .drop { fill: none; stroke: var(--hidden); stroke-width: 3; stroke-dasharray: 6 5; }
  .dot { fill: var(--hidden); stroke: var(--ink); stroke-width: 2; }
}
@container (max-width: 600px) { .unroller.rnnlab {
  input[type=range] { width: auto; }
  .tally { margin: 0; } .track { margin-left: 8px; }
  .formula { gap: 0 1px; font-size: min(15px, 4.1cqw); } .formula .last { grid-area: 3 / 1 / 4 / span 12; }
  .term { grid-template-columns: 3em 2.9em 1.2em 2.9em 1.1em 3em 1fr; font-size: 15px; padding: 0; min-height: 32px; }
} }`;

// One unit at one step, taken apart: its products in the order of the formula, each with the total before it.
function takeApart({ x, h, w_ih, w_hh, b_ih, b_hh, sums }, step, unit) {
  const u = unit - 1, terms = [];
  const add = (side, letter, t, values, weights) => values.forEach((value, index) =>
    terms.push({ side, index, name: `${letter}${sub(t)}[${index + 1}]`, value, weight: weights[u][index] }));
  const bias = (side, b) => { if (b) terms.push({ side, index: 0, name: side, value: 1, weight: b[u] }); };
  add("ih", "x", step, x[step - 1], w_ih);
  bias("b_ih", b_ih);
  add("hh", "h", step - 1, h[step - 1], w_hh);
  bias("b_hh", b_hh);
  let total = 0;
  for (const term of terms) {
    term.product = term.value * term.weight;
    term.from = total;
    term.to = total += term.product;
  }
  const share = side => terms.filter(term => term.side === side).reduce((sum, term) => sum + term.product, 0);
  return { terms, share, sum: sums[step - 1][u], before: h[step - 1][u], after: h[step][u] };
}

// h₀, then for every step the wire from the state before, the cell, its input below it, and the state after.
function theChain({ labels, nonlinearity, x, h }, pick) {
  const node = html("div", { class: "chain" }), middling = { "text-anchor": "middle" };
  const T = x.length, I = x[0].length, H = h[0].length, largest = Math.max(...x.flat().map(Math.abs)) || 1;
  const full = nonlinearity === "tanh" ? 1 : Math.max(...h.flat()) || 1;    // the state that fills its tile
  let steps = [], shown = null, seen = null, scroll = null;

  function lay(width) {
    const roomy = width / (T + 0.4) >= 122, edge = 5, row = 26, tile = roomy ? 58 : 20, link = roomy ? 9 : 3;
    const pitch = Math.max(54, Math.min(240, (width - 2 * edge - tile) / T)), spare = pitch - tile - link;
    const cell = roomy ? Math.min(66, Math.max(48, spare - 34)) : spare - 15, named = spare - cell >= 32;
    const tall = Math.max(58, H * row), middle = 26 + tall / 2, foot = 26 + tall + 38;
    const entry = Math.min(roomy ? 20 : 13, (pitch - 6) / I);
    const wide = 2 * edge + tile + T * pitch, height = foot + 54;

    const state = (right, values) => values.flatMap((value, i) => {
      const y = middle + row * (i - H / 2), half = Math.abs(value) / full * tile / 2, centre = right - tile / 2;
      return [svg("rect", { class: "slot", x: right - tile, y: y + 1, width: tile, height: row - 2, rx: 4 }),
        svg("rect", { class: "bar", x: value < 0 ? centre - half : centre, y: y + 2, width: half, height: row - 4 }),
        ...roomy ? [svg("text", { class: "value", x: centre, y: y + 19, ...middling }, number(value))] : []];
    });
    const weight = (side, x, y) =>
      svg("text", { class: side, x, y, ...middling }, "W", svg("tspan", { dy: 5, "font-size": 13 }, side));
    const step = (right, t) => {
      const from = right - pitch + 4, centre = right - tile - link - cell / 2, left = centre - cell / 2;
      const size = Math.max(11, Math.min(25, 1.7 * pitch / [...labels[t - 1]].length));
      return [
        svg("path", { class: "wire hh", d: `M${from},${middle}H${left - 5}m-7,-7l7,7l-7,7` }),
        svg("path", { class: "wire ih", d: `M${centre},${foot - 5}V${middle + 34}m-7,7l7,-7l7,7` }),
        svg("rect", { class: "cell", x: left, y: middle - 28, width: cell, height: 56, rx: roomy ? 12 : 7 }),
        ...roomy && entry * I < pitch - 60 ? [svg("text",
          { class: "name", x: centre - entry * I / 2 - 8, y: foot + 14, "text-anchor": "end" }, `x${sub(t)}`)] : [],
        ...roomy ? [svg("text", { class: "squash", x: centre, y: middle + 6, ...middling }, nonlinearity)] : [],
        ...named ? [weight("hh", (from + left) / 2 - 2, middle - 15), weight("ih", centre + 24, foot - 14)] : [],
        ...x[t - 1].map((value, j) => svg("rect", { class: "entry", x: centre + entry * (j - I / 2) + 1, y: foot,
          width: entry - 2, height: 18, rx: Math.min(2, entry / 4),
          fill: `color-mix(in srgb, var(--input) ${Math.round(100 * Math.abs(value) / largest)}%, var(--paper))` })),
        svg("text", { class: "letter", x: centre, y: foot + 43, style: `font-size: ${size}px`, ...middling }, labels[t - 1]),
      ];
    };
    steps = h.map((values, t) => {
      const right = edge + tile + t * pitch;
      const name = svg("text", { class: "name", x: right - tile / 2, y: middle - H * row / 2 - 7, ...middling }, `h${sub(t)}`);
      return svg("g", { "data-step": t }, name, ...state(right, values), ...t ? step(right, t) : []);
    });
    const plot = svg("svg", { width: wide, height, viewBox: `0 0 ${wide} ${height}`, role: "img" }, ...steps);
    drag(plot, point => {
      const along = point.x - edge - tile, t = Math.min(T, Math.max(1, Math.ceil(along / pitch)));
      const unit = Math.floor((point.y - middle) / row + H / 2) + 1, onState = along > t * pitch - tile && unit > 0 && unit <= H;
      pick(onState ? { step: t, unit } : { step: t });
    });
    node.replaceChildren(plot);
    // Asked for only where the chain is wider than the page: reading sizes costs a layout.
    scroll = t => { if (wide > width) node.scrollLeft = edge + tile + (t - 0.5) * pitch - width / 2; };
    seen = null;
    if (shown) draw(shown);
  }

  function draw({ step, unit, held, alt }) {
    shown = { step, unit, held, alt };
    if (!steps.length) return;
    const light = (g, name, lit) => g.querySelectorAll(name).forEach((part, i) => part.classList.toggle("held", lit(i)));
    steps.forEach((g, t) => {
      g.setAttribute("class", t < step ? "past" : t === step ? "now" : "later");
      light(g, ".slot", i => t === step ? i === unit - 1 : t === step - 1 && held?.side === "hh" && i === held.index);
      light(g, ".entry", j => t === step && held?.side === "ih" && j === held.index);
      for (const side of ["ih", "hh"]) light(g, `.wire.${side}`, () => held?.side === side);   // one weight, every step
    });
    node.firstChild.setAttribute("aria-label", alt);
    if (seen === step) return;
    const used = steps.slice(1, step + 1).flatMap(g => [...g.querySelectorAll(".wire")]);
    if (seen !== null) pulse(used, [{ strokeWidth: "3px" }, { strokeWidth: "8px" }, { strokeWidth: "3px" }]);
    seen = step;
    scroll(step);
  }
  return { node, lay, draw };
}

// The symbols in one row, the numbers of this step and this unit under them.
function theFormula({ nonlinearity, b_ih, b_hh }) {
  const node = html("div", { class: "formula" });
  const W = low => ["W", html("sub", {}, low), html("sup", {}, "T")], b = low => ["b", html("sub", {}, low)];
  function draw({ step, unit, share, sum, after }) {
    const columns = [
      [[`h${sub(step)}`], `h${sub(step)}[${unit}]`, "hh-ink"], [["="], "="], [[`${nonlinearity}(`], `${nonlinearity}(`],
      [[`x${sub(step)} `, ...W("ih")], number(share("ih")), "ih-ink"],
      ...b_ih ? [[["+"], "+"], [b("ih"), number(share("b_ih"))]] : [],
      [["+"], "+"], [[`h${sub(step - 1)} `, ...W("hh")], number(share("hh")), "hh-ink"],
      ...b_hh ? [[["+"], "+"], [b("hh"), number(share("b_hh"))]] : [],
      [[")"], ")"], [[""], `= ${nonlinearity}(${number(sum)}) = ${number(after)}`, "last"],
    ];
    node.replaceChildren(...columns.flatMap(([symbols, value, ink = ""]) =>
      [html("span", { class: ink }, ...symbols), html("span", { class: ink }, value)]));
  }
  return { node, draw };
}

// A row for every product, its bar beginning where the last one ended, and under them the sum.
function theProducts(numbers, hold) {
  const every = numbers.x.flatMap((_, t) => numbers.w_hh.map((_, u) => takeApart(numbers, t + 1, u + 1)));
  const ends = every.flatMap(({ terms, sum }) => [0, sum, ...terms.map(term => term.to)]);
  const place = linear([Math.min(...ends), Math.max(...ends)], [0, 100]);
  const line = (tag, side, attributes = {}) => {
    const cells = Array.from({ length: 6 }, () => html("span")), bar = html("i");
    const track = html("span", { class: "track" }, html("u", { style: `left: ${place(0)}%` }), bar);
    const node = html(tag, { class: `term ${side}`, ...attributes }, ...cells, track);
    const set = (texts, from, to) => {
      texts.forEach((text, i) => { cells[i].textContent = text; });
      bar.style.left = `${place(Math.min(from, to))}%`;
      bar.style.width = `max(2px, ${Math.abs(place(to) - place(from))}%)`;
    };
    return { node, set };
  };
  let terms = every[0].terms;
  const rows = terms.map((term, i) => line("button", term.side, {
    type: "button", "aria-pressed": "false", onclick: () => hold(terms[i], true),
    onpointerenter: () => hold(terms[i]), onpointerleave: () => hold(null),
    onfocus: () => hold(terms[i]), onblur: () => hold(null),
  }));
  const total = line("div", "total");
  const node = html("div", { class: "products" }, ...rows.map(row => row.node), total.node);
  function draw({ terms: now, sum, held, kept }) {
    terms = now;
    terms.forEach(({ name, side, value, weight, product, from, to }, i) => {
      const factors = side[0] === "b" ? ["", "", "", ""] : [number(value), "×", number(weight), "="];
      rows[i].set([name, ...factors, number(product)], from, to);
      rows[i].node.classList.toggle("zero", product === 0);
      rows[i].node.classList.toggle("held", terms[i] === held);
      rows[i].node.setAttribute("aria-pressed", terms[i] === kept);
    });
    total.set(["sum", "", "", "", "", number(sum)], 0, sum);
  }
  return { node, draw };
}

function theCurve({ nonlinearity, sums }) {
  const squash = nonlinearity === "tanh" ? Math.tanh : v => Math.max(0, v);
  const most = Math.max(1.5, ...sums.flat().map(v => 1.15 * Math.abs(v)));
  const high = squash(most), low = Math.min(squash(-most), -0.15 * high);
  const x = linear([-most, most], [10, 270]), y = linear([low, high], [172, 28]);
  const points = Array.from({ length: 81 }, (_, i) => -most + most * i / 40).map(v => [x(v), y(squash(v))]);
  const drop = svg("path", { class: "drop" }), dot = svg("circle", { class: "dot", r: 7 });
  const sumText = svg("text", { y: 194, "text-anchor": "middle" }), stateText = svg("text", { class: "hh" });
  const node = svg("svg", { class: "curve", width: 280, height: 200, viewBox: "0 0 280 200", role: "img" },
    svg("path", { class: "grid", d: `M10,${y(0)}H270M${x(0)},20V176` }),
    svg("path", { class: "line", d: path(points) }), drop, dot, sumText, stateText,
    svg("text", { class: "quiet", x: x(0) + 8, y: 16 }, nonlinearity));
  function draw({ sum, after }) {
    drop.setAttribute("d", `M${x(sum)},176V${y(after)}H${x(0)}`);
    fill(dot, { cx: x(sum), cy: y(after) }, []);
    sumText.textContent = `sum ${number(sum)}`;
    sumText.setAttribute("x", Math.min(228, Math.max(52, x(sum))));
    stateText.textContent = number(after);
    fill(stateText, { x: x(0) + (sum > 0 ? -8 : 8), y: y(after) + 5, "text-anchor": sum > 0 ? "end" : "start" }, []);
    node.setAttribute("aria-label", `${nonlinearity} of ${number(sum)} is ${number(after)}`);
  }
  return { node, draw };
}

function inWords({ side, name, index, value, weight, product }, unit) {
  if (side[0] === "b") return `${name}[${unit}] = ${number(product)}, and the same ${name} at every step.`;
  const numbers = `${number(value)} · ${number(weight)} = ${number(product)}`;
  return `${name} · W_${side}[${unit},${index + 1}] = ${numbers}, and the same W_${side} at every step.`;
}

function render({ model, el }) {
  const numbers = model.get("numbers"), { labels, nonlinearity, x, w_ih, w_hh, b_ih, b_hh } = numbers;
  const T = x.length, I = x[0].length, H = w_hh.length, count = H * (I + H + (b_ih ? 2 : 0));
  const go = step => put(model, { step });
  const slide = slider("step", { min: 1, max: T, value: model.get("step"), show: t => `${t} of ${T}` }, go);
  const back = button("◀", () => go(model.get("step") - 1), { "aria-label": "one step back" });
  const next = button("▶", () => go(model.get("step") + 1), { "aria-label": "one step on" });
  const units = choice("unit", w_hh.map((_, i) => i + 1), model.get("unit"), unit => put(model, { unit }));
  const tally = html("span", { class: "tally" }, `${count} weights, shared by ${T} step${T > 1 ? "s" : ""}`);

  let kept = null, hovered = null;                       // the product under the pointer, and the one clicked
  const same = (a, b) => a && b && a.side === b.side && a.index === b.index;
  const hold = (term, click) => {
    if (click) kept = same(kept, term) ? null : term;
    hovered = click ? kept : term;
    draw();
  };
  const steps = theChain(numbers, values => put(model, values)), formula = theFormula(numbers);
  const products = theProducts(numbers, hold), curve = theCurve(numbers), say = spoken();
  const controls = html("div", { class: "controls" }, slide.node, html("div", { class: "control" }, back, next), units.node, tally);
  stage(el, "unroller", UNROLLER, controls, steps.node, formula.node,
    html("div", { class: "inside" }, products.node, curve.node), say.node);

  function draw() {
    const step = model.get("step"), unit = model.get("unit"), parts = takeApart(numbers, step, unit);
    const [held, pressed] = [hovered ?? kept, kept].map(term => parts.terms.find(one => same(one, term)));
    const now = number(parts.after), change = `${number(parts.before)} to ${nonlinearity}(${number(parts.sum)}) = ${now}`;
    slide.set(step);
    units.set(unit);
    back.disabled = step === 1;
    next.disabled = step === T;
    say.set(held ? inWords(held, unit) : `Step ${step} reads “${labels[step - 1]}”. Unit ${unit} goes from ${change}.`);
    steps.draw({ step, unit, held, alt: `Step ${step} of ${T} reads ${labels[step - 1]}; the state of unit ${unit} becomes ${now}.` });
    for (const part of [formula, products, curve]) part.draw({ ...parts, step, unit, held, kept: pressed });
  }
  const stops = [watch(model, ["step", "unit"], draw), fit(steps.node, steps.lay)];
  return () => stops.forEach(stop => stop());
}
export default { render };
