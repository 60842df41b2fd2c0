/** Names of Docker Hub that people write; its API is at another one, which replaces them. */
const hubAliases = new Set(["docker.io", "index.docker.io", "hub.docker.com", "registry.hub.docker.com"]);
const hubHost = "registry-1.docker.io";

/**
 * The URL of an endpoint, below which `/v2/` is; people also write that into it. Aliases of Docker Hub are replaced by
 * its registry.
 * @throws Error with a sentence for the operator
 */
export function parseEndpointUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:") {
    throw new Error(`an upstream's URL begins with https:// or http://, and "${text.slice(0, 100)}" does not`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new Error(`the URL of ${url.host} has credentials in it; write them as username and password`);
  }
  if (hubAliases.has(url.hostname)) return new URL(`https://${hubHost}`);
  url.pathname = url.pathname.replace(/\/+$/, "").replace(/\/v2$/, "");
  url.search = "";
  url.hash = "";
  return url;
}
