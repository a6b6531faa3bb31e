// Explorers read from <body> whether the page is light or dark, as JupyterLab says it; the theme says it in its own words.
const dark = matchMedia("(prefers-color-scheme: dark)");
function tell() {
  const theme = document.body.dataset.theme;
  document.body.dataset.jpThemeLight = String(!(theme === "dark" || (theme !== "light" && dark.matches)));
}
addEventListener("DOMContentLoaded", () => {
  new MutationObserver(tell).observe(document.body, { attributeFilter: ["data-theme"] });
  dark.addEventListener("change", tell);
  tell();
});
