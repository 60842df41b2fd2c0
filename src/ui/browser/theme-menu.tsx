import { useState } from "preact/hooks";
import { Icon, type IconName } from "./parts/icon.js";
import { useMenu } from "./use-menu.js";

type Theme = "system" | "light" | "dark";

const themes: readonly { readonly theme: Theme; readonly label: string; readonly icon: IconName }[] = [
  { theme: "system", label: "As the system", icon: "system" },
  { theme: "light", label: "Light", icon: "sun" },
  { theme: "dark", label: "Dark", icon: "moon" },
];

export function ThemeMenu() {
  const [theme, setTheme] = useState<Theme>(currentTheme);
  const menu = useMenu();
  const choose = (chosen: Theme) => {
    setTheme(chosen);
    apply(chosen);
  };
  return (
    <details class="menu" ref={menu}>
      <summary class="icon-button" aria-label="Theme">
        <Icon name={themes.find((each) => each.theme === theme)?.icon ?? "system"} />
      </summary>
      <div class="menu-panel themes">
        {themes.map(({ theme: each, label, icon }) => (
          <button key={each} type="button" aria-pressed={each === theme} onClick={() => choose(each)}>
            <Icon name={icon} /> {label}
          </button>
        ))}
      </div>
    </details>
  );
}

function currentTheme(): Theme {
  const { theme } = document.documentElement.dataset;
  return theme === "light" || theme === "dark" ? theme : "system";
}

/** As `theme.ts` reads it when the page is loaded again. */
function apply(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // Storage is switched off: the theme holds until the page is loaded again.
  }
}
