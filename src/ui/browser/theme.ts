// Runs before anything is painted, so that a page in the dark does not begin with a white flash.
const chosenTheme = storedTheme();
if (chosenTheme === "light" || chosenTheme === "dark") document.documentElement.dataset.theme = chosenTheme;

function storedTheme(): string | null {
  try {
    return localStorage.getItem("theme");
  } catch {
    // Storage is switched off: the system's theme holds.
    return null;
  }
}
