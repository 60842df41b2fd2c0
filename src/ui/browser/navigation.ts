import { useEffect, useState } from "preact/hooks";
import { homePath, loginPath } from "./routes.js";

const moved = "berth-moved";

/** Shows another address of this page, without loading it again. */
export function goTo(href: string, options: { readonly replace?: boolean } = {}): void {
  if (options.replace) history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  dispatchEvent(new Event(moved));
  if (!options.replace) scrollTo(0, 0);
}

/** The address, whenever it changes. */
export function useAddress(): URL {
  const [href, setHref] = useState(location.href);
  useEffect(() => {
    const look = () => setHref(location.href);
    addEventListener("popstate", look);
    addEventListener(moved, look);
    document.addEventListener("click", followLink);
    return () => {
      removeEventListener("popstate", look);
      removeEventListener(moved, look);
      document.removeEventListener("click", followLink);
    };
  }, []);
  return new URL(href);
}

/** Links of the page are real links: a new tab, a bookmark and a copied address work as anywhere. */
function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (link === null || link.origin !== location.origin || !link.pathname.startsWith(homePath) || link.target !== "")
    return;
  if (link.pathname.startsWith(loginPath)) return;
  if (link.hash !== "" && link.pathname === location.pathname) return;
  event.preventDefault();
  goTo(link.href);
}
