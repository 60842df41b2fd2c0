import type { Exchange } from "../http/exchange.js";
import { originOf } from "../http/location.js";
import { anonymous } from "../registry/access.js";
import { isFromBrowser } from "./foreign-pages.js";

/** Facts about this registry. */
export interface About {
  readonly version: string;
  readonly mode: "private" | "proxy" | "hybrid";
  /** Its name for clients and in tokens. */
  readonly service: string;
  /** The address that clients use, if it is configured. */
  readonly publicUrl: string | undefined;
}

/** Who the client is, what it may do, and what this registry is. Also for a client that may do nothing. */
export function describeCaller(exchange: Exchange, about: About): unknown {
  const { access } = exchange;
  const { user, groups, credential } = access?.identity ?? anonymous;
  const mayChange = access === undefined ? !isFromBrowser(exchange) : user !== undefined;
  return {
    user,
    groups,
    credential: credential.kind,
    accessControl: access !== undefined,
    mayAdminister: access?.mayAdminister === true,
    mayChange,
    mayCreateTokens: access !== undefined && mayManageTokens(exchange),
    registry: { ...about, address: originOf(exchange) || undefined },
  };
}

/** A token must not be renewed by itself, or reach what another credential is for. */
export function mayManageTokens({ access }: Exchange): boolean {
  const identity = access?.identity;
  return identity?.user !== undefined && identity.credential.kind !== "access token" && identity.ceiling === undefined;
}
