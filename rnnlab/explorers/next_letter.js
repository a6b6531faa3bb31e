// Next letter: a text, the letters that may come next with their shares, and chance, or you, to pick one. The net came with the page.
const TEXTS = {
  beginning: "beginning", write: "let it write", stop: "stop", one: "one letter", back: "one back", again: "start again", chance: "other chance",
  temperature: "temperature", nucleus: "nucleus p", greedy: "0, greedy", all: "1, all", next: "the letters that may come next: press one to pick it",
  names: { " ": "space", "\n": "new line", "\t": "tab" },
  pick: (name, share) => `pick ${name}, ${share}`,
  after: (text, list, count, V, temperature) => `${text ? `After “${text}”` : "With nothing read"} the net expects ${list}. ${count === V ? `All ${V} letters` : `${count} of ${V} letters`} can be drawn at temperature ${temperature}.`,
  writing: "The net is writing …",
  full: most => `That is ${most} letters, as many as this page holds. `,
  strange: letters => `The net has no number for ${letters}: left out. `,
  note: (seed, mine, its) => `Bar: the share now; mark: the net's own. Only the draw is chance: the same beginning, sliders and seed (${seed}) give the same text.`
    + (mine || its ? ` Bits a letter: ${[mine && `beginning ${mine}`, its && `written ${its}`].filter(Boolean).join(", ")}.` : ""),
};
const LETTERS_STYLE = `.next-letter.rnnlab {
  .control.field { display: flex; width: 100%; margin: 0 0 8px; }
  input[type=text] { flex: 1; min-width: 0; font: inherit; min-height: 40px; padding: 4px 10px; color: var(--ink); background: var(--raised);
    border: 1px solid var(--quiet); border-radius: 8px; }
  .text { margin: 0 0 8px; padding: 6px 12px; height: 64px; overflow: hidden auto; font-size: 20px; line-height: 26px; white-space: pre-wrap;
    overflow-wrap: anywhere; border-left: 4px solid var(--output); background: var(--raised); border-radius: 0 8px 8px 0; }
  .text b { font-weight: 400; color: var(--output-ink); } .text i { border-bottom: 3px solid var(--ink); }
  .controls { gap: 8px 12px; } .controls input[type=range] { width: 150px; accent-color: var(--output); }
  .letters { display: grid; grid-auto-flow: column; grid-template: repeat(6, auto) / 1fr 1fr; gap: 4px 20px; }
  button.letter { display: grid; grid-template-columns: 80px 1fr 52px; white-space: nowrap; gap: 10px; align-items: center; place-content: center stretch; padding: 2px 10px; }
  .letter span { text-align: right; } .letter span:first-child { font-weight: 700; } .letter.cut span { color: var(--quiet); font-weight: 400; }
  .letter svg { width: 100%; height: 20px; } .slot { fill: var(--paper); } .bar { fill: var(--output); } .mark { fill: var(--ink); }
}
@media (pointer: fine) { .next-letter.rnnlab button.letter { min-height: 34px; } }
@container (max-width: 600px) { .next-letter.rnnlab { .letters { grid-auto-flow: row; grid-template: none / 1fr; } p.say { min-height: 4.2em; } } }`;

// text (letters of the net) -> the shares of what comes next, before its first letter and after each: a forward pass, of which what is known is kept.
function reader(packed, letters) {
  const all = weights(packed), layer = layerOf(all, "recurrent"), H = layer.weight_hh.length / layer.bias_hh.length, E = all["embedding.weight"].length / letters.length;
  const number = new Map(letters.map((letter, v) => [letter, v])), zero = new Float64Array(H), head = h => softmax(affine(all["head.weight"], all["head.bias"], h));
  let known = [], states = [{ h: zero, c: zero }], shares = [head(zero)];
  return text => {
    let same = 0;
    while (same < known.length && known[same] === text[same]) same++;
    [states, shares] = [states.slice(0, same + 1), shares.slice(0, same + 1)];
    for (const letter of text.slice(same)) {
      const v = number.get(letter);
      states.push(lstmStep(layer, all["embedding.weight"].subarray(E * v, E * v + E), states.at(-1)));
      shares.push(head(states.at(-1).h));
    }
    known = text;
    return shares;
  };
}

// Shares to others: to the power 1/T, then cut to the smallest set of the largest that holds p.
function reshape(shares, temperature, p) {
  const order = shares.map((_, v) => v).sort((a, b) => shares[b] - shares[a]);
  const hot = temperature ? softmax(shares.map(s => Math.log(s) / temperature)) : shares.map((_, v) => +(v === order[0]));
  let sum = 0;
  const kept = new Array(hot.length).fill(0);
  for (const v of order) {
    if (sum >= p - 1e-9) break;
    kept[v] = hot[v];
    sum += hot[v];
  }
  return { order, shares: kept.map(s => s / sum) };
}

