import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import {
  ObservedUpstreamClient,
  type RequestKind,
  type UpstreamObserver,
} from "../upstream/observed-upstream-client.js";
import type { UpstreamClient } from "../upstream/upstream-client.js";
import { UpstreamError } from "../upstream/upstream-error.js";
import { type CounterCell, TalliedCounter } from "./tallies.js";

const seconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25];

/** Requests to upstreams, and the quotas that upstreams reported. */
export class UpstreamMetrics implements UpstreamObserver {
  /** By name; those of the current configuration. */
  readonly #upstreams = new Map<string, UpstreamClient>();
  readonly #requests: Counter<"upstream" | "kind" | "result">;
  readonly #durations: Histogram<"upstream" | "kind">;
  readonly #pulledBytes: Readonly<Record<"blob" | "manifest", CounterCell>>;

  constructor(registers: Registry[]) {
    this.#requests = new Counter({
      name: "berth_upstream_requests_total",
      help: "Requests to upstreams without retries, by kind and result.",
      labelNames: ["upstream", "kind", "result"],
      registers,
    });
    this.#durations = new Histogram({
      name: "berth_upstream_request_seconds",
      help: "Time until an upstream answered, including retries; for a blob, until its answer began.",
      labelNames: ["upstream", "kind"],
      buckets: seconds,
      registers,
    });
    const pulled = new TalliedCounter({
      name: "registry_proxy_pulled_bytes_total",
      help: "The size of total bytes pulled from the upstream",
      labelNames: ["type"],
      registers,
    });
    this.#pulledBytes = { blob: pulled.cell({ type: "blob" }), manifest: pulled.cell({ type: "manifest" }) };
    this.#addQuota(registers);
  }

  /** Wraps an upstream to count its requests. */
  meter(upstream: UpstreamClient): UpstreamClient {
    this.#upstreams.set(upstream.name, upstream);
    return new ObservedUpstreamClient(upstream, this);
  }

  async request<Answer>(upstream: string, kind: RequestKind, send: () => Promise<Answer>): Promise<Answer> {
    const end = this.#durations.startTimer({ upstream, kind });
    try {
      const answer = await send();
      this.#requests.inc({ upstream, kind, result: "ok" });
      return answer;
    } catch (error) {
      this.#requests.inc({ upstream, kind, result: resultOf(error) });
      throw error;
    } finally {
      end();
    }
  }

  pulled(type: "blob" | "manifest", bytes: number): void {
    this.#pulledBytes[type].value += bytes;
  }

  /**
   * Each process knows the quota of its latest answer: the lowest is the most recent while the quota's window lasts.
   */
  #addQuota(registers: Registry[]): void {
    const quotas = () => [...this.#upstreams.values()].flatMap(quotaOf);
    const gauge = (name: string, help: string, aggregator: "min" | "max", value: (quota: TimedQuota) => number) =>
      new Gauge({
        name,
        help,
        labelNames: ["upstream"],
        aggregator,
        registers,
        collect() {
          this.reset();
          for (const quota of quotas()) this.set({ upstream: quota.upstream }, value(quota));
        },
      });
    const told = "as last reported by an upstream such as Docker Hub.";
    gauge("berth_upstream_quota_limit", `Pulls allowed per window, ${told}`, "max", ({ limit }) => limit);
    gauge("berth_upstream_quota_remaining", `Pulls left, ${told}`, "min", ({ remaining }) => remaining);
    const until = "End of the last reported quota window, in seconds since 1970.";
    gauge("berth_upstream_quota_until_timestamp_seconds", until, "max", ({ untilSeconds }) => untilSeconds);
  }
}

interface TimedQuota {
  readonly upstream: string;
  readonly limit: number;
  readonly remaining: number;
  readonly untilSeconds: number;
}

/**
 * Docker Hub reports the length of its window but not its start: the quota is full again after that time at the latest.
 */
const usualWindowSeconds = 6 * 60 * 60;

function quotaOf(upstream: UpstreamClient): TimedQuota[] {
  const quota = upstream.quota();
  if (quota === undefined) return [];
  const { limit, remaining, at, windowSeconds = usualWindowSeconds } = quota;
  const untilSeconds = at / 1000 + windowSeconds;
  return untilSeconds * 1000 < Date.now() ? [] : [{ upstream: upstream.name, limit, remaining, untilSeconds }];
}

/** A request that was cancelled because nobody waited any more is not a failure of the upstream. */
function resultOf(error: unknown): string {
  return error instanceof UpstreamError ? error.kind : "cancelled";
}
