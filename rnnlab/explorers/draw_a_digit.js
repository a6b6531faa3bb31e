// Draw a digit: strokes become a picture as MNIST makes them, and the net, whose weights came along, reads it here.
const PAD = `.draw-a-digit.rnnlab {
  .bars { flex: 1 1 240px; max-width: 300px; }
  .pad { flex: 0 0 auto; width: 232px; height: 232px; touch-action: none; cursor: crosshair; border: 2px solid var(--input); border-radius: 10px; background: var(--paper); }
  .stroke { fill: none; stroke: var(--ink); stroke-linecap: round; stroke-linejoin: round; stroke-width: 22; }
  svg text.invite { fill: var(--quiet); pointer-events: none; font-size: 19px; }
}
@container (max-width: 600px) { .draw-a-digit.rnnlab .pad { width: 280px; height: 280px; } }`;

// The forward pass of models.Reader: pixels (T·I) in 0 … 1 -> beliefs, T rows of V. The weights come from eight_bits.js.
function read({ cell, reading, weights: all }, pixels, T) {
  const I = pixels.length / T, layer = layerOf(all, "recurrent"), H = layer.weight_hh.length / layer.bias_hh.length;
  let h = new Float64Array(H), c = new Float64Array(H), most = new Float64Array(H).fill(-Infinity);
  return Array.from({ length: T }, (_, t) => {
    const x = pixels.slice(I * t, I * t + I);
    if (cell === "lstm") ({ h, c } = lstmStep(layer, x, { h, c }));
    else h = cell === "gru" ? gruStep(layer, x, h) : rnnStep(layer, x, h);
    most = most.map((m, u) => Math.max(m, h[u]));
    return softmax(affine(all["head.weight"], all["head.bias"], reading === "max" ? most : h));
  });
}

// MNIST's way: fit the ink into 20 x 20, keep the proportions, put the centre of mass in the middle of 28 x 28.
function likeMNIST(strokes, wide = 2.1) {
  const points = strokes.flat(), [xs, ys] = [0, 1].map(k => points.map(p => p[k]));
  const low = [Math.min(...xs), Math.min(...ys)], size = Math.max(Math.max(...xs) - low[0], Math.max(...ys) - low[1], 0.1);
  const scale = (20 - wide) / size, fitted = strokes.map(s => s.map(p => [scale * (p[0] - low[0]), scale * (p[1] - low[1])]));
  const middle = mass(fitted, wide);
  return ink(fitted.map(s => s.map(([x, y]) => [x + 14 - middle[0], y + 14 - middle[1]])), wide);
}
function ink(strokes, wide, side = 28, shift = 0) {
  const pixels = new Array(side * side).fill(0);
  for (const stroke of strokes) stroke.forEach((b, k) => {
    const a = stroke[Math.max(0, k - 1)], dx = b[0] - a[0], dy = b[1] - a[1], long = dx * dx + dy * dy, reach = wide / 2 + 1;
    const range = (u, v) => [Math.max(0, Math.floor(Math.min(u, v) + shift - reach)), Math.min(side - 1, Math.ceil(Math.max(u, v) + shift + reach))];
    const [left, right] = range(a[0], b[0]), [top, bottom] = range(a[1], b[1]);
    for (let i = top; i <= bottom; i++) for (let j = left; j <= right; j++) {
      const px = j + 0.5 - shift - a[0], py = i + 0.5 - shift - a[1], s = long ? Math.min(1, Math.max(0, (px * dx + py * dy) / long)) : 0;
      const value = Math.min(1, Math.max(0, (wide / 2 + 0.7 - Math.hypot(px - s * dx, py - s * dy)) / 1.4));
      if (255 * value > pixels[side * i + j]) pixels[side * i + j] = Math.round(255 * value);
    }
  });
  return pixels;
}
function mass(strokes, wide) {
  const side = 30, shift = 4, pixels = ink(strokes, wide, side, shift), total = pixels.reduce((s, v) => s + v, 0);
  return [i => i % side, i => Math.floor(i / side)].map(at => pixels.reduce((s, v, i) => s + v * (at(i) + 0.5), 0) / total - shift);
}

