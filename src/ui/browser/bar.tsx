import type { Caller } from "./api/registry-answers.js";
import { Mark } from "./parts/icon.js";
import { homePath, type Route, repositoriesHref, setupPath, signInHref, tokensPath, upstreamsPath } from "./routes.js";
import { Search } from "./search.js";
import { signOut } from "./session.js";
import { ThemeMenu } from "./theme-menu.js";
import { useMenu } from "./use-menu.js";

/** What is on top of each view. */
export function Bar({ caller, route }: { readonly caller: Caller; readonly route: Route }) {
  return (
    <header class="bar">
      <div class="bar-row">
        <a class="brand" href={homePath}>
          <Mark />
          <span class="name">Berth</span>
          <span class="host">{location.host}</span>
        </a>
        <div class="bar-end">
          <Search />
          <ThemeMenu />
          <Account caller={caller} />
        </div>
      </div>
      <Tabs caller={caller} route={route} />
    </header>
  );
}

function Tabs({ caller, route }: { readonly caller: Caller; readonly route: Route }) {
  const isContent = ["repositories", "repository", "image"].includes(route.view);
  const tab = (href: string, label: string, isHere: boolean) => (
    <a href={href} {...(isHere && { "aria-current": "page" as const })}>
      {label}
    </a>
  );
  return (
    <nav class="tabs" aria-label="Views">
      {tab(homePath, "Home", route.view === "home")}
      {tab(repositoriesHref(), "Repositories", isContent)}
      {caller.registry.mode !== "private" && tab(upstreamsPath, "Upstreams", route.view === "upstreams")}
      {tab(setupPath, "Set-up", route.view === "setup")}
      {caller.accessControl && tab(tokensPath, "Tokens", route.view === "tokens")}
    </nav>
  );
}

function Account({ caller }: { readonly caller: Caller }) {
  const menu = useMenu();
  if (!caller.accessControl) return null;
  if (caller.user === undefined)
    return (
      <a class="button" href={signInHref(location.pathname + location.search)}>
        Sign in
      </a>
    );
  return (
    <details class="menu" ref={menu}>
      <summary class="icon-button" aria-label={`Account of ${caller.user}`}>
        <span class="avatar">{[...caller.user][0]}</span>
      </summary>
      <div class="menu-panel">
        <p>
          <bdi>{caller.user}</bdi>
          {caller.groups.length > 0 && <span class="muted small"> · {caller.groups.join(", ")}</span>}
        </p>
        <a href={tokensPath}>Access tokens</a>
        <button type="button" onClick={() => void signOut()}>
          Sign out
        </button>
      </div>
    </details>
  );
}
