import type { Logger } from "../../observability/logger.js";
import type { WantedBlob } from "./wanted-blob.js";

/** The log line of a stored download: how long it took, how many bytes, and for which clients. */
export class DownloadReport {
  readonly #startedAt = performance.now();
  /** Clients that requested it while it ran. */
  readonly #clients = new Set<string>();
  #fetched = 0;

  /** Bytes from the network. */
  get fetched(): number {
    return this.#fetched;
  }

  noteClient(address: string): void {
    this.#clients.add(address);
  }

  /** Counts bytes from the network, also those that were sent twice. */
  noteFetched(bytes: number): void {
    this.#fetched += bytes;
  }

  stored({ name, digest, client }: WantedBlob, bytes: number, log: Logger): void {
    log.info("blob cached", {
      repository: name,
      digest,
      upstream: client.name,
      bytes,
      fetched: this.#fetched,
      seconds: Math.round(performance.now() - this.#startedAt) / 1000,
      clients: [...this.#clients].join(" "),
    });
  }
}
