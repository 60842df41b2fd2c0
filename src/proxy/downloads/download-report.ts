import type { Logger } from "../../observability/logger.js";
import type { BlobOrder } from "./blob-order.js";

/** What the log says of a download that was stored: how long it took, what it fetched and for whom. */
export class DownloadReport {
  readonly #startedAt = performance.now();
  /** Clients that asked for it while it ran. */
  readonly #clients = new Set<string>();
  #fetched = 0;

  noteClient(address: string): void {
    this.#clients.add(address);
  }

  /** Bytes came over the wire, also those that were sent twice. */
  noteFetched(bytes: number): void {
    this.#fetched += bytes;
  }

  stored({ name, digest, upstream }: BlobOrder, bytes: number, log: Logger): void {
    log.info("blob cached", {
      repository: name,
      digest,
      upstream: upstream.name,
      bytes,
      fetched: this.#fetched,
      seconds: Math.round(performance.now() - this.#startedAt) / 1000,
      clients: [...this.#clients].join(" "),
    });
  }
}
