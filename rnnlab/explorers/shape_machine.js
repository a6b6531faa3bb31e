// Shape machine: the sizes of a recurrent layer in, the blocks of all its tensors out.
const STYLE_OF_SHAPES = `.shape-machine.rnnlab {
  .controls { gap: 4px 12px; margin: 0 0 2px; } .control { gap: 8px; } input[type=range] { width: 90px; } .control .value { min-width: 1em; }
  .pills span { padding: 4px 9px; } .control legend { padding-right: 8px; }
  code { flex: 1 1 500px; min-width: 0; font: 600 17px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; padding: 2px 10px;
    background: var(--raised); color: var(--ink); border-radius: 6px; overflow-wrap: anywhere; white-space: pre-wrap; }
  .tensor { cursor: pointer; outline-offset: -2px; }
  .x, .ih { --tone: var(--input); --soft: var(--input-soft); } .out { --tone: var(--output); --soft: var(--output-soft); }
  .h_n, .hh { --tone: var(--hidden); --soft: var(--hidden-soft); } .h_n { --tone: color-mix(in srgb, var(--hidden) 58%, #000); } .c_n { --tone: var(--cell); --soft: var(--cell-soft); }
  .ground { fill: var(--paper); } .sheet { fill: var(--soft); } .edge { fill: none; stroke: var(--tone); stroke-width: 1.6; }
  .lines { fill: none; stroke: var(--tone); stroke-width: .7; opacity: .6; } .gates { fill: none; stroke: var(--tone); stroke-width: 2; }
  .marked { fill: var(--hidden); } .hit { fill: transparent; stroke: none; } .tensor:hover .hit { fill: var(--raised); }
  .tensor[aria-checked=true] .hit { fill: var(--raised); stroke: var(--ink); stroke-width: 2; }
  svg text.name, svg text.shape { font-weight: 700; } svg text.shape { font-size: 18px; }
  svg text.small { font-size: 15px; } svg tspan.quiet { fill: var(--quiet); }
  .layer { fill: var(--hidden-soft); stroke: var(--hidden); stroke-width: 2; }
  .wire { fill: none; stroke: var(--ink); stroke-width: 2.5; stroke-linecap: round; stroke-linejoin: round; }
  .say { min-height: 2.8em; }
}
@container (max-width: 600px) { .shape-machine.rnnlab { .control { width: 100%; } input[type=range] { width: auto; } .control legend, .control > span:first-child { min-width: 6.5em; }
  code { flex-basis: 100%; } .say { min-height: 5.6em; } } }`;
const GAP = 12;

// Every tensor in the order of PyTorch: what goes in and comes out, then the parameters layer by layer.
function allTensors(at) {
  const letters = { ...at, G: at.most[at.cell] };
  const length = axis => axis.split("·").reduce((product, letter) => product * letters[letter], 1);
  const plain = axis => axis.split("·").filter(letter => letters[letter] > 1 || !"DG".includes(letter))
    .map(letter => letter === "G" ? letters.G : letter).join("·");
  const tensor = (name, kind, axes, more) =>
    ({ name, kind, axes: axes.map(plain), shape: axes.map(length), ...more });
  const data = ["x", "out", "h_n", ...at.cell === "LSTM" ? ["c_n"] : []].map(name => {
    const [first, second, last] = at.rules[name];
    return tensor(name, name, !at.batch_first && "xout".includes(name) ? [second, first, last] : [first, second, last]);
  });
  const held = [];
  for (let layer = 0; layer < at.L; layer++)
    for (const suffix of ["", "_reverse"].slice(0, at.D))
      for (const kind of ["weight_ih", "weight_hh", "bias_ih", "bias_hh"])
        held.push(tensor(`${kind}_l${layer}${suffix}`, kind, at.rules[`${kind}_l${layer}`] ?? at.rules[kind], { layer, suffix }));
  return { data, held };
}

