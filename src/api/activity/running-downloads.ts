import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { DownloadObserver, ObservedDownload } from "../../proxy/downloads/download-observer.js";

/** Speed is measured over the last seconds. */
const sampledForMs = 5_000;
const sampledEachMs = 400;

interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

interface Observed {
  readonly download: ObservedDownload;
  readonly startedMs: number;
  /** The oldest first; at least one. */
  samples: readonly Sample[];
}

/** A download as it is now. */
export interface RunningDownload {
  /** The name that the repository is stored under. */
  readonly repository: RepositoryName;
  readonly upstream: string;
  readonly digest: Digest;
  readonly received: number;
  readonly size: number | undefined;
  readonly clients: number;
  readonly bytesPerSecond: number;
  /** In milliseconds since 1970. */
  readonly startedMs: number;
}

/** The downloads that run in this process. */
export class RunningDownloads implements DownloadObserver {
  readonly #running = new Map<ObservedDownload, Observed>();
  readonly #onFetched: (bytes: number) => void;

  /** @param onFetched told how many bytes each download has brought */
  constructor(onFetched: (bytes: number) => void) {
    this.#onFetched = onFetched;
  }

  began(download: ObservedDownload): void {
    const sample = { atMs: performance.now(), bytes: download.state.readable };
    this.#running.set(download, { download, startedMs: Date.now(), samples: [sample] });
  }

  ended(download: ObservedDownload): void {
    this.#running.delete(download);
    this.#onFetched(download.fetched);
  }

  /** The longest running first. */
  list(): readonly RunningDownload[] {
    return [...this.#running.values()].map(describe);
  }
}

function describe(observed: Observed): RunningDownload {
  const { wanted, state, watchers } = observed.download;
  const now = { atMs: performance.now(), bytes: state.readable };
  return {
    repository: wanted.name,
    upstream: wanted.client.name,
    digest: wanted.digest,
    received: now.bytes,
    size: state.size ?? wanted.size,
    clients: watchers.count,
    bytesPerSecond: speedOf(observed, now),
    startedMs: observed.startedMs,
  };
}

function speedOf(observed: Observed, now: Sample): number {
  const [latest = now] = observed.samples.slice(-1);
  const [oldest = now] = observed.samples;
  if (now.atMs - latest.atMs >= sampledEachMs) {
    const recent = observed.samples.filter(({ atMs }) => now.atMs - atMs < sampledForMs);
    observed.samples = [...recent, now];
  }
  const seconds = (now.atMs - oldest.atMs) / 1000;
  return seconds <= 0 ? 0 : Math.max(0, Math.round((now.bytes - oldest.bytes) / seconds));
}
