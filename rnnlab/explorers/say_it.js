// Say it: a word, its sounds one by one, and links to the letters that each looked at. The net came with the page.
const TEXTS = {
  word: "word", sound: "sound", say: "say it", stop: "stop", back: "one sound back", next: "one sound on",
  // Kinds of sounds of the dictionary, each in a word: the table that comes with the CMU Pronouncing Dictionary.
  as: Object.fromEntries(`AA odd, AE at, AH hut, AO ought, AW cow, AY hide, B be, CH cheese, D dee, DH thee, EH Ed, ER hurt, EY ate, F fee, G green, HH he, IH it, IY eat,
    JH gee, K key, L lee, M me, N knee, NG ping, OW oat, OY toy, P pee, R read, S sea, SH she, T tea, TH theta, UH hood, UW two, V vee, W we, Y yield, Z zee,
    ZH seizure`.split(",").map(pair => pair.trim().split(" "))),
  like: word => `, as in “${word}”`,
  step: (t, T) => `${t} of ${T}`,
  says: (t, T, sound, like, share, looks) => `Sound ${t} of ${T}, ${sound}${like}, with ${share}: the net looks at ${looks}.`,
  mute: "The net says nothing.", nothing: "Type a word.",
  picture: (word, said, t) => `“${word}” above, and below ${said}; links from each sound to the letters it looks at, now of sound ${t}.`,
  rest: (second, share, ended, longest) => (second ? `Next likeliest: ${second}, ${share}. ` : "") + (ended ? "" : `It came to no end in ${longest} sounds.`),
  strange: letters => `The net has no number for ${letters}: left out. `,
};
const SAY_STYLE = `.say-it.rnnlab {
  input[type=text] { font: inherit; width: 230px; min-height: 40px; padding: 4px 10px; color: var(--ink); background: var(--raised);
    border: 1px solid var(--quiet); border-radius: 8px; }
  .chain { overflow-x: auto; padding: 4px 0; } .chain svg { max-width: none; cursor: pointer; }
  .box { fill: var(--paper); stroke-width: 2.5; } .letter .box { stroke: var(--input); } .sound .box { stroke: var(--output); }
  .letter.seen .box { fill: color-mix(in srgb, var(--hidden) var(--much), var(--paper)); } .sound.now .box { stroke: var(--ink); stroke-width: 4.5; }
  .later { opacity: .3; } .letter text, .sound text { font-size: 21px; text-anchor: middle; } svg text.share { font-size: 16px; text-anchor: middle; }
  .link { fill: none; stroke: var(--quiet); stroke-opacity: .3; } .link.now { stroke: var(--hidden); stroke-opacity: 1; }
  input[type=range] { accent-color: var(--output); } p.note { min-height: 1.4em; }
}
@container (max-width: 600px) { .say-it.rnnlab { input[type=text] { flex: 1; width: auto; min-width: 0; } p.say { min-height: 4.2em; } p.note { min-height: 2.8em; } } }`;

// word (letters of the net) -> {steps: [{sound, share, second, secondShare, weights}], ended}: the encoder both ways, then greedy steps with dot attention.
function speaker(packed, letters, sounds, longest) {
  const all = weights(packed), [forth, round, out] = [layerOf(all, "encoder"), layerOf(all, "encoder", "_reverse"), layerOf(all, "decoder")];
  const half = forth.bias_hh.length / 3, E = all["source_embedding.weight"].length / (letters.length + 1), number = new Map(letters.map((letter, i) => [letter, i + 1]));
  const row = (name, i) => all[`${name}_embedding.weight`].subarray(E * i, E * i + E), join = (a, b) => Float64Array.of(...a, ...b);
  const through = (layer, list) => { let h = new Float64Array(half); return list.map(x => (h = gruStep(layer, x, h))); };
  return word => {
    const steps = [];
    if (!word.length) return { steps, ended: true };
    const read = word.map(letter => row("source", number.get(letter)));
    const ahead = through(forth, read), behind = through(round, [...read].reverse()).reverse();
    const memory = ahead.map((h, s) => join(h, behind[s]));
    let h = join(ahead.at(-1), behind[0]), symbol = 1;
    while (steps.length < longest) {
      h = gruStep(out, row("target", symbol), h);
      const looks = softmax(memory.map(m => m.reduce((sum, v, u) => sum + v * h[u], 0)));
      const context = h.map((_, u) => memory.reduce((sum, m, s) => sum + looks[s] * m[u], 0));
      const shares = softmax(affine(all["head.weight"], all["head.bias"], affine(all["combine.weight"], all["combine.bias"], join(h, context)).map(Math.tanh)).subarray(2));
      const [first, second] = shares.map((_, v) => v).sort((a, b) => shares[b] - shares[a]);   // 0 is the end, v the sound v - 1
      if (!first) return { steps, ended: true };
      symbol = first + 2;
      steps.push({ sound: sounds[first - 1], share: shares[first], second: second ? sounds[second - 1] : "the end", secondShare: shares[second], weights: looks });
    }
    return { steps, ended: false };
  };
}

