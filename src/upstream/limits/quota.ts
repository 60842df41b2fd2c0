import type { IncomingHttpHeaders } from "node:http";
import type { Logger } from "../../observability/logger.js";
import { plainText } from "../plain-text.js";
import type { Clock } from "./clock.js";

/** A pull quota as Docker Hub tells it. */
export interface Quota {
  readonly limit: number;
  readonly remaining: number;
  /** Seconds over which is counted, if told. */
  readonly windowSeconds: number | undefined;
  /** The address or account that is counted, if told. */
  readonly source: string | undefined;
  /** When it was told, in milliseconds since 1970. */
  readonly at: number;
}

/** Reads `ratelimit-limit: 100;w=21600` and its kin; `undefined` if the answer tells no quota. */
export function parseQuota(headers: IncomingHttpHeaders, at: number): Quota | undefined {
  const limit = parseCount(headers["ratelimit-limit"]);
  const remaining = parseCount(headers["ratelimit-remaining"]);
  if (limit === undefined || remaining === undefined) return undefined;
  const source = headers["docker-ratelimit-source"];
  return {
    limit: limit.count,
    remaining: remaining.count,
    windowSeconds: limit.window ?? remaining.window,
    source: typeof source === "string" ? plainText(source, 100) : undefined,
    at,
  };
}

function parseCount(value: string | string[] | undefined): { count: number; window: number | undefined } | undefined {
  if (typeof value !== "string") return undefined;
  const [, count, window] = /^(\d{1,15})(?:\s*;\s*w=(\d{1,15}))?\s*$/.exec(value.trim()) ?? [];
  return count === undefined ? undefined : { count: Number(count), window: window ? Number(window) : undefined };
}

/** Keeps the last quota that an upstream told, and warns once when it runs low. */
export class QuotaMemory {
  readonly #upstream: string;
  readonly #clock: Clock;
  #last: Quota | undefined;
  #isLow = false;

  constructor(upstream: string, clock: Clock) {
    this.#upstream = upstream;
    this.#clock = clock;
  }

  get last(): Quota | undefined {
    return this.#last;
  }

  note(headers: IncomingHttpHeaders, log: Logger): void {
    const quota = parseQuota(headers, this.#clock.wall());
    if (!quota) return;
    this.#last = quota;
    const wasLow = this.#isLow;
    this.#isLow = quota.remaining <= quota.limit / 10;
    if (this.#isLow && !wasLow) log.warn("upstream quota low", { upstream: this.#upstream, ...quota });
  }
}
