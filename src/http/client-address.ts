import type { IncomingMessage } from "node:http";
import { isIPv4, isIPv6, type Socket } from "node:net";
import type { Caller } from "../registry/context.js";
import { AddressList, withoutMapping } from "./address-list.js";

const groupsOfNetwork = 4;

/** What counts as one client: an IPv4 address, or the /64 of an IPv6 one, the smallest network that a host gets. */
export function networkOf(address: string): string {
  const plain = withoutMapping(address);
  if (!plain.includes(":")) return plain;
  const [before = "", after] = plain.split("::");
  const groups = before.split(":").filter(Boolean);
  const last = after?.split(":").filter(Boolean) ?? [];
  while (groups.length < 8 - last.length) groups.push("0");
  return [...groups, ...last].slice(0, groupsOfNetwork).join(":");
}

/** The other end of a connection. */
export function peerOf(socket: Socket): Caller {
  return callerAt(withoutMapping(socket.remoteAddress ?? "unknown"));
}

function callerAt(address: string): Caller {
  return { address, network: networkOf(address) };
}

/** Finds the client behind reverse proxies that are trusted to name it. */
export class TrustedProxies {
  readonly #trusted: AddressList;

  /** @param trusted addresses and networks, such as `10.0.0.0/8` */
  constructor(trusted: readonly string[]) {
    this.#trusted = new AddressList(trusted);
  }

  include({ address }: Caller): boolean {
    return this.#trusted.includes(address);
  }

  /**
   * The last address of `X-Forwarded-For` that is not a trusted proxy: anyone may have written those before it.
   * @param peer a trusted proxy
   */
  clientOf({ headers }: IncomingMessage, peer: Caller): Caller {
    const forwarded = headers["x-forwarded-for"];
    if (forwarded === undefined) return peer;
    const hops = String(forwarded)
      .split(",")
      .map((hop) => hop.trim());
    const client = hops.findLast((hop) => !this.#trusted.includes(hop)) ?? hops[0];
    return client !== undefined && (isIPv4(client) || isIPv6(client)) ? callerAt(client) : peer;
  }
}
