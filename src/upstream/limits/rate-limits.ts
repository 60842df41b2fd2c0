import { BoundedMap } from "../../foundation/bounded-map.js";
import type { Clock } from "./deadline.js";
import type { LimitExchange } from "./limit-exchange.js";

const firstPauseMs = 5_000;
const longestPauseMs = 300_000;
/** Redirects and realms name hosts, so an upstream could make up any number of them. */
const maxLimits = 1_000;

interface Limit {
  until: number;
  /** Consecutive refusals that gave no time to wait. */
  refusals: number;
}

/**
 * Remembers which hosts answered 429, so that they are not asked again too early. A limit applies to the host that sent
 * it and to the kind of request: Docker Hub's pull quota does not cover blobs, which a running pull still needs, and a
 * web page behind GHCR's referrers says nothing about GHCR (artifacthub/hub#4785).
 */
export class RateLimits {
  readonly #clock: Clock;
  readonly #exchange: LimitExchange | undefined;
  readonly #limits = new BoundedMap<string, Limit>(maxLimits);

  /** @param exchange with other processes that ask the same upstream */
  constructor(clock: Clock, exchange?: LimitExchange) {
    this.#clock = clock;
    this.#exchange = exchange;
  }

  /** Learns of limits that other processes have met; called before a request. */
  async learn(): Promise<void> {
    if (this.#exchange === undefined) return;
    for (const { host, kind, forMs } of await this.#exchange.hear()) {
      const limit = this.#limits.get(keyOf(host, kind)) ?? { until: 0, refusals: 0 };
      limit.until = Math.max(limit.until, this.#clock.monotonic() + forMs);
      this.#limits.set(keyOf(host, kind), limit);
    }
  }

  /** Milliseconds until this host may be sent this kind of request; 0 if now. */
  waitMs(host: string, kind: string): number {
    const limit = this.#limits.get(keyOf(host, kind));
    return limit ? Math.max(0, limit.until - this.#clock.monotonic()) : 0;
  }

  /** After a 429. Without `Retry-After`, the pause grows with each refusal. */
  refused(host: string, kind: string, retryAfterMs: number | undefined): void {
    const limit = this.#limits.get(keyOf(host, kind)) ?? { until: 0, refusals: 0 };
    const [now, before] = [this.#clock.monotonic(), limit.until];
    if (retryAfterMs !== undefined) limit.until = Math.max(limit.until, now + retryAfterMs);
    else if (limit.until <= now) limit.until = now + pauseAfter(limit);
    this.#limits.set(keyOf(host, kind), limit);
    if (limit.until > before) this.#exchange?.tell({ host, kind, forMs: limit.until - now });
  }

  /** After any other response. */
  answered(host: string, kind: string): void {
    const limit = this.#limits.get(keyOf(host, kind));
    if (limit) limit.refusals = 0;
  }
}

function keyOf(host: string, kind: string): string {
  return `${host} ${kind}`;
}

function pauseAfter(limit: Limit): number {
  limit.refusals += 1;
  return Math.min(longestPauseMs, firstPauseMs * 2 ** (limit.refusals - 1));
}

const datePattern = /^[A-Za-z]{3,9},? /;

/**
 * Milliseconds that a `Retry-After` asks to wait, at most `maxMs`; `undefined` if it is missing or invalid
 * (RFC 9110, "Retry-After").
 * @param now since 1970
 */
export function parseRetryAfter(value: string | undefined, now: number, maxMs: number): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d+$/.test(text)) return Math.min(maxMs, Number(text) * 1000);
  const date = datePattern.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.min(maxMs, Math.max(0, date - now));
}
