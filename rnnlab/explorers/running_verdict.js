// Running verdict: a review, the belief "positive" after each of its words, and each word with its push.
const VERDICT = `.running-verdict.rnnlab {
  textarea { flex: 1; min-width: 0; font: inherit; min-height: 62px; padding: 6px 10px; color: var(--ink); background: var(--raised);
    border: 1px solid var(--quiet); border-radius: 8px; resize: vertical; }
  .control.text { display: flex; width: 100%; align-items: flex-start; margin: 0 0 8px; }
  .pills button { border-radius: 8px; margin-right: 6px; } .pills button[aria-pressed=true] { background: var(--ink); color: var(--paper); }
  input[type=range] { width: 260px; accent-color: var(--output); } .plot { height: 184px; touch-action: pan-y; cursor: pointer; }
  .curve { fill: none; stroke: var(--output); stroke-width: 4; stroke-linejoin: round; } .half { stroke-dasharray: 6 5; }
  .later { opacity: .35; } .now { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 2 4; } .dot { fill: var(--paper); stroke: var(--ink); stroke-width: 3; }
  .words { display: flex; flex-wrap: wrap; gap: 4px 3px; max-height: 200px; overflow: hidden auto; padding: 4px; margin-top: 6px; }
  .word { display: grid; justify-items: center; min-width: 46px; padding: 0 3px; border: 2px solid transparent; border-radius: 7px; cursor: pointer; }
  .word.at { border-color: var(--ink); } .word small { font-size: 14px; color: var(--ink); }
  .word span { padding: 0 4px; border-radius: 4px; max-width: 100%; overflow-wrap: anywhere; border-bottom: 2px solid transparent;
    background: color-mix(in srgb, var(--tone) var(--much), var(--paper)); }
  .up span { --tone: var(--output); border-bottom: 2px solid var(--output); } .down span { --tone: var(--quiet); border-bottom: 2px dashed var(--ink); }
  .unknown span { font-style: italic; opacity: .85; }
  .note { min-height: 1.4em; } .note.bare { margin: 0 0 8px; }
}
@container (max-width: 600px) { .running-verdict.rnnlab { p.say { min-height: 2.8em; } } }`;
const WAIT = 250;   // milliseconds without a key before Python reads

const percent = p => (p >= 0.995 ? ">99" : p < 0.005 ? "<1" : Math.round(100 * p)) + " %";
const signed = push => (push > 0 ? "+" : "") + number(push);

// The belief after each word as a curve; its labels are drawn once for a width, the rest at every move.
function theCurve(pick) {
  const node = html("div", { class: "plot" }), left = 80, top = 14, foot = 156;
  let width = 0, last = null, reach = () => 1;
  function draw(now) {
    const { start, beliefs, word } = last = now, T = beliefs.length;
    if (!width) return;
    const x = linear([0, Math.max(1, T)], [left, width - 14]), y = linear([0, 1], [foot, top]);
    const points = [start, ...beliefs].map((p, t) => [x(t), y(p)]), [a, b] = points[word];
    const text = (at, words, attributes = {}) => svg("text", { class: "quiet", x: left - 8, y: at, "text-anchor": "end", ...attributes }, words);
    const plot = svg("svg", { class: "curves", width, height: 184, viewBox: `0 0 ${width} 184`, role: "img", "aria-label":
      `The belief “positive” goes from ${percent(start)} before the first word to ${percent(beliefs[T - 1] ?? start)} after ${T} words; after word ${word} it is ${percent([start, ...beliefs][word])}.` },
      svg("rect", { x: left, y: top, width: width - 14 - left, height: foot - top, fill: "transparent" }),
      ...[0, 0.5, 1].map(p => svg("path", { class: p === 0.5 ? "grid half" : "grid", d: `M${left},${y(p)}H${width - 14}` })),
      text(y(1) + 6, "positive"), text(y(0.5) + 6, "50 %"), text(y(0) + 6, "negative"),
      text(180, `word ${T}`, { x: width - 14 }), text(180, width < 500 ? "before word 1" : "before the first word", { x: left, "text-anchor": "start" }),
      svg("path", { class: "now", d: `M${a},${top}V${foot}` }), svg("path", { class: "curve later", d: path(points) }),
      svg("path", { class: "curve", d: path(points.slice(0, word + 1)) }), svg("circle", { class: "dot", cx: a, cy: b, r: 7 }));
    node.replaceChildren(plot);
    reach = px => Math.min(T, Math.max(1, Math.round((px - left) / (width - 14 - left) * T)));
  }
  const picked = event => pick(reach(event.clientX - node.getBoundingClientRect().left));
  node.addEventListener("pointermove", event => { if (event.pointerType === "mouse" || event.buttons) picked(event); });
  node.addEventListener("pointerdown", picked);
  return { node, draw, lay: now => { width = now; if (last) draw(last); } };
}

