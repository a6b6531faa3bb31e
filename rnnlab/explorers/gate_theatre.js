// Gate theatre: the sequence once for every unit, each cell filled by what is looked at; under it what the net answers.
const THEATRE = `.gate-theatre.rnnlab {
  .board { display: flex; } .names { flex: none; } .chain { flex: 1; min-width: 0; overflow: auto hidden; } .chain svg { max-width: none; }
  .box { fill: none; stroke: var(--line); } .ring { fill: none; stroke: var(--ink); stroke-width: 3; } .ring.forced { stroke: var(--gradient); }
  .fill { opacity: .5; } .fill.cell { fill: var(--cell); } .fill.input { fill: var(--input); } .fill.output { fill: var(--output); }
  .fill.hidden { fill: var(--hidden); } .fill.below { fill: var(--quiet); }
  .free { stroke: var(--ink); stroke-width: 3; } .note { min-height: 1.4em; }
  :is(.letter, .value) { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round; stroke-opacity: .75; }
  text.letter { font-size: 20px; } text.value { font-size: 14px; } .letter.now { font-weight: 700; }
  text.wrong { fill: var(--gradient-ink); font-weight: 750; } .miss { fill: none; stroke: var(--gradient); stroke-width: 2; }
  text.force { fill: var(--gradient-ink); font-weight: 700; } legend { white-space: nowrap; }
}
@container (max-width: 600px) { .gate-theatre.rnnlab { .say { min-height: 4.2em; } .pills span { padding: 4px 10px; } } }`;

const digits = (look, v) => number(v, look === "c" ? 1 : 2);

// Every run of the table is the free one up to the step where its force acts, and only the rest of it is stored.
function theRuns(table, { labels, full, forces }) {
  const T = labels.length, H = full[0].length, width = full.length * H + 1;
  const bytes = Int8Array.from(atob(table), c => c.charCodeAt(0));
  const start = (force, step, t) => !forces.indexOf(force) || t < step ? t - 1
    : T + (forces.indexOf(force) - 1) * T * (T + 1) / 2 + (step - 1) * T - (step - 1) * (step - 2) / 2 + t - step;
  return (force, step, t) => {
    const at = start(force, step, t) * width;
    return { share: (look, unit) => bytes[at + look * H + unit] / 100, answer: bytes[at + width - 1] };
  };
}

