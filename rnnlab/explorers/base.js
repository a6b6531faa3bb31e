// The kit of the explorers. Explorer puts this file in front of each script, so everything declared here is in scope there.
//
//   svg(tag, attributes, ...children)      an SVG element     } children are elements or text; text is never markup,
//   html(tag, attributes, ...children)     an HTML element    } `onclick: f` listens, null and false leave an attribute out
//   slider(label, {min, max, step, value, show}, onInput)      -> {node, set(value)}; show(value) is the text beside it
//   choice(label, [{value, label}] or [value], value, onInput) -> {node, set(value)}; a row of pills
//   button(label, onPress, attributes)     -> the button
//   spoken()                               -> {node, set(text)}; the sentence under the picture, read aloud when it changes
//   stage(el, name, style, ...parts)       -> the root, class `rnnlab NAME`, fenced off from JupyterLab's shortcuts; `style` is
//                                          CSS of this explorer alone: start every rule with `.NAME.rnnlab` (or nest in it),
//                                          or the kit of the next explorer on the page wins over it
//   watch(model, names, draw)              draw({name: value}) now and after every change, from here or from Python -> stop
//   put(model, {name: value})              change the model (and through `watch` the picture of every view)
//   fit(node, draw)                        draw(width) now and whenever the width of `node` changes -> stop
//   drag(plot, onPoint)                    onPoint({x, y}) in the plot's own units while mouse, pen or finger is down
//   pulse(nodes, keyframes, milliseconds)  a short animation, unless the reader asked for none
//   number(v, digits), sub(n), linear([a, b], [c, d]), path(points), unique(prefix), hasKernel(model)
//
// A script exports `{ render }` as its default, with `render({ model, el })` returning a function that cleans up.
// Colours are CSS variables of the stage, right in light and in dark: --paper --ink --quiet --line --raised, and for
// input, hidden, cell, output, gradient: --NAME (fills and strokes), --NAME-ink (text), --NAME-soft (grounds behind ink).

// TONES, {light, dark}: names and colours from rnnlab/colours.py, which Explorer writes in front of this file.
const tones = theme => Object.entries(theme)
  .map(([name, colour]) => `--${name}: ${name === "paper" ? `var(--jp-layout-color0, ${colour})` : colour};`).join(" ");
const LIGHT = tones(TONES.light), DARK = tones(TONES.dark);
const SOFT = ["input", "hidden", "cell", "output", "gradient"]
  .map(name => `--${name}-soft: color-mix(in srgb, var(--${name}) 22%, var(--paper));`).join(" ");

// JupyterLab and its exported pages say on <body> whether they are light; any other page follows the system.
const STYLE = `
.rnnlab { ${LIGHT} ${SOFT} color-scheme: light; }
@media (prefers-color-scheme: dark) { body:not([data-jp-theme-light]) .rnnlab { ${DARK} color-scheme: dark; } }
body[data-jp-theme-light="false"] .rnnlab { ${DARK} color-scheme: dark; }
.rnnlab { box-sizing: border-box; max-width: 1000px; padding: 12px 16px; border: 1px solid var(--line); border-radius: 12px;
  container-type: inline-size; background: var(--paper); color: var(--ink); text-align: left;
  font: 16px/1.4 system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; font-variant-numeric: tabular-nums; }
.rnnlab *, .rnnlab *::before { box-sizing: border-box; }
.rnnlab .controls { display: flex; flex-wrap: wrap; gap: 8px 22px; align-items: center; margin: 0 0 8px; }
.rnnlab .control { display: inline-flex; gap: 10px; align-items: center; min-height: 40px; min-width: 0; border: 0; padding: 0; margin: 0; }
.rnnlab .control legend { float: left; padding: 0 10px 0 0; margin: 0; font: inherit; color: inherit; width: auto; border: 0; }
.rnnlab .control .value { min-width: 3.5em; }
.rnnlab input[type=range] { width: 180px; height: 32px; margin: 0; border-radius: 6px; accent-color: var(--hidden); cursor: pointer; touch-action: pan-y; }
.rnnlab .pills { display: inline-flex; flex-wrap: wrap; }
.rnnlab .pills input { position: absolute; opacity: 0; width: 1px; height: 1px; }
.rnnlab .pills span, .rnnlab button.press { display: inline-grid; place-content: center; min-width: 40px; min-height: 40px; padding: 4px 14px;
  font: inherit; color: var(--ink); background: var(--raised); border: 1px solid var(--line); cursor: pointer; }
.rnnlab .pills label + label span { border-left: 0; }
.rnnlab .pills label:first-child span { border-radius: 8px 0 0 8px; } .rnnlab .pills label:last-child span { border-radius: 0 8px 8px 0; }
.rnnlab .pills label:only-child span, .rnnlab button.press { border-radius: 8px; }
.rnnlab .pills input:checked + span { background: var(--ink); color: var(--paper); border-color: var(--ink); }
.rnnlab button.press:hover, .rnnlab .pills label:hover input:not(:checked) + span { border-color: var(--ink); }
.rnnlab button.press:disabled { color: var(--quiet); cursor: default; border-color: var(--line); }
.rnnlab :focus-visible, .rnnlab .pills input:focus-visible + span { outline: 3px solid var(--input); outline-offset: 2px; }
.rnnlab svg { display: block; max-width: 100%; height: auto; overflow: visible; user-select: none; -webkit-user-select: none; }
.rnnlab svg text { fill: var(--ink); font-size: 16px; } .rnnlab svg text.quiet { fill: var(--quiet); }
.rnnlab .grid { stroke: var(--line); stroke-width: 1; } .rnnlab .quiet { color: var(--quiet); }
.rnnlab p.say { font-size: 18px; line-height: 1.4; margin: 8px 0 0; min-height: 1.4em; }
.rnnlab p.note { font-size: 16px; margin: 4px 0 0; color: var(--quiet); }
@container (max-width: 600px) { .rnnlab label.control { width: 100%; } .rnnlab input[type=range] { flex: 1; width: auto; min-width: 0; } }
@media (pointer: coarse) { .rnnlab .pills span, .rnnlab button.press { min-height: 44px; min-width: 44px; } }`;

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}
const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
const html = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

