import type { Logger } from "../observability/logger.js";
import type { Actor, OwnTask } from "../oci/actor.js";
import type { RequestTrail } from "../oci/request-trail.js";
import type { Access } from "./access.js";

/** The client of a request. */
export interface Caller {
  /** The client's address, for the log. */
  readonly address: string;
  /** The key of limits per client: the address, or for IPv6 its network. */
  readonly network: string;
}

/** A request as its client made it. */
export interface ClientRequest {
  readonly method: string | undefined;
  /** The `Host` header. */
  readonly host: string | undefined;
  /** The `User-Agent` header. */
  readonly agent: string | undefined;
}

/** What every operation of a repository receives in addition to its arguments. */
export interface Context {
  /** Of the request: the client has it as `X-Request-Id`, and each line of {@link log} says it. */
  readonly id: string;
  /** Aborted if the client disconnects or the server gives up the request. */
  readonly signal: AbortSignal;
  readonly caller: Caller;
  /** What the client's request says about its sender. */
  readonly client?: ClientRequest;
  /** What Berth does by itself; `undefined` for a client's request. */
  readonly ownTask?: OwnTask | undefined;
  /** What the client may do; `undefined` without access control. */
  readonly access?: Access | undefined;
  /** Passed on to upstreams. */
  readonly trail?: RequestTrail | undefined;
  /** Whether the client wants a response that is not only remembered (`Cache-Control: no-cache`). */
  readonly noCache?: boolean;
  /** Whether the client only looks at what is stored: nothing is fetched for it, and that is no use of an image. */
  readonly onlyLooks?: boolean;
  readonly log: Logger;
}

/** Who acts. */
export function actorOf({ ownTask, access }: Context): Actor {
  return ownTask === undefined ? { kind: "client", user: access?.identity.user } : { kind: "berth", task: ownTask };
}
