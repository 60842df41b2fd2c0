import { hostname } from "node:os";
import type { BrokenRule } from "./findings.js";
import type { UpstreamDraft } from "./upstream-rules.js";

interface Listening {
  readonly host: string | undefined;
  readonly port: number | undefined;
}

const everywhere = ["0.0.0.0", "::"];

/** Upstreams with the address that Berth itself listens on, which would make it request itself without end. */
export function upstreamsThatAreHere(server: Listening, upstreams: readonly UpstreamDraft[]): BrokenRule[] {
  return upstreams.flatMap(({ url, mirrors }, index) => {
    const isHere = [...(url === undefined ? [] : [url]), ...(mirrors ?? [])].some((address) =>
      leadsTo(server, address),
    );
    if (!isHere) return [];
    const path = ["proxy", "upstreams", index, "url"];
    const message = "is the address of Berth itself (server.host and server.port)";
    return [{ path, causedBy: [["server", "port"]], message }];
  });
}

function leadsTo({ host, port }: Listening, address: string): boolean {
  if (host === undefined || port === undefined || port === 0) return false;
  const url = new URL(address);
  const asked = url.hostname.replace(/^\[|\]$/g, "");
  const usualPort = url.protocol === "https:" ? 443 : 80;
  if ((url.port === "" ? usualPort : Number(url.port)) !== port) return false;
  const own = hostname().toLowerCase();
  if (everywhere.includes(host)) return isLoopback(asked) || asked === own || asked === host;
  return asked === host || (asked === "localhost" && isLoopback(host));
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
