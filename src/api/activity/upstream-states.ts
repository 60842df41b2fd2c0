import { isQuotaLow, type Quota } from "../../upstream/limits/quota.js";
import {
  ObservedUpstreamClient,
  type RequestKind,
  type UpstreamObserver,
} from "../../upstream/observed-upstream-client.js";
import type { UpstreamClient } from "../../upstream/upstream-client.js";
import { UpstreamError, type UpstreamErrorKind } from "../../upstream/upstream-error.js";

/** Docker Hub reports the length of its window, but not its start: the quota is full again after it at the latest. */
const usualWindowSeconds = 6 * 60 * 60;

/** By the last answers: `unknown` before the first one. */
export type UpstreamCondition = "unknown" | "up" | "limited" | "down";

/** What is known about an upstream. Times in milliseconds since 1970. */
export interface UpstreamState {
  readonly condition: UpstreamCondition;
  readonly answeredMs: number | undefined;
  readonly failedMs: number | undefined;
  /** The last failure in a sentence, without secrets. */
  readonly failure: string | undefined;
  /** As the upstream last reported it, unless its window is over. */
  readonly quota: Quota | undefined;
  readonly countsPulls: boolean;
}

interface Observed {
  readonly client: UpstreamClient;
  answeredMs?: number;
  failedMs?: number;
  failure?: UpstreamError;
  /** Whether the quota was low at the last answer. */
  isLow?: boolean;
}

/** The other kinds of failures are answers: the upstream is there. */
const troubles: ReadonlySet<UpstreamErrorKind> = new Set(["unavailable", "invalid", "rate-limited"]);

/** How the upstreams have answered this process. */
export class UpstreamStates implements UpstreamObserver {
  /** Told once when the quota of an upstream falls to a tenth. */
  onQuotaLow: (upstream: string, quota: Quota) => void = () => {};
  readonly #observed = new Map<string, Observed>();

  /** Observes an upstream, in place of an older one of the same name. */
  observe(client: UpstreamClient): UpstreamClient {
    this.#observed.set(client.name, { client });
    return new ObservedUpstreamClient(client, this);
  }

  async request<Answer>(name: string, _kind: RequestKind, send: () => Promise<Answer>): Promise<Answer> {
    const observed = this.#observed.get(name);
    try {
      const answer = await send();
      if (observed !== undefined) this.#noteAnswer(observed);
      return answer;
    } catch (error) {
      if (observed !== undefined && error instanceof UpstreamError) note(observed, error);
      throw error;
    }
  }

  #noteAnswer(observed: Observed): void {
    observed.answeredMs = Date.now();
    const quota = observed.client.quota();
    if (quota === undefined) return;
    const isLow = isQuotaLow(quota);
    if (isLow && !observed.isLow) this.onQuotaLow(observed.client.name, quota);
    observed.isLow = isLow;
  }

  /** By the upstream's name. */
  all(): Readonly<Record<string, UpstreamState>> {
    return Object.fromEntries([...this.#observed].map(([name, observed]) => [name, stateOf(observed)]));
  }
}

function stateOf(observed: Observed): UpstreamState {
  const { client, answeredMs, failedMs, failure } = observed;
  const quota = client.quota();
  return {
    condition: conditionOf(observed),
    answeredMs,
    failedMs,
    failure: failure?.message,
    quota: quota !== undefined && isCurrent(quota) ? quota : undefined,
    countsPulls: client.countsPulls || quota !== undefined,
  };
}

function note(observed: Observed, error: UpstreamError): void {
  if (!troubles.has(error.kind)) {
    observed.answeredMs = Date.now();
    return;
  }
  observed.failedMs = Date.now();
  observed.failure = error;
}

function conditionOf({ answeredMs, failedMs, failure }: Observed): UpstreamCondition {
  if (failedMs === undefined) return answeredMs === undefined ? "unknown" : "up";
  if (answeredMs !== undefined && answeredMs > failedMs) return "up";
  return failure?.kind === "rate-limited" ? "limited" : "down";
}

function isCurrent({ at, windowSeconds = usualWindowSeconds }: Quota): boolean {
  return at + windowSeconds * 1000 > Date.now();
}
