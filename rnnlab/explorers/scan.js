// Scan: rounds from top to bottom, elements from left to right; under them the loop, which has had as many rounds.
const TEXTS = {
  round: "round", element: "element", back: "one round back", next: "one round on", run: "run", stop: "stop", given: "given", loop: "loop", of: (r, most) => `${r} of ${most}`,
  row: r => `round ${r}`,
  counts: (r, ready, combined, loop) => `After ${r === 1 ? "1 round" : `${r} rounds`}: the scan has ${ready} of 8 states, ${combined} combinations or ${2 * combined} products; the loop ${loop + 1} of 8, ${loop === 1 ? "1 product" : `${loop} products`}.`,
  done: r => r === 3 ? " The scan is done." : r === 7 ? " Both are done." : "",
  given1: (t, a, b) => `Element ${t} as it was given: a = ${a}, b = ${b}.`,
  same: (t, r, h) => `Element ${t} in round ${r}: nothing stands that far before it. It was complete already: h${sub(t)} = ${h}.`,
  sum: (t, r, from, formulas, first) => `Element ${t} in round ${r} takes in element ${from}: ${formulas}. It holds ${first === 1 ? `all up to ${t}` : `${first} to ${t}`}.`,
  picture: (r, ready, loop) => `Eight elements in ${r} rounds: ${ready} hold everything before them. The loop below has ${loop} of 8 states.`,
};
const SCAN_STYLE = `.scan.rnnlab {
  .controls input[type=range] { width: 130px; }
  .chain { overflow-x: auto; padding: 2px 0; } .chain svg { max-width: none; cursor: pointer; }
  .box { fill: var(--paper); stroke: var(--input); stroke-width: 2.5; } .ready .box { fill: var(--hidden-soft); stroke: var(--hidden); }
  .node text { text-anchor: middle; font-size: 15px; } .ready text.state { font-size: 16px; font-weight: 600; } .later { opacity: .22; }
  .node.at .box { stroke: var(--ink); stroke-width: 4; } .node.from .box { stroke-width: 4.5; }
  .wire { stroke: var(--hidden); stroke-width: 2.5; opacity: .55; } .stay { stroke: var(--quiet); stroke-width: 2; opacity: .5; } .wire.held, .stay.held { stroke-width: 5; opacity: 1; }
  .wire.later { opacity: .12; } .stay.later { opacity: .12; } .held-in { fill: var(--hidden); } .left-out { fill: var(--line); }
  p.note { min-height: 1.4em; }
}
@container (max-width: 600px) { .scan.rnnlab { p.say { min-height: 5.6em; } p.note { min-height: 2.8em; } } }`;
const REACH = [1, 2, 4], COUNT = 8, LAST = 7, eight = Array.from({ length: COUNT }, (_, t) => t);

// What stands in row r (0: as given) at element t (from 0): the elements from `first` on; a round of doubling reaches `reach` back.
const firstOf = (r, t) => Math.max(0, t + 1 - 2 ** r);
const made = r => REACH.slice(0, r).reduce((sum, reach) => sum + COUNT - reach, 0);
const short = v => Math.abs(v) < 1000 ? number(v) : v.toExponential(0).replace("-", "−");

