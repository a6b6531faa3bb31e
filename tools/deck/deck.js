// A slide that is full, or a line of code that is too wide, takes smaller letters, in three steps: see deck.css.
const less = (slide, why) => { slide.dataset[why] = Math.min(3, +(slide.dataset[why] ?? 0) + 1); };
const watch = new ResizeObserver(all => all.forEach(({ target: slide }) => {
  if ([...slide.querySelectorAll(".jp-InputArea pre")].some(code => code.scrollWidth > code.clientWidth)) less(slide, "wide");
  else if (slide.scrollHeight > 712) less(slide, "full");
}));
document.querySelectorAll("section section").forEach(slide => watch.observe(slide));

Reveal.initialize({
  width: 1280, height: 720, margin: 0, minScale: 0.1, center: false, hash: true, transition: "none", slideNumber: "c/t",
  navigationMode: "linear", controlsTutorial: false, plugins: [RevealNotes],
});

// An explorer that has the focus keeps its keys, arrows too. A clicker's keys turn the slide all the same, and Escape goes back.
addEventListener("keydown", event => {
  const turn = { PageDown: "next", PageUp: "prev", Escape: "focus" }[event.key];
  if (!turn || !document.activeElement.closest(".rnnlab")) return;
  event.preventDefault();
  event.stopPropagation();
  document.activeElement.blur();
  if (turn !== "focus") Reveal[turn]();
}, true);