// What stays is drawn once, when the width is known; a move then draws few nodes: all fillings of one kind are one path.
function theBoard({ labels, full, scale, right, known, looks }, pick) {
  const T = labels.length, H = full[0].length, order = looks.map(([name]) => name), tall = 52, inside = tall - 4, top = 26;
  const edge = 8, floor = top + H * tall, height = floor + 92, mid = { "text-anchor": "middle" }, cellTop = u => top + u * tall + 2;
  const names = svg("svg", { class: "names", width: 74, height, viewBox: `0 0 74 ${height}`, "aria-hidden": "true" });
  for (let u = 0; u < H; u++) names.append(svg("text", { x: 0, y: top + u * tall + 32 }, `unit ${u + 1}`));
  names.append(svg("text", { x: 0, y: floor + 26 }, "says"), svg("text", { class: "quiet", x: 0, y: floor + 54 }, known ? "right" : "unforced"));
  const chain = html("div", { class: "chain" }), node = html("div", { class: "board" }, names, chain);
  let plot = null, pitch = 0, shown = null, parts = {}, letters = [], picked = 0;
  const left = t => 3 + pitch * (t - 1) + 2, middle = t => left(t) + pitch / 2 - 2;

  function lay(width) {
    pitch = Math.max(42, (width - 6) / T);
    const wide = 6 + pitch * T, cells = [];
    plot = svg("svg", { width: wide, height, viewBox: `0 0 ${wide} ${height}`, role: "img" });
    drag(plot, point => pick(Math.min(T, Math.max(1, Math.ceil((point.x - 3) / pitch)))));
    letters = labels.map((label, t) => full[0].map((_, u) =>
      svg("text", { class: "letter", x: middle(t + 1), y: cellTop(u) + 31, ...mid }, label.slice(0, 4))));
    for (let t = 1; t <= T; t++) for (let u = 0; u < H; u++) cells.push(`M${left(t)},${cellTop(u)}h${pitch - 4}v${inside}h${4 - pitch}z`);
    parts = { above: svg("path", { class: "fill" }), below: svg("path", { class: "fill below" }), free: svg("path", { class: "free" }),
      ring: svg("rect", { class: "ring", y: top, width: pitch, height: floor - top, rx: 6 }), rest: svg("g") };
    plot.append(parts.above, parts.below, svg("path", { class: "box", d: cells.join("") }), parts.free, parts.ring, ...letters.flat(),
      ...right.map((answer, t) => svg("text", { class: "quiet", x: middle(t + 1), y: floor + 54, ...mid }, answer)), parts.rest);
    chain.replaceChildren(plot);
    picked = 0;
    if (shown) draw(shown);
  }

  function column(t, now) {
    if (t) letters[t - 1].forEach((letter, u) => { letter.setAttribute("y", cellTop(u) + (now ? 20 : 31)); letter.classList.toggle("now", now); });
  }

  function draw(now) {
    const { look, force, step, run, alt } = shown = now;
    if (!plot) return;
    const place = order.indexOf(look), share = inside / ("ch".includes(look) ? 2 : 1), d = { above: [], below: [], free: [] }, rest = [];
    for (let t = 1; t <= T; t++) {
      const here = run(force, step, t), free = run("none", 1, t), x = middle(t);
      for (let u = 0; u < H; u++) {
        const of = row => row.share(place, u) * full[place][u], up = v => share * Math.max(-1, Math.min(1, v / scale[place][u]));
        const v = of(here), was = of(free), ground = cellTop(u) + share;
        d[v < 0 ? "below" : "above"].push(`M${left(t)},${ground}h${pitch - 4}v${-up(v)}h${4 - pitch}z`);
        if (v !== was) d.free.push(`M${left(t)},${ground - up(was)}h${edge}m${pitch - 4 - 2 * edge},0h${edge}`);
        if (t === step) rest.push(svg("text", { class: "value", x, y: cellTop(u) + 41, ...mid }, digits(look, v)));
      }
      const good = here.answer === right[t - 1], kind = good ? "right" : "wrong";
      if (!good) rest.push(svg("rect", { class: "miss", x: x - 13, y: floor + 7, width: 26, height: 26, rx: 5 }));
      rest.push(svg("text", { class: kind, x, y: floor + 26, ...mid }, here.answer),
        svg("text", { class: kind, x, y: floor + 82, ...mid }, good ? "✓" : "✗"));
    }
    if (force !== "none") rest.push(svg("text", { class: "force", x: Math.min(Math.max(middle(step), 28), 3 + pitch * T - 28), y: 18, ...mid }, `${force} ↓`));
    for (const name of ["above", "below", "free"]) parts[name].setAttribute("d", d[name].join(""));
    parts.above.setAttribute("class", `fill ${looks[place][1]}`);
    parts.ring.setAttribute("class", force === "none" ? "ring" : "ring forced");
    parts.ring.setAttribute("x", left(step) - 2);
    parts.rest.replaceChildren(...rest);
    if (picked !== step) { column(picked, false); column(step, true); picked = step; }
    plot.setAttribute("aria-label", alt);
    if (chain.scrollWidth > chain.clientWidth) chain.scrollLeft = pitch * (step - 0.5) - chain.clientWidth / 2;
  }
  return { node, chain, lay, draw };
}

function render({ model, el }) {
  const numbers = model.get("numbers"), { labels, right, looks, forces, full } = numbers, T = labels.length;
  const run = theRuns(model.get("table"), numbers), order = looks.map(([name]) => name);
  const names = { f: "f keep", i: "i write", o: "o show", c: "c cell", h: "h state" };
  const look = choice("look at", order.map(value => ({ value, label: names[value] })), model.get("look"), look => put(model, { look }));
  const force = choice("force", forces, model.get("force"), force => put(model, { force }));
  const step = slider("step", { min: 1, max: T, value: model.get("step"), show: t => `${t} of ${T}` }, step => put(model, { step }));
  const board = theBoard(numbers, step => put(model, { step })), say = spoken(), note = html("p", { class: "note" });
  stage(el, "gate-theatre", THEATRE, html("div", { class: "controls" }, look.node, step.node, force.node), board.node, say.node, note);

  function draw(at) {
    look.set(at.look);
    force.set(at.force);
    step.set(at.step);
    const answers = labels.map((_, t) => run(at.force, at.step, t + 1).answer);
    const wrong = answers.flatMap((answer, t) => answer === right[t] ? [] : [t + 1]), first = wrong[0];
    const here = run(at.force, at.step, at.step), place = order.indexOf(at.look);
    const values = full[place].map((most, u) => digits(at.look, here.share(place, u) * most));
    const what = at.force === "none" ? "No gate is forced" : `${at.force} at step ${at.step}, “${labels[at.step - 1]}”`;
    const score = `${T - wrong.length} of ${T} answers are right`;
    const which = wrong.length ? `; at step ${first} it says ${answers[first - 1]}, not ${right[first - 1]}.` : ".";
    say.set(`${what}: ${score}${which}`);
    note.textContent = at.force === "none" ? "" : `The marks at the edges of a cell: ${at.look} without the force.`;
    board.draw({ ...at, run, alt: `${what}: ${score}${which} At step ${at.step} the units have ${at.look} = ${values.join(", ")}.` });
  }
  const stops = [watch(model, ["look", "force", "step"], draw), fit(board.chain, board.lay)];
  return () => stops.forEach(stop => stop());
}
export default { render };
