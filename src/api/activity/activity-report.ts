import type { RunningDownload } from "./running-downloads.js";
import type { UpstreamState } from "./upstream-states.js";

/** What a process does now; sent between processes as JSON. */
export interface ActivityReport {
  readonly downloads: readonly RunningDownload[];
  /** By the upstream's name. */
  readonly upstreams: Readonly<Record<string, UpstreamState>>;
  /** Uploads that are being received. */
  readonly uploads: number;
  /** Bytes of the cache as far as the process knows; absent if nothing is cached. */
  readonly cacheSize?: number | undefined;
}

/** What several processes do together. */
export function combined(reports: readonly ActivityReport[]): ActivityReport {
  const upstreams = new Map<string, UpstreamState>();
  for (const report of reports) {
    for (const [name, state] of Object.entries(report.upstreams)) {
      const known = upstreams.get(name);
      upstreams.set(name, known === undefined ? state : latestOf(known, state));
    }
  }
  const sizes = reports.flatMap(({ cacheSize }) => (cacheSize === undefined ? [] : [cacheSize]));
  return {
    downloads: reports.flatMap(({ downloads }) => downloads).sort((one, other) => one.startedMs - other.startedMs),
    upstreams: Object.fromEntries(upstreams),
    uploads: reports.reduce((sum, { uploads }) => sum + uploads, 0),
    // Each knows what all had stored some time ago, and what it has added since.
    cacheSize: sizes.length === 0 ? undefined : Math.max(...sizes),
  };
}

/** An upstream as two processes know it: the last answer to either of them counts. */
function latestOf(one: UpstreamState, other: UpstreamState): UpstreamState {
  const failed = (one.failedMs ?? 0) >= (other.failedMs ?? 0) ? one : other;
  const quotas = [one.quota, other.quota].filter((quota) => quota !== undefined);
  return {
    condition: eventOf(one) >= eventOf(other) ? one.condition : other.condition,
    answeredMs: maxOf(one.answeredMs, other.answeredMs),
    failedMs: failed.failedMs,
    failure: failed.failure,
    quota: quotas.sort((first, second) => second.at - first.at)[0],
    countsPulls: one.countsPulls || other.countsPulls,
  };
}

function eventOf({ answeredMs = 0, failedMs = 0 }: UpstreamState): number {
  return Math.max(answeredMs, failedMs);
}

function maxOf(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || (other !== undefined && other > one) ? other : one;
}