const unique = prefix => `${prefix}-${Math.random().toString(36).slice(2, 10)}`;
const number = (v, digits = 2) => (Math.abs(v) < 0.5 * 10 ** -digits ? 0 : v).toFixed(digits).replace("-", "−");
const sub = n => String(n).replace(/[-−+0-9]/g, c => "₋₋₊₀₁₂₃₄₅₆₇₈₉"["-−+0123456789".indexOf(c)]);
const linear = ([a, b], [c, d]) => v => c + (d - c) * (v - a) / (b - a);
const path = points => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join("");

function slider(label, { min, max, step = 1, value, show = String }, onInput) {
  const input = html("input", { type: "range", min, max, step, "aria-label": label });
  const shown = html("span", { class: "value", "aria-hidden": "true" });
  function set(value) {
    input.value = value;
    shown.textContent = show(+input.value);
    input.setAttribute("aria-valuetext", shown.textContent);
  }
  input.addEventListener("input", () => { set(input.value); onInput(+input.value); });
  set(value);
  return { node: html("label", { class: "control" }, html("span", {}, label), input, shown), set };
}

function choice(label, options, value, onInput) {
  const name = unique("choice"), inputs = new Map(), pills = html("div", { class: "pills" });
  for (const option of options) {
    const { value, label } = typeof option === "object" ? option : { value: option, label: String(option) };
    const input = html("input", { type: "radio", name, value, onchange: () => onInput(value) });
    inputs.set(value, input);
    pills.append(html("label", {}, input, html("span", {}, label)));
  }
  const set = value => { if (inputs.has(value)) inputs.get(value).checked = true; };
  set(value);
  return { node: html("fieldset", { class: "control" }, html("legend", {}, label), pills), set };
}

const button = (label, onPress, attributes = {}) =>
  html("button", { type: "button", class: "press", onclick: onPress, ...attributes }, label);

function spoken() {
  const node = html("p", { class: "say", role: "status" });
  return { node, set: text => { if (node.textContent !== text) node.textContent = text; } };
}

function stage(el, name, style, ...parts) {
  const root = html("div", { class: `rnnlab ${name}` }, html("style", {}, STYLE + style), ...parts);
  // A plain key pressed here is ours: to JupyterLab an arrow folds a heading and `dd` deletes the cell.
  root.addEventListener("keydown", event => { if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation(); });
  el.append(root);
  return root;
}

function watch(model, names, draw) {
  const redraw = () => draw(Object.fromEntries(names.map(name => [name, model.get(name)])));
  for (const name of names) model.on(`change:${name}`, redraw);
  redraw();
  return () => { for (const name of names) model.off(`change:${name}`, redraw); };
}

function put(model, values) {
  for (const [name, value] of Object.entries(values)) model.set(name, value);
  model.save_changes();
}

function fit(node, draw) {
  let width = 0;
  const look = () => {
    const now = Math.floor(node.clientWidth);
    if (!now || now === width) return;
    draw(width = now);
    if (node.scrollWidth > now) node.tabIndex = 0; else node.removeAttribute("tabindex");   // to scroll with the arrow keys
  };
  const observer = new ResizeObserver(look);
  observer.observe(node);
  look();
  return () => observer.disconnect();
}

const dragged = new WeakMap();   // of a plot: what to do with a pointer that is down on it
function drag(plot, onPoint) {
  const at = (event, room) => {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(plot.getScreenCTM().inverse());
    const { scrollLeft } = room;
    onPoint({ x, y });
    room.scrollLeft = scrollLeft;   // what is under the pointer stays there, or the next move would pick another
  };
  plot.style.touchAction = "pan-y";
  plot.style.cursor = "pointer";
  plot.addEventListener("pointerdown", event => {
    if (event.button) return;
    const room = plot.parentNode;   // it holds the pointer: onPoint may draw another plot in place of this one
    room.onpointermove = event => { if (room.hasPointerCapture(event.pointerId)) dragged.get(plot.isConnected ? plot : room.querySelector("svg"))?.(event, room); };
    room.setPointerCapture(event.pointerId);
    at(event, room);
  });
  dragged.set(plot, at);
}

function pulse(nodes, keyframes, milliseconds = 600) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const node of nodes) node.animate(keyframes, { duration: milliseconds, easing: "ease-out" });
}

// In an exported page there is no kernel: a model of the same four methods stands in, and Python never answers.
class Page {
  page = true;
  listeners = {};
  constructor(state) { this.state = state; }
  get(name) { return this.state[name]; }
  set(name, value) {
    if (this.state[name] === value) return;
    this.state[name] = value;
    for (const f of [...this.listeners[`change:${name}`] ?? []]) f();
  }
  on(event, f) { (this.listeners[event] ??= []).push(f); }
  off(event, f) { this.listeners[event] = (this.listeners[event] ?? []).filter(g => g !== f); }
  save_changes() {}
  send() {}
}
const hasKernel = model => !model.page;

function awaken(explorer, key, state) {
  const host = document.querySelector(`[data-explorer="${key}"]:not([data-awake])`);
  if (!host) return;
  host.dataset.awake = "";
  const el = document.createElement("div");
  explorer.render({ model: new Page(state), el });
  host.replaceChildren(el);                         // only now: if a script fails, the picture stays
}