const pack = pixels => btoa(String.fromCharCode(...pixels));

function render({ model, el }) {
  const net = { ...model.get("net"), weights: weights(model.get("net").weights) }, samples = model.get("samples"), T = 28;
  const controls = theRows(model, T), say = spoken(), reading = theReading(T, 28, controls.own);
  const lines = svg("g"), invite = svg("text", { class: "invite", x: 140, y: 145, "text-anchor": "middle" }, "draw a digit here");
  const pad = svg("svg", { class: "pad", width: 280, height: 280, viewBox: "0 0 280 280", role: "img", "aria-label": "Draw a digit here with the mouse or a finger, or choose a stored digit." }, lines, invite);
  let strokes = [];
  const at = event => {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(pad.getScreenCTM().inverse());
    return [Math.min(280, Math.max(0, x)) / 280, Math.min(280, Math.max(0, y)) / 280];
  };
  const trace = stroke => path((stroke.length > 1 ? stroke : [stroke[0], stroke[0]]).map(([x, y]) => [280 * x, 280 * y]));
  function wipe() { strokes = []; lines.replaceChildren(); invite.style.display = ""; }
  function sketch(...points) {
    strokes.at(-1).push(...points);
    lines.lastChild.setAttribute("d", trace(strokes.at(-1)));
    put(model, { pixels: pack(likeMNIST(strokes)) });
  }
  pad.addEventListener("pointerdown", event => {
    if (event.button || !event.isPrimary) return;
    pad.setPointerCapture(event.pointerId);
    controls.halt();
    if (!strokes.length) put(model, { row: T });
    strokes.push([]);
    lines.append(svg("path", { class: "stroke" }));
    invite.style.display = "none";
    sketch(at(event));
  });
  pad.addEventListener("pointermove", event => {
    if (!event.isPrimary || !strokes.length || !pad.hasPointerCapture(event.pointerId)) return;
    const events = event.getCoalescedEvents?.() ?? [];
    sketch(...(events.length ? events : [event]).map(at));
  });
  const blank = pack(new Array(784).fill(0));
  const clear = button("clear", () => { controls.halt(); wipe(); put(model, { pixels: blank }); });
  const stored = html("div", { class: "control", role: "group", "aria-label": "a stored digit" }, html("span", {}, "or take"),
    html("div", { class: "pills" }, ...samples.map(({ label, pixels }) =>
      button(label, () => { controls.halt(); wipe(); put(model, { pixels }); }, { "aria-label": `stored digit ${label}` }))));
  const root = stage(el, "draw-a-digit", READING + PAD, html("div", { class: "controls" }, clear, stored),
    html("div", { class: "controls" }, ...controls.nodes), reading.node, say.node);
  reading.node.prepend(pad);
  let shown = null, rows = null, image = null;
  const stops = [fit(reading.curves, reading.lay), watch(model, ["pixels", "row"], ({ pixels, row }) => {
    if (pixels !== shown) {
      image = unpack(shown = pixels);
      rows = read(net, image.map(v => v / 255), T).map(row => row.map(p => Math.min(1 - 1e-9, Math.max(1e-9, p))));   // no net is certain
    }
    const [first, second] = ranked(rows[row - 1]), end = settles(rows);
    controls.set(row);
    reading.draw({ pixels: image, rows, row });
    root.dataset.empty = pixels === blank;
    say.set(pixels === blank ? "Nothing drawn: the net reads 28 empty rows."
      : `After row ${row} of ${T}: ${first} with ${percent(rows[row - 1][first])}, then ${second} with ${percent(rows[row - 1][second])}. From row ${end.row} on it stays with ${end.digit}.`);
  })];
  return () => { controls.halt(); stops.forEach(stop => stop()); };
}
export default { render };
