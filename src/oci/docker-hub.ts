/** Docker Hub. Its namespaces contain no dot, so a name that begins with a host belongs to another registry. */
export const dockerHub = "docker.io";

/** Other hosts that clients use for it: older than `docker.io`, or the address of its API. */
const otherNames = new Set(["index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"]);

/** The registry that a client means by a host, regardless of case and of an explicit https port. */
export function registryCalled(host: string): string {
  const name = host.toLowerCase().replace(/:443$/, "");
  return otherNames.has(name) ? dockerHub : name;
}

/** Whether a host means Docker Hub. */
export function isHubName(host: string): boolean {
  return registryCalled(host) === dockerHub;
}

/** Whether an address is Docker Hub's own, not that of a mirror. */
export function isHubHost(hostname: string): boolean {
  return hostname === dockerHub || hostname.endsWith(`.${dockerHub}`);
}
