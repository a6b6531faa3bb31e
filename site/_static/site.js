// Explorers read from <body> whether the page is light or dark, as JupyterLab says it; the theme says it in its own words.
const dark = matchMedia("(prefers-color-scheme: dark)");
function tell() {
  const theme = document.body.dataset.theme;
  document.body.dataset.jpThemeLight = String(!(theme === "dark" || (theme !== "light" && dark.matches)));
}

// What the theme leaves unsaid to a screen reader and the keyboard.
function name() {
  document.querySelector(".sidebar-drawer")?.setAttribute("aria-label", "all pages");
  document.querySelector(".toc-drawer")?.setAttribute("aria-label", "this page");
  for (const caption of document.querySelectorAll(".caption[role=heading]")) caption.ariaLevel = 2;
  for (const box of document.querySelectorAll("article p, article pre, article .math, article .table-wrapper, article .cell_output"))
    if (box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX !== "visible") box.tabIndex = 0;
}

// A page on the disk may not fetch its neighbours: the search shows titles there, without the lines around the word.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

addEventListener("DOMContentLoaded", () => {
  new MutationObserver(tell).observe(document.body, { attributeFilter: ["data-theme"] });
  dark.addEventListener("change", tell);
  addEventListener("resize", name);
  tell();
  name();
});
