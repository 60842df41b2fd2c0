import { Registry } from "prom-client";
import type { Exchange } from "../http/exchange.js";
import type { LastCheck } from "../storage/check-record.js";
import type { StorageDriver } from "../storage/driver.js";
import type { UpstreamClient } from "../upstream/upstream-client.js";
import { CheckMetrics, type VerifiedReads } from "./check-metrics.js";
import { DownloadMetrics } from "./download-metrics.js";
import { EventMetrics } from "./event-metrics.js";
import { LocalCacheMetrics, type LocalCacheState } from "./local-cache-metrics.js";
import type { MetricsReport } from "./metrics-sum.js";
import { addProcessMetrics } from "./process-metrics.js";
import { type ObservedQuota, QuotaMetrics } from "./quota-metrics.js";
import { RequestMetrics } from "./request-metrics.js";
import { RetentionMetrics } from "./retention-metrics.js";
import { StorageMetrics } from "./storage-metrics.js";
import { StoredMetrics, type StoredState } from "./stored-metrics.js";
import { UpstreamMetrics } from "./upstream-metrics.js";

/** What a serving process can report at any time. */
export interface ServingState extends StoredState {
  /** Requests that are being answered. */
  running(): Iterable<Exchange>;
  /** The last check of the stored content. */
  lastCheck(): Promise<LastCheck | undefined>;
  /** The quotas of the configuration in effect. */
  quotas(): Promise<readonly ObservedQuota[]>;
  /** Blobs that were hashed while they were sent. */
  readonly verifiedReads: VerifiedReads;
  readonly answers: { readonly requests: number; readonly hits: number };
  /** Copies of a bucket's blobs on the local disk, if they are configured. */
  readonly localCache: LocalCacheState | undefined;
}

/** All metrics of one process. Its parts are notified of events, or wrap what they measure. */
export class Metrics {
  readonly requests: RequestMetrics;
  readonly downloads: DownloadMetrics;
  /** Notified of evictions and of searches for abandoned uploads. */
  readonly stored: StoredMetrics;
  /** Notified of checks of the stored content. */
  readonly checks: CheckMetrics;
  /** Notified of runs of retention. */
  readonly retention: RetentionMetrics;
  /** Told of events that are kept and sent. */
  readonly events: EventMetrics;
  readonly #quotas: QuotaMetrics;
  readonly #registry = new Registry();
  readonly #storage: StorageMetrics;
  readonly #upstreams: UpstreamMetrics;

  constructor(build: { readonly version: string; readonly mode: string }) {
    const registers = [this.#registry];
    this.requests = new RequestMetrics(this.#registry);
    this.#storage = new StorageMetrics(registers);
    this.#upstreams = new UpstreamMetrics(registers);
    this.downloads = new DownloadMetrics(registers);
    this.events = new EventMetrics(registers);
    this.checks = new CheckMetrics(registers);
    this.retention = new RetentionMetrics(registers);
    this.stored = new StoredMetrics(registers);
    this.#quotas = new QuotaMetrics(registers);
    addProcessMetrics(this.#registry, build);
  }

  /** Wraps the client of an upstream to count its requests. */
  meterClient(client: UpstreamClient): UpstreamClient {
    return this.#upstreams.meter(client);
  }

  /** Wraps a driver to time its work. */
  meterDriver(driver: StorageDriver, name: string): StorageDriver {
    return this.#storage.meter(driver, name);
  }

  /** The state can be read from now on. */
  begin(state: ServingState): void {
    this.requests.running = () => state.running();
    this.#storage.answers = state.answers;
    this.stored.state = state;
    this.#quotas.quotas = () => state.quotas();
    this.checks.lastCheck = () => state.lastCheck();
    this.checks.verifiedReads = state.verifiedReads;
    if (state.localCache !== undefined) new LocalCacheMetrics([this.#registry], state.localCache);
  }

  /** The metrics of this process, to be combined with those of others. */
  report(): Promise<MetricsReport> {
    return this.#registry.getMetricsAsJSON();
  }
}
