import { BoundedMap } from "../../foundation/bounded-map.js";
import type { BlobReader } from "../../oci/blob-reader.js";
import { algorithmOf, type Digest, Digester } from "../../oci/digest.js";
import { hashReader } from "../../oci/hash-reader.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";

const rememberedProofs = 10_000;

interface Running {
  readonly outcome: Promise<boolean>;
  readonly abort: AbortController;
  waiting: number;
}

/**
 * Reads stored blobs again to check them against their digests. A few bytes of a request can cause gigabytes of
 * reading, so one blob is read at a time, once for all callers, only while one of them waits, and not again until it
 * changes.
 */
export class BlobVerification {
  readonly #driver: StorageDriver;
  readonly #proved = new BoundedMap<Digest, string>(rememberedProofs);
  readonly #running = new Map<Digest, Running>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** @returns whether the blob is intact; `false` if it does not exist */
  async isWhole(digest: Digest, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    const running = this.#running.get(digest) ?? this.#start(digest);
    running.waiting++;
    const leave = () => {
      if (--running.waiting > 0) return;
      this.#running.delete(digest);
      running.abort.abort();
    };
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        leave();
        reject(signal.reason);
      };
      signal.addEventListener("abort", giveUp, { once: true });
      running.outcome.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
    });
  }

  #start(digest: Digest): Running {
    const abort = new AbortController();
    const outcome = this.#last.then(() => this.#prove(digest, abort.signal));
    this.#last = outcome.catch(() => {});
    const running: Running = { outcome, abort, waiting: 0 };
    this.#running.set(digest, running);
    const end = () => {
      if (this.#running.get(digest) === running) this.#running.delete(digest);
    };
    outcome.then(end, end);
    return running;
  }

  async #prove(digest: Digest, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    const version = (await this.#driver.stat(layout.blob(digest)))?.version;
    if (version !== undefined && this.#proved.get(digest) === version) return true;
    const reader = await this.#driver.openRead(layout.blob(digest));
    if (reader === undefined) return false;
    const isWhole = (await digestOfContent(reader, digest, signal)) === digest;
    if (isWhole && version !== undefined) this.#proved.set(digest, version);
    return isWhole;
  }
}

async function digestOfContent(reader: BlobReader, like: Digest, signal: AbortSignal): Promise<Digest> {
  const digester = new Digester(algorithmOf(like));
  try {
    await hashReader(reader, digester, reader.size, signal);
    return digester.digest();
  } finally {
    await reader.close();
  }
}