// Letters above, sounds below, each sound's links as wide as its weights; the picture is built for a word, and lit for a step.
function theWord(pick) {
  const node = html("div", { class: "chain" }), tall = 246;
  let width = 0, last = null;
  function draw(now) {
    const { word, steps, step, alt } = last = now;
    if (!width) return;
    const count = Math.max(word.length, steps.length, 1), pitch = Math.min(66, Math.max(40, (width - 8) / count)), wide = Math.max(width - 8, pitch * count);
    const place = list => i => wide / 2 + pitch * (i + 0.5 - list.length / 2), x = place(word), y = place(steps), side = pitch - 6, here = steps[step - 1];
    const box = (name, at, top, text, look, style) => svg("g", { class: `${name} ${look}`, style },
      svg("rect", { class: "box", x: at - side / 2, y: top, width: side, height: 46, rx: 8 }), svg("text", { x: at, y: top + 30, style: text.length > 1 && side < 44 ? "font-size: 17px" : null }, text));
    const links = steps.flatMap(({ weights }, t) => t >= step ? [] : weights.map((weight, s) => weight < 0.02 ? "" :
      svg("path", { class: t + 1 === step ? "link now" : "link", "stroke-width": (15 * weight).toFixed(1), d: `M${x(s).toFixed(1)},74C${x(s).toFixed(1)},134 ${y(t).toFixed(1)},134 ${y(t).toFixed(1)},194` })));
    links.sort((a, b) => (a && a.classList.contains("now")) - (b && b.classList.contains("now")));
    const seen = s => here && here.weights[s] >= 0.02;
    const plot = svg("svg", { width: wide, height: tall, viewBox: `0 0 ${wide} ${tall}`, role: "img", "aria-label": alt }, svg("rect", { width: wide, height: tall, fill: "transparent" }), ...links,
      ...word.map((letter, s) => box("letter", x(s), 28, letter, seen(s) ? "seen" : "", seen(s) ? `--much: ${Math.round(45 * here.weights[s])}%` : null)),
      ...word.map((_, s) => seen(s) ? svg("text", { class: "share", x: x(s), y: 18 }, percent(here.weights[s]).replace(" ", "")) : ""),
      ...steps.map(({ sound }, t) => box("sound", y(t), 194, t < step ? sound : "·", t + 1 === step ? "now" : t < step ? "" : "later")));
    drag(plot, point => { if (steps.length) pick(Math.min(steps.length, Math.max(1, Math.round((point.x - y(0)) / pitch) + 1))); });
    node.replaceChildren(plot);
    if (node.scrollWidth > node.clientWidth) node.tabIndex = 0; else node.removeAttribute("tabindex");   // a word of any length may come
    if (here && node.scrollWidth > node.clientWidth) node.scrollLeft = y(step - 1) - width / 2;
  }
  return { node, draw, lay: now => { width = now; if (last) draw(last); } };
}

function render({ model, el }) {
  const letters = model.get("letters"), { weights: packed, most, longest } = model.get("net"), speak = speaker(packed, letters, model.get("sounds"), longest);
  let heard = null, spoken_ = null, strange = [], timer = null;
  const now = () => { const word = model.get("word"); if (word !== heard) spoken_ = speak([...(heard = word)]); return spoken_; };
  const halt = () => { clearInterval(timer); timer = null; play.textContent = TEXTS.say; };
  const go = step => { if (step !== model.get("step")) put(model, { step }); };
  const own = step => { halt(); go(Math.min(Math.max(1, now().steps.length), Math.max(1, step))); };
  const at = () => Math.min(model.get("step"), now().steps.length);
  const field = html("input", { type: "text", maxlength: most, autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
  field.addEventListener("input", () => {
    halt();
    const { kept, strange: left } = legible(field.value, letters);
    strange = left;
    put(model, { word: kept.slice(0, most).join("") });
    go(Math.max(1, now().steps.length));
    draw();
  });
  const slide = slider(TEXTS.sound, { min: 1, max: 1, value: 1, show: t => TEXTS.step(now().steps.length ? t : 0, now().steps.length) }, own), range = slide.node.querySelector("input");
  const back = button("◀", () => own(at() - 1), { "aria-label": TEXTS.back }), next = button("▶", () => own(at() + 1), { "aria-label": TEXTS.next });
  const play = button(TEXTS.say, () => {
    if (timer) return halt();
    go(1);
    play.textContent = TEXTS.stop;
    timer = setInterval(() => at() >= now().steps.length ? halt() : go(at() + 1), 700);
  });
  field.addEventListener("keydown", event => { if (event.key === "Enter") { halt(); play.click(); } });
  const word = theWord(own), say = spoken(), note = html("p", { class: "note" });
  stage(el, "say-it", SAY_STYLE, html("div", { class: "controls" }, html("label", { class: "control" }, html("span", {}, TEXTS.word), field), play),
    html("div", { class: "controls" }, slide.node, html("div", { class: "control" }, back, next)), word.node, say.node, note);

  function draw() {
    const { steps, ended } = now(), text = model.get("word"), step = at(), here = steps[step - 1], T = steps.length;
    if (document.activeElement !== field) field.value = text;
    range.max = Math.max(1, T);
    range.disabled = play.disabled = !T;
    slide.set(Math.max(1, step));
    back.disabled = step <= 1;
    next.disabled = step >= T;
    const looks = here && here.weights.map((_, s) => s).sort((a, b) => here.weights[b] - here.weights[a]).filter((s, k) => !k || here.weights[s] >= 0.02).slice(0, 3)
      .map(s => `${[...text][s]} ${percent(here.weights[s])}`).join(", ");
    const like = here && TEXTS.as[here.sound];
    say.set(!text ? TEXTS.nothing : !here ? TEXTS.mute : TEXTS.says(step, T, here.sound, like ? TEXTS.like(like) : "", percent(here.share), looks));
    note.textContent = (strange.length ? TEXTS.strange(strange.join(" ")) : "") + (here ? TEXTS.rest(here.second, percent(here.secondShare), ended, longest) : "");
    word.draw({ word: [...text], steps, step, alt: TEXTS.picture(text, steps.slice(0, step).map(({ sound }) => sound).join(" ") || "–", step) });
  }
  const stops = [watch(model, ["word", "step"], draw), fit(word.node, word.lay)];
  return () => { clearInterval(timer); timer = null; stops.forEach(stop => stop()); };
}
export default { render };
