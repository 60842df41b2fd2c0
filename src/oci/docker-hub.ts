/** As people write it. It has no namespace with a dot in it, so a name that begins with a host is another registry's. */
export const dockerHub = "docker.io";

/** What clients call it, too: from before `docker.io`, and where its API is. */
const otherNames = new Set(["index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"]);

/** The registry that a client means by a host, in whatever letters it is written, and with the port of https or without. */
export function registryCalled(host: string): string {
  const name = host.toLowerCase().replace(/:443$/, "");
  return otherNames.has(name) ? dockerHub : name;
}

/** Whether clients mean Docker Hub by a host. */
export function isHubName(host: string): boolean {
  return registryCalled(host) === dockerHub;
}

/** Whether an address is the Hub's own, not that of a mirror. */
export function isHubHost(hostname: string): boolean {
  return hostname === dockerHub || hostname.endsWith(`.${dockerHub}`);
}
