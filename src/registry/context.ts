import type { Logger } from "../observability/logger.js";
import type { Access } from "./access.js";

/** Who asks. */
export interface Caller {
  /** The client's address, for the log. */
  readonly address: string;
  /** What limits for each client count by: the address, or for IPv6 its network. */
  readonly network: string;
}

/** What every operation of a repository is given beside its arguments. */
export interface Context {
  /** Of the request: the client has it as `X-Request-Id`, and each line of {@link log} says it. */
  readonly id: string;
  /** Aborted when the client is gone or the server gives the request up. */
  readonly signal: AbortSignal;
  readonly caller: Caller;
  /** What the client may do; `undefined` where everybody may do everything. */
  readonly access?: Access | undefined;
  /** The `Via` header: the caches that the request came through. */
  readonly via?: string | undefined;
  /** Whether the client asked for an answer that is not only remembered (`Cache-Control: no-cache`). */
  readonly noCache?: boolean;
  readonly log: Logger;
}
