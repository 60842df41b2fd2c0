import { Registry } from "prom-client";
import type { Exchange } from "../http/exchange.js";
import type { StorageDriver } from "../storage/driver.js";
import type { Upstream } from "../upstream/upstream.js";
import { DownloadMetrics } from "./download-metrics.js";
import type { MetricsReport } from "./metrics-sum.js";
import { addProcessMetrics } from "./process-metrics.js";
import { RequestMetrics } from "./request-metrics.js";
import { StorageMetrics } from "./storage-metrics.js";
import { StoredMetrics, type StoredState } from "./stored-metrics.js";
import { UpstreamMetrics } from "./upstream-metrics.js";

/** What a process that serves can be asked at any time. */
export interface ServingState extends StoredState {
  /** What is being answered now. */
  running(): Iterable<Exchange>;
  readonly answers: { readonly requests: number; readonly hits: number };
}

/** All metrics of one process. Its parts are told what happens, or stand in front of what they measure. */
export class Metrics {
  readonly requests: RequestMetrics;
  readonly downloads: DownloadMetrics;
  /** Told of evictions and of searches for abandoned uploads. */
  readonly stored: StoredMetrics;
  readonly #registry = new Registry();
  readonly #storage: StorageMetrics;
  readonly #upstreams: UpstreamMetrics;

  constructor(build: { readonly version: string; readonly mode: string }) {
    const registers = [this.#registry];
    this.requests = new RequestMetrics(this.#registry);
    this.#storage = new StorageMetrics(registers);
    this.#upstreams = new UpstreamMetrics(registers);
    this.downloads = new DownloadMetrics(registers);
    this.stored = new StoredMetrics(registers);
    addProcessMetrics(this.#registry, build);
  }

  /** The same upstream, whose questions are counted. */
  meterUpstream(upstream: Upstream): Upstream {
    return this.#upstreams.meter(upstream);
  }

  /** The same driver, whose work is timed. */
  meterDriver(driver: StorageDriver, name: string): StorageDriver {
    return this.#storage.meter(driver, name);
  }

  /** From now on it can be asked. */
  begin(state: ServingState): void {
    this.requests.running = () => state.running();
    this.#storage.answers = state.answers;
    this.stored.state = state;
  }

  /** The numbers of this process, to be added to those of others. */
  report(): Promise<MetricsReport> {
    return this.#registry.getMetricsAsJSON();
  }
}