const inBrackets = parts => `(${parts.join(", ")}${parts.length === 1 ? "," : ""})`;
const call = ({ cell, I, H, L, D, batch_first }) =>
  `nn.${cell}(${[I, H, ...L > 1 ? [`num_layers=${L}`] : [], ...batch_first ? ["batch_first=True"] : [], ...D > 1 ? ["bidirectional=True"] : []].join(", ")})`;

function meaning({ kind, layer, suffix }, at) {
  const { B, T, I, H, L, D, batch_first } = at, G = at.most[at.cell];
  const many = (n, thing) => `${n} ${thing}${n === 1 ? "" : "s"}`;
  const rows = G > 1 ? `${many(G, "gate")} with ${many(H, "row")} each` : `a row for each of ${many(H, "unit")}`;
  const from = layer ? `the ${D * H} states below${D > 1 ? ", both directions" : ""}` : `${many(I, "number")} of the input`;
  return {
    x: batch_first ? `${many(B, "sequence")}, each of ${many(T, "step")}, each of ${many(I, "number")}.`
      : `time first: ${many(T, "step")}, at each of them ${many(B, "sequence")} of ${many(I, "number")}.`,
    out: `the top layer at every step${D > 1 ? ", forward and backward side by side" : ""}. The amber cells stand in h_n too.`,
    h_n: `the last state of ${many(L, "layer")}${D > 1 ? " in 2 directions" : ""}, for ${many(B, "sequence")}. Never batch first. `
      + (L > 1 ? "Only the top layer, amber, stands in out too." : "All of it stands in out too."),
    c_n: "the last cell state, laid out like h_n. It stands nowhere in out.",
    weight_ih: `${rows}, a column for each of ${from}.`,
    weight_hh: `${rows}, a column for each of ${many(H, "unit")} one step ${suffix ? "later, since it reads backward" : "before"}.`,
    bias_ih: `one number for each row of weight_ih_l${layer}${suffix}.`,
    bias_hh: `one number for each row of weight_hh_l${layer}${suffix}. The two biases are simply added.`,
  }[kind];
}

// The rows of `out` and `h_n` that hold the same numbers: [sheet, row, first column, columns].
function markedRows({ kind, shape }, { T, H, D, B, L, batch_first }) {
  const found = [];
  if (kind === "h_n") for (let d = D * (L - 1); d < D * L; d++) for (let b = 0; b < B; b++) found.push([d, b, 0, H]);
  if (kind === "out") for (let b = 0; b < B; b++)
    for (const [t, column] of [[T - 1, 0], [0, H]].slice(0, D)) found.push([...batch_first ? [b, t] : [t, b], column, H]);
  return found;
}

function sheet(x, y, [rows, columns], unit, marked = [], gate = 0) {
  const place = { x, y, width: unit * columns, height: unit * rows };
  const down = Array.from({ length: columns - 1 }, (_, i) => `M${x + unit * (i + 1)},${y}v${unit * rows}`);
  const across = Array.from({ length: rows - 1 }, (_, i) => `M${x},${y + unit * (i + 1)}h${unit * columns}`);
  const gates = gate ? across.filter((_, i) => (i + 1) % gate === 0) : [];
  return [
    svg("rect", { class: "ground", ...place }), svg("rect", { class: "sheet", ...place }),
    ...marked.map(([, row, column, width]) =>
      svg("rect", { class: "marked", x: x + unit * column, y: y + unit * row, width: unit * width, height: unit })),
    svg("path", { class: "lines", d: [...down, ...across].join("") }), svg("path", { class: "gates", d: gates.join("") }),
    svg("rect", { class: "edge", ...place }),
  ];
}