// A number in 0 … 1 that looks like chance and is the same for everybody: of a seed and a place (mulberry32).
function chance(seed, place) {
  const a = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(place + 1, 0x6d2b79f5);
  let t = Math.imul(a ^ (a >>> 15), 1 | a);
  t = Math.imul(t ^ (t >>> 7), 61 | t) + t ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
function drawn(shares, u) {
  let sum = 0, last = 0;
  for (let v = 0; v < shares.length; v++) {
    if (!shares[v]) continue;
    sum += shares[v];
    last = v;
    if (u < sum) break;
  }
  return last;
}

function render({ model, el }) {
  const letters = model.get("letters"), { weights: packed, most } = model.get("net"), V = letters.length, read = reader(packed, letters);
  const named = letter => TEXTS.names[letter] ?? letter, now = () => [...model.get("beginning"), ...model.get("written")];
  let timer = null, strange = [];
  const halt = () => { if (timer) { clearInterval(timer); timer = null; draw(); } };
  const add = letter => { strange = []; if (now().length < most) put(model, { written: model.get("written") + letter }); };
  function draws() {
    const text = now(), { shares } = reshape(read(text)[text.length], model.get("temperature"), model.get("nucleus"));
    add(letters[drawn(shares, chance(model.get("seed"), text.length))]);
  }
  const once = act => () => { halt(); act(); };
  const field = html("input", { type: "text", maxlength: most, autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
  field.addEventListener("input", () => {
    halt();
    const { kept, strange: left } = legible(field.value, letters);
    strange = left;
    put(model, { beginning: kept.slice(0, most).join(""), written: "" });
    draw();
  });
  field.addEventListener("keydown", event => { if (event.key === "Enter") { halt(); draws(); } });
  const text = html("p", { class: "text" }), say = spoken(), note = html("p", { class: "note" });
  const one = button(TEXTS.one, once(draws));
  const write = button(TEXTS.write, () => {
    if (timer) return halt();
    timer = setInterval(() => now().length < most ? draws() : halt(), 70);
    draws();
  });
  const back = button(TEXTS.back, once(() => put(model, { written: [...model.get("written")].slice(0, -1).join("") })));
  const again = button(TEXTS.again, once(() => put(model, { written: "" })));
  const other = button(TEXTS.chance, once(() => put(model, { seed: (model.get("seed") + 1) % 1000, written: "" })));
  const heat = slider(TEXTS.temperature, { min: 0, max: 2, step: 0.1, value: 1, show: v => v ? String(v) : TEXTS.greedy }, temperature => put(model, { temperature }));
  const cut = slider(TEXTS.nucleus, { min: 0.05, max: 1, step: 0.05, value: 1, show: v => v < 1 ? String(v) : TEXTS.all }, nucleus => put(model, { nucleus }));
  const bars = Array.from({ length: Math.min(12, V) }, (_, k) => {
    const bar = svg("rect", { class: "bar", height: 20 }), mark = svg("rect", { class: "mark", width: 2, height: 20 });
    const name = html("span"), share = html("span"), node = button("", once(() => add(bars[k].letter)), { class: "press letter" });
    node.append(name, svg("svg", { height: 20, "aria-hidden": "true" }, svg("rect", { class: "slot", width: "100%", height: 20 }), bar, mark), share);
    return { node, bar, mark, name, share, letter: "" };
  });
  stage(el, "next-letter", LETTERS_STYLE, html("label", { class: "control field" }, html("span", {}, TEXTS.beginning), field), text,
    html("div", { class: "controls" }, one, write, back, again, other), html("div", { class: "controls" }, heat.node, cut.node),
    html("div", { class: "letters", role: "group", "aria-label": TEXTS.next }, ...bars.map(bar => bar.node)), say.node, note);

  function draw() {
    const [beginning, written, temperature, nucleus] = ["beginning", "written", "temperature", "nucleus"].map(name => model.get(name));
    const all = now(), shares = read(all), own = shares[all.length], { order, shares: hot } = reshape(own, temperature, nucleus), end = all.length >= most;
    if (document.activeElement !== field) field.value = beginning;
    text.replaceChildren(beginning, html("b", {}, written), html("i", {}, "\u2002"));
    text.scrollTop = text.scrollHeight;
    if (text.scrollHeight > text.clientHeight) text.tabIndex = 0; else text.removeAttribute("tabindex");
    heat.set(temperature);
    cut.set(nucleus);
    write.textContent = timer ? TEXTS.stop : TEXTS.write;
    one.disabled = end;
    write.disabled = end && !timer;
    back.disabled = again.disabled = !written;
    bars.forEach((parts, k) => {
      const v = order[k], letter = parts.letter = letters[v];
      parts.node.className = hot[v] ? "press letter" : "press letter cut";
      parts.node.disabled = end;
      parts.node.setAttribute("aria-label", TEXTS.pick(named(letter), percent(hot[v])));
      parts.name.textContent = named(letter);
      parts.share.textContent = percent(hot[v]);
      parts.bar.setAttribute("width", `${(100 * hot[v]).toFixed(2)}%`);
      parts.mark.setAttribute("x", `${(99.4 * own[v]).toFixed(2)}%`);
    });
    const costs = (from, to) => {
      let sum = 0;
      for (let t = from; t < to; t++) sum -= Math.log2(shares[t][letters.indexOf(all[t])]);
      return to > from ? number(sum / (to - from)) : "";
    };
    const size = [...beginning].length, list = order.slice(0, 3).map(v => `${TEXTS.names[letters[v]] ?? `“${letters[v]}”`} ${percent(hot[v])}`).join(", ");
    say.set(timer ? TEXTS.writing : (end ? TEXTS.full(most) : "") + (strange.length ? TEXTS.strange(strange.join(" ")) : "")
      + TEXTS.after((all.length > 24 ? "…" : "") + all.slice(-24).join("").replaceAll("\n", "⏎"), list, hot.filter(s => s > 0).length, V, temperature));
    note.textContent = TEXTS.note(model.get("seed"), costs(0, size), costs(size, all.length));
  }
  const stops = [watch(model, ["beginning", "written", "temperature", "nucleus", "seed"], draw), fit(note, () => draw())];   // the height of the text is known with its width
  return () => { clearInterval(timer); timer = null; stops.forEach(stop => stop()); };
}
export default { render };