function theRounds({ table, loop }, pick) {
  const node = html("div", { class: "chain" }), left = 66, gap = 76, foot = 4 * gap + 18, tall = foot + 56;
  let width = 0, last = null, chosen = null;
  function draw(now) {
    const { round, element, alt } = last = now;
    if (!width) return;
    const pitch = Math.max(98, (width - left - 4) / COUNT), wide = left + pitch * COUNT + 2, side = pitch - 14, done = Math.min(round, 3), t0 = element - 1;
    const x = t => left + pitch * (t + 0.5), y = r => 28 + gap * r, from = done ? t0 - REACH[done - 1] : -1;
    const name = (text, at) => svg("text", { class: "quiet", x: 2, y: at + 5 }, text);
    const cell = (r, t) => {
      const ready = !firstOf(r, t), [a, b] = [table[r][0][t], table[r][1][t]], look = `${ready ? "ready" : ""} ${r > done ? "later" : ""} ${r === done && t === t0 ? "at" : r === done - 1 && from >= 0 && (t === t0 || t === from) ? "from" : ""}`;
      const tick = (side - 14) / COUNT, texts = r > done ? [] : ready ? [svg("text", { class: "state", x: x(t), y: y(r) + 1 }, `h${sub(t + 1)} ${short(b)}`)]
        : [svg("text", { x: x(t), y: y(r) - 6 }, `a ${short(a)}`), svg("text", { x: x(t), y: y(r) + 10 }, `b ${short(b)}`)];
      const held = s => s >= firstOf(r, t) && s <= t, mark = s => `M${x(t) - side / 2 + 7 + tick * s},${y(r) + 15}h${tick - 1.5}v5h${1.5 - tick}z`;
      const marks = ["held-in", "left-out"].map(name => svg("path", { class: name, d: eight.filter(s => held(s) === (name === "held-in")).map(mark).join("") }));
      return svg("g", { class: `node ${look}` }, svg("rect", { class: "box", x: x(t) - side / 2, y: y(r) - 25, width: side, height: 50, rx: 8 }), ...texts, ...marks);
    };
    const lines = REACH.flatMap((reach, k) => eight.flatMap(t => {
      const hold = k + 1 === done && t === t0 ? " held" : "", later = k + 1 > done ? " later" : "";
      return [svg("path", { class: `stay${later}${hold}`, d: `M${x(t)},${y(k) + 25}V${y(k + 1) - 25}` }),
        t < reach ? "" : svg("path", { class: `wire${later}${hold}`, d: `M${x(t - reach)},${y(k) + 25}L${x(t)},${y(k + 1) - 25}` })];
    }));
    const chain = eight.map(t => svg("g", { class: `node ready ${t > round ? "later" : t === round && round ? "at" : ""}` },
      t ? svg("path", { class: `wire ${t > round ? "later" : t === round ? "held" : ""}`, d: `M${x(t - 1) + side / 2},${foot}H${x(t) - side / 2}` }) : "",
      svg("rect", { class: "box", x: x(t) - side / 2, y: foot - 20, width: side, height: 40, rx: 8 }), t > round ? "" : svg("text", { class: "state", x: x(t), y: foot + 6 }, `h${sub(t + 1)} ${short(loop[t])}`)));
    const plot = svg("svg", { width: wide, height: tall - 30, viewBox: `0 0 ${wide} ${tall - 30}`, role: "img", "aria-label": alt }, svg("rect", { width: wide, height: tall - 30, fill: "transparent" }),
      ...lines, ...table.flatMap((_, r) => [name(r ? TEXTS.row(r) : TEXTS.given, y(r)), ...eight.map(t => cell(r, t))]),
      svg("path", { class: "grid", d: `M0,${foot - 34}H${wide}` }), name(TEXTS.loop, foot), ...chain);
    drag(plot, ({ x: px, y: py }) => pick(py > foot - 34 ? Math.max(0, Math.min(LAST, Math.floor((px - left) / pitch))) : Math.max(0, Math.min(3, Math.round((py - 28) / gap))),
      py > foot - 34 ? element : Math.max(1, Math.min(COUNT, Math.floor((px - left) / pitch) + 1))));
    const at = node.scrollLeft;
    node.replaceChildren(plot);
    const hidden = x(t0) - pitch / 2 < at || x(t0) + pitch / 2 > at + width;
    node.scrollLeft = chosen !== element && hidden ? x(t0) - width / 2 : at;   // once: whoever scrolls on may look elsewhere
    chosen = element;
  }
  return { node, draw, lay: now => { width = now; if (last) draw(last); } };
}

function render({ model, el }) {
  const numbers = model.get("numbers"), { table } = numbers;
  const factor = v => v < 0 ? `(${short(v)})` : short(v), plus = v => v < 0 ? `− ${short(-v)}` : `+ ${short(v)}`;
  function formulas(r, t) {
    const [a, b] = table[r - 1].map(row => row[t]), [before, b0] = table[r - 1].map(row => row[t - REACH[r - 1]]), [A, B] = table[r].map(row => row[t]);
    const sum = `${short(a)} · ${factor(b0)} ${plus(b)} = ${short(B)}`;
    return firstOf(r, t) ? `a = ${short(a)} · ${factor(before)} = ${short(A)}, b = ${sum}` : `h${sub(t + 1)} = ${sum}`;
  }
  let timer = null;
  const halt = () => { clearInterval(timer); timer = null; play.textContent = TEXTS.run; };
  const go = round => put(model, { round: Math.min(LAST, Math.max(0, round)) }), own = round => { halt(); go(round); };
  const slide = slider(TEXTS.round, { min: 0, max: LAST, value: 1, show: r => TEXTS.of(r, LAST) }, own);
  const back = button("◀", () => own(model.get("round") - 1), { "aria-label": TEXTS.back }), next = button("▶", () => own(model.get("round") + 1), { "aria-label": TEXTS.next });
  const play = button(TEXTS.run, () => {
    if (timer) return halt();
    go(0);
    play.textContent = TEXTS.stop;
    timer = setInterval(() => model.get("round") >= LAST ? halt() : go(model.get("round") + 1), 900);
  });
  const which = slider(TEXTS.element, { min: 1, max: COUNT, value: 4 }, element => { halt(); put(model, { element }); });
  const rounds = theRounds(numbers, (round, element) => { halt(); put(model, { round, element }); }), say = spoken(), note = html("p", { class: "note" });
  stage(el, "scan", SCAN_STYLE, html("div", { class: "controls" }, slide.node, html("div", { class: "control" }, back, next), play, which.node), rounds.node, say.node, note);

  function draw({ round, element }) {
    const done = Math.min(round, 3), t = element - 1, ready = done === 3 ? COUNT : 2 ** done, reach = REACH[done - 1];
    slide.set(round);
    which.set(element);
    back.disabled = round === 0;
    next.disabled = round === LAST;
    say.set(TEXTS.counts(round, ready, made(done), round) + TEXTS.done(round));
    note.textContent = !done ? TEXTS.given1(element, ...table[0].map(row => short(row[t]))) : t < reach ? TEXTS.same(element, done, short(table[done][1][t]))
      : TEXTS.sum(element, done, element - reach, formulas(done, t), firstOf(done, t) + 1);
    rounds.draw({ round, element, alt: TEXTS.picture(done, ready, round + 1) });
  }
  const stops = [watch(model, ["round", "element"], draw), fit(rounds.node, rounds.lay)];
  return () => { clearInterval(timer); timer = null; stops.forEach(stop => stop()); };
}
export default { render };