function render({ model, el }) {
  const names = ["rules", "most", "B", "T", "I", "H", "L", "D", "cell", "batch_first", "tensor"];
  const most = model.get("most"), set = name => value => put(model, { [name]: value });
  const size = (name, word) => [name, slider(`${name} ${word}`, { min: 1, max: most[name], value: model.get(name) }, set(name))];
  const controls = Object.fromEntries([
    size("B", "batch"), size("T", "time"), size("I", "input"), size("H", "hidden"), size("L", "layers"),
    ["D", choice("D directions", [1, 2], model.get("D"), set("D"))],
    ["cell", choice("cell", ["RNN", "LSTM", "GRU"], model.get("cell"), set("cell"))],
    ["batch_first", choice("batch_first", [{ value: true, label: "True" }, { value: false, label: "False" }], model.get("batch_first"), set("batch_first"))],
  ]);
  const line = html("code"), say = spoken(), page = html("div");
  stage(el, "shape-machine", STYLE_OF_SHAPES,
    html("div", { class: "controls" }, ...Object.values(controls).map(control => control.node), line), page, say.node);
  let at = null, before = new Map();

  // One tensor of the picture: its drawing, a ground to click on, and its name and shape for those who hear it.
  function item(tensor, box, ...parts) {
    const chosen = tensor.name === at.tensor;
    return svg("g", { class: `tensor ${tensor.kind.split("_").pop() === "n" ? tensor.kind : tensor.kind.replace(/.*_/, "")}`,
      role: "radio", "aria-checked": String(chosen), tabindex: chosen ? 0 : -1, "data-name": tensor.name,
      "aria-label": `${tensor.name} ${inBrackets(tensor.shape)}`, onclick: () => choose(tensor.name) },
      svg("rect", { class: "hit", rx: 8, ...box }), ...parts);
  }

  // What goes in and comes out, in rows no wider than the page; the layer itself stands between x and out.
  function dataRows(data, width) {
    const unit = width < 600 ? 13 : at.D > 1 ? 16 : 18, behind = 8, parts = [];
    const tall = Math.max(34 * at.L - 4, ...data.map(({ shape }) => unit * shape[1] + behind * (shape[0] - 1)));
    const wide = ({ shape }) => Math.max(22 + unit * shape[2] + behind * (shape[0] - 1) + 34, 108);
    let left = 0, foot = tall + 36;
    const next = need => { if (left + need > width && left) { left = 0; foot += tall + 100; } };
    for (const tensor of data) {
      const { shape: [sheets, rows, columns], axes } = tensor, need = wide(tensor);
      next(need);
      const x = left + 24, top = foot - unit * rows, up = behind * (sheets - 1), marked = markedRows(tensor, at);
      const drawn = Array.from({ length: sheets }, (_, i) => sheets - 1 - i).flatMap(s =>
        sheet(x + behind * s, top - behind * s, [rows, columns], unit, marked.filter(([of]) => of === s)));
      parts.push(item(tensor, { x: left + 1, y: top - up - 32, width: need, height: foot - top + up + 84 }, ...drawn,
        svg("text", { class: "name", x, y: top - up - 10 }, tensor.name),
        svg("text", { class: "small quiet", x: x - 6, y: (top + foot) / 2 + 5, "text-anchor": "end" }, axes[1]),
        svg("text", { class: "small quiet", x: x + unit * columns / 2, y: foot + 18, "text-anchor": "middle" }, axes[2]),
        svg("text", { class: "small quiet", x: x + unit * columns + up / 2 + 5, y: foot + 6 - up / 2 }, axes[0]),
        svg("text", { class: "shape", x, y: foot + 42 }, inBrackets(tensor.shape))));
      left += need + GAP;
      if (tensor.name === "x") {
        next(150);
        const middle = foot - tall / 2, first = middle + 17 * at.L - 2;
        parts.push(svg("path", { class: "wire", d: `M${left},${middle}h24m-7,-7l7,7l-7,7M${left + 102},${middle}h24m-7,-7l7,7l-7,7` }));
        for (let layer = 0; layer < at.L; layer++) {
          const y = first - 34 * (layer + 1) + 4;
          parts.push(svg("rect", { class: "layer", x: left + 31, y, width: 64, height: 30, rx: 7 }),
            svg("text", { x: left + 63, y: y + 21, "text-anchor": "middle" }, at.D > 1 ? "→ ←" : "→"));
        }
        left += 126 + GAP;
      }
    }
    return { parts, height: foot + 52 };
  }

  // The parameters as a table: a column for each layer and direction, a row for each kind; name = row + column.
  function heldRows(held, width, top) {
    const parts = [], columns = at.L * at.D, rows = at.most[at.cell] * at.H, head = 82;
    const across = Math.min(columns, Math.max(1, Math.floor((width - head) / (width < 600 ? 122 : 140))));
    const pitch = (width - head) / across, deepest = Math.max(...held.map(({ shape }) => shape[1] ?? shape[0]));
    const unit = Math.min(at.D > 1 ? 16 : 18, 72 / rows, (pitch - 74) / deepest);
    const kinds = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"];
    for (let band = 0; band < columns; band += across) {
      for (const kind of kinds) {
        const deep = kind.startsWith("weight") ? Math.max(unit * rows, 18) : 18;
        if (kind === kinds[0]) top += 26;
        parts.push(svg("text", { class: "small", x: head - 10, y: top + deep / 2 + 6, "text-anchor": "end" }, kind));
        held.filter(tensor => tensor.kind === kind).slice(band, band + across).forEach((tensor, column) => {
          const x = head + column * pitch, shape = tensor.shape.length > 1 ? tensor.shape : [1, ...tensor.shape];
          const y = top + (deep - unit * shape[0]) / 2;
          if (kind === kinds[0]) parts.push(svg("text", { class: "small", x, y: top - 9 }, tensor.name.replace(kind, "")));
          parts.push(item(tensor, { x: x - 5, y: top - 3, width: pitch - 6, height: deep + 6 },
            ...sheet(x, y, shape, unit, [], at.most[at.cell] > 1 && kind.startsWith("weight") ? at.H : 0),
            svg("text", { class: "small", x: x + unit * shape[1] + 7, y: top + deep / 2 + 6 }, inBrackets(tensor.shape),
              ...pitch > 300 ? [svg("tspan", { class: "quiet" }, ` = ${inBrackets(tensor.axes)}`)] : [])));
        });
        top += deep + 8;
      }
      top += 12;
    }
    return { parts, height: top - 8 };
  }

  function choose(name, focus = false) {
    put(model, { tensor: name });
    if (focus) page.querySelector("[aria-checked=true]").focus();
  }

  function draw(width) {
    const { data, held } = allTensors(at), all = [...data, ...held];
    const chosen = all.find(tensor => tensor.name === at.tensor) ?? data[1];
    at = { ...at, tensor: chosen.name };
    const focused = page.contains(el.getRootNode().activeElement);
    const above = dataRows(data, width), below = heldRows(held, width, above.height);
    const plot = svg("svg", { width, height: below.height, viewBox: `0 0 ${width} ${below.height}`, role: "radiogroup",
      "aria-label": "Tensors", onkeydown: event => step(event, all) }, ...above.parts, ...below.parts);
    page.replaceChildren(plot);
    if (focused) page.querySelector("[aria-checked=true]").focus({ preventScroll: true });

    const numbers = held.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0);
    line.textContent = `${call(at)}  # ${numbers} parameters`;
    say.set(`${chosen.name} ${inBrackets(chosen.shape)} = ${inBrackets(chosen.axes)}: ${meaning(chosen, at)}`);
    const now = new Map(all.map(({ name, shape }) => [name, inBrackets(shape)]));
    pulse([...page.querySelectorAll(".tensor")].filter(({ dataset: { name } }) => before.size && before.get(name) !== now.get(name)),
      [{ opacity: 0.25 }, { opacity: 1 }], 350);
    before = now;
  }

  function step(event, all) {
    const here = all.findIndex(({ name }) => name === at.tensor), last = all.length - 1;
    const to = { ArrowRight: here + 1, ArrowDown: here + 1, ArrowLeft: here - 1, ArrowUp: here - 1, Home: 0, End: last }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    choose(all[(to + all.length) % all.length].name, true);
  }

  const stop = [watch(model, names, values => {
    at = values;
    for (const [name, control] of Object.entries(controls)) control.set(values[name]);
    if (page.clientWidth) draw(Math.floor(page.clientWidth));
  }), fit(page, draw)];
  return () => { for (const f of stop) f(); };
}
export default { render };
