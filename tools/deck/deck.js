// A slide that is full, or a line of code that is too wide, takes smaller letters, step by step: see deck.css.
const less = (slide, why, most) => { slide.dataset[why] = Math.min(most, +(slide.dataset[why] ?? 0) + 1); };
const watch = new ResizeObserver(all => all.forEach(({ target: slide }) => {
  const cut = parts => [...slide.querySelectorAll(parts)].some(one => one.scrollWidth > one.clientWidth + 1);
  if (cut(".jp-InputArea pre")) less(slide, "wide", 3);
  else if (slide.scrollHeight > (slide.dataset.full ? 712 : 480) || cut("p, li, table")) less(slide, "full", 4);
}));
document.querySelectorAll("section section").forEach(slide => watch.observe(slide));

Reveal.initialize({
  width: 1280, height: 720, margin: 0, minScale: 0.1, center: false, hash: true, transition: "none", slideNumber: "c/t",
  navigationMode: "linear", controls: false, plugins: [RevealNotes],
});

// An explorer that has the focus keeps its keys, arrows too. A clicker turns the slide all the same, and Escape lets go.
addEventListener("keydown", event => {
  const turn = { PageDown: "next", PageUp: "prev", Escape: "" }[event.key];
  if (turn === undefined || !document.activeElement.closest(".rnnlab")) return;
  event.preventDefault();
  event.stopPropagation();
  document.activeElement.blur();
  if (turn) Reveal[turn]();
}, true);
