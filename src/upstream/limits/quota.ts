import type { IncomingHttpHeaders } from "node:http";
import type { Logger } from "../../observability/logger.js";
import { plainText } from "../answer-headers.js";
import type { Clock } from "./deadline.js";

/** A pull quota in Docker Hub's form. */
export interface Quota {
  readonly limit: number;
  readonly remaining: number;
  /** The window in seconds, if given. */
  readonly windowSeconds: number | undefined;
  /** The address or account that is counted, if given. */
  readonly source: string | undefined;
  /** When it was received, in milliseconds since 1970. */
  readonly at: number;
}

/** Whether at most a tenth is left. */
export function isQuotaLow({ limit, remaining }: Quota): boolean {
  return remaining <= limit / 10;
}

/** Parses `ratelimit-limit: 100;w=21600` and the like; `undefined` if the response has no quota. */
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

/** Keeps the upstream's last quota, and warns once when it runs low. */
export class QuotaMemory {
  readonly #upstream: string;
  readonly #clock: Clock;
  /** `undefined` if the upstream never sent one. */
  last: Quota | undefined;
  #isLow = false;

  constructor(upstream: string, clock: Clock) {
    this.#upstream = upstream;
    this.#clock = clock;
  }

  note(headers: IncomingHttpHeaders, log: Logger): void {
    const quota = parseQuota(headers, this.#clock.wall());
    if (!quota) return;
    this.last = quota;
    const wasLow = this.#isLow;
    this.#isLow = isQuotaLow(quota);
    if (this.#isLow && !wasLow) log.warn("upstream quota low", { upstream: this.#upstream, ...quota });
  }
}