// The words in a row that wraps: sign and number under each, a ground as dark as its push, a line full or dashed.
function theWords(pick) {
  const node = html("div", { class: "words", role: "group", "aria-label": "the words and their pushes" });
  let items = [], shown = null;
  const picked = event => { const item = event.target.closest(".word"); if (item) pick(items.indexOf(item) + 1); };
  node.addEventListener("click", picked);
  node.addEventListener("pointerover", event => { if (event.pointerType === "mouse") picked(event); });
  function draw(reading, word) {
    if (shown !== reading) {
      shown = reading;
      const most = Math.max(0.5, ...reading.pushes.map(Math.abs));
      items = reading.words.map((text, t) => {
        const push = reading.pushes[t], kind = push > 0 ? "up" : push < 0 ? "down" : "";
        const item = html("div", { class: `word ${kind} ${reading.known[t] ? "" : "unknown"}`, title: reading.known[t] ? null : "<unk>" },
          html("span", { dir: "auto" }, text), html("small", {}, signed(push)));
        item.style.setProperty("--much", `${Math.round(55 * Math.abs(push) / most)}%`);
        return item;
      });
      node.replaceChildren(...items);
    }
    if (node.scrollHeight > node.clientHeight) node.tabIndex = 0; else node.removeAttribute("tabindex");
    items.forEach((item, t) => item.classList.toggle("at", t + 1 === word));
    const at = items[word - 1];
    if (!at || node.matches(":hover")) return;
    const low = at.offsetTop - node.offsetTop;   // only this box may scroll, not the page
    if (low < node.scrollTop || low + at.offsetHeight > node.scrollTop + node.clientHeight) node.scrollTop = low - node.clientHeight / 2;
  }
  return { node, draw };
}

function render({ model, el }) {
  const samples = model.get("samples"), live = hasKernel(model), say = spoken();
  const note = html("p", { class: "note" }), text = html("textarea", { rows: 2, spellcheck: "false", dir: "auto" });
  const last = () => model.get("reading").words.length;
  const pick = word => { if (last() && word !== model.get("word")) put(model, { word }); };
  const step = slider("words read", { min: 1, max: 1, value: 1, show: t => `${last() ? t : 0} of ${last()}` }, pick), range = step.node.querySelector("input");
  let timer = null;
  const stored = samples.map((sample, i) => button(i + 1, () => {
    clearTimeout(timer);
    timer = null;
    put(model, { text: sample.text, reading: sample, word: sample.words.length });
    text.value = sample.text;
  }, { "aria-label": `stored review ${i + 1}` }));
  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => { timer = null; put(model, { text: text.value }); }, WAIT);
  });
  const curve = theCurve(pick), words = theWords(pick);
  stage(el, "running-verdict", VERDICT,
    live ? html("label", { class: "control text" }, html("span", {}, "review"), text)
      : html("p", { class: "note bare" }, "There is no kernel here: choose a stored review. In JupyterLab you can type your own."),
    html("div", { class: "controls" }, html("div", { class: "control", role: "group", "aria-label": "a stored review" },
      html("span", {}, live ? "or take" : "review"), html("div", { class: "pills" }, ...stored)), step.node),
    curve.node, words.node, say.node, note);

  function draw() {
    const reading = model.get("reading"), T = reading.words.length, word = Math.min(Math.max(1, model.get("word")), T), now = model.get("text");
    const waiting = now !== reading.text;
    if (document.activeElement !== text && !waiting && timer === null) text.value = now;
    stored.forEach((node, i) => node.setAttribute("aria-pressed", String(samples[i].text === now)));
    range.max = Math.max(1, T);
    range.disabled = !T;
    step.set(Math.max(1, word));
    curve.draw({ ...reading, word });
    words.draw(reading, word);
    const belief = T ? reading.beliefs[word - 1] : reading.start, push = T ? reading.pushes[word - 1] : 0;
    const way = push > 0 ? `pushed it up by ${number(push)} in log-odds` : push < 0 ? `pushed it down by ${number(-push)} in log-odds` : "did not move it";
    say.set(waiting ? "Python is reading …" : T ? `After word ${word} of ${T}: ${percent(belief)} positive. “${reading.words[word - 1]}” ${way}.`
      : `With nothing read the belief is ${percent(belief)} positive.`);
    note.textContent = reading.note;
  }
  const stops = [watch(model, ["text", "reading", "word"], draw), fit(curve.node, width => { curve.lay(width); draw(); })];
  return () => { clearTimeout(timer); stops.forEach(stop => stop()); };
}
export default { render };
