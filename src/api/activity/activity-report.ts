import type { CountedToday } from "./day-tally.js";
import type { RunningDownload } from "./running-downloads.js";
import type { UpstreamState } from "./upstream-states.js";

/** What a process does now; sent between processes as JSON. */
export interface ActivityReport {
  readonly downloads: readonly RunningDownload[];
  /** By the upstream's name. */
  readonly upstreams: Readonly<Record<string, UpstreamState>>;
  readonly today: readonly CountedToday[];
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
    downloads: downloadsIn(reports),
    today: reports.flatMap(({ today }) => today),
    upstreams: Object.fromEntries(upstreams),
    uploads: reports.reduce((sum, { uploads }) => sum + uploads, 0),
    // Each knows what all had stored some time ago, and what it has added since.
    cacheSize: sizes.length === 0 ? undefined : Math.max(...sizes),
  };
}

/** One process downloads, and others may read along: their clients count. The longest running come first. */
function downloadsIn(reports: readonly ActivityReport[]): readonly RunningDownload[] {
  const downloads = new Map<string, RunningDownload>();
  for (const download of reports.flatMap((report) => report.downloads)) {
    const key = `${download.upstream} ${download.repository} ${download.digest}`;
    const known = downloads.get(key);
    downloads.set(key, known === undefined ? download : together(known, download));
  }
  return [...downloads.values()].sort((one, other) => one.startedMs - other.startedMs);
}

function together(one: RunningDownload, other: RunningDownload): RunningDownload {
  return {
    ...one,
    received: Math.max(one.received, other.received),
    size: one.size ?? other.size,
    clients: one.clients + other.clients,
    bytesPerSecond: Math.max(one.bytesPerSecond, other.bytesPerSecond),
    startedMs: Math.min(one.startedMs, other.startedMs),
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
