import { basePath } from "./base-path.js";

/** What the page can show. Each has an address of its own, which can be kept and passed on. */
export type Route =
  | { readonly view: "home" }
  | { readonly view: "repositories"; readonly search: string; readonly under: string; readonly isFlat: boolean }
  | { readonly view: "repository"; readonly name: string }
  | { readonly view: "image"; readonly name: string; readonly reference: string }
  | { readonly view: "upstreams" }
  | { readonly view: "setup"; readonly client: string }
  | { readonly view: "tokens" }
  | { readonly view: "sign-in"; readonly returnTo: string; readonly failed: string }
  | { readonly view: "unknown" };

export const homePath = `${basePath}/ui/`;
export const upstreamsPath = `${homePath}upstreams`;
export const setupPath = `${homePath}setup`;
export const tokensPath = `${homePath}tokens`;
export const loginPath = `${homePath}login/`;
const signInPath = `${homePath}sign-in`;
const repositoriesPath = `${homePath}repositories`;

export function repositoriesHref({ search = "", under = "", isFlat = false } = {}): string {
  const query = new URLSearchParams();
  if (search !== "") query.set("q", search);
  if (under !== "") query.set("in", under);
  if (isFlat) query.set("as", "list");
  return `${repositoriesPath}${query.size === 0 ? "" : `?${query}`}`;
}

export function repositoryHref(name: string): string {
  return `${repositoriesPath}/${escaped(name)}`;
}

/** As in a pull: `team/app:1.0`, or `team/app@sha256:…`. No name or tag contains a separator of the other. */
export function imageHref(name: string, reference: string): string {
  return `${repositoriesPath}/${escaped(name)}${reference.includes(":") ? "@" : ":"}${escaped(reference)}`;
}

export function signInHref(returnTo: string): string {
  return `${signInPath}?to=${encodeURIComponent(returnTo)}`;
}

/** Where the server begins a login at an issuer: a link that leaves the page. The server knows the base by itself. */
export function loginHref(issuer: string, returnTo: string): string {
  return `${loginPath}${encodeURIComponent(issuer)}?to=${encodeURIComponent(returnTo.slice(basePath.length))}`;
}

/** What an address of this page shows. */
export function routeOf(url: URL): Route {
  const path = url.pathname.replace(/\/+$/, "");
  if (path.startsWith(`${repositoriesPath}/`)) return contentRoute(path.slice(repositoriesPath.length + 1));
  const asked = (name: string) => url.searchParams.get(name) ?? "";
  switch (path) {
    case `${basePath}/ui`:
      return { view: "home" };
    case repositoriesPath:
      return { view: "repositories", search: asked("q"), under: asked("in"), isFlat: asked("as") === "list" };
    case upstreamsPath:
      return { view: "upstreams" };
    case setupPath:
      return { view: "setup", client: asked("client") };
    case tokensPath:
      return { view: "tokens" };
    case signInPath:
      return { view: "sign-in", returnTo: safePath(asked("to")), failed: asked("failed") };
    default:
      return { view: "unknown" };
  }
}

function contentRoute(text: string): Route {
  const place = decoded(text);
  const [, name = "", separator, reference = ""] = /^([^:@]+)([:@])(.+)$/.exec(place) ?? [];
  return separator === undefined ? { view: "repository", name: place } : { view: "image", name, reference };
}

/** Only a path of this page: an address elsewhere would make the sign-in a way to lead people away. */
function safePath(text: string): string {
  return text.startsWith(basePath) && /^\/ui(\/(?!\/)|\?|$)/.test(text.slice(basePath.length)) ? text : homePath;
}

/** Slashes and colons stay as they are, so that an address can be read. */
function escaped(text: string): string {
  return encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("%3A", ":");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
