// Runs before anything is painted, so that a page in the dark does not begin with a white flash. It is a plain script,
// not a module: modules run only when the document has been read.
const chosenTheme = (() => {
  try {
    return localStorage.getItem("theme");
  } catch {
    // Storage is switched off: the system's theme holds.
    return null;
  }
})();
if (chosenTheme === "light" || chosenTheme === "dark") document.documentElement.dataset.theme = chosenTheme;
