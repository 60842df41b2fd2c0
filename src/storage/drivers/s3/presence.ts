import { randomUUID } from "node:crypto";
import type { S3Bucket } from "./s3-bucket.js";

const renewEachMs = 20_000;
/** A mark that was not renewed for this long was left by a process that has ended. */
const countsForMs = 90_000;

const folder = ".berth/working";

/** Marks of the processes that work on a bucket. Their ages are told by the clock of the store alone. */
export class Presence {
  readonly #bucket: S3Bucket;

  constructor(bucket: S3Bucket) {
    this.#bucket = bucket;
  }

  /** @returns a function that removes the mark; if the store refuses that or is away, the mark soon counts as old */
  async mark(): Promise<() => Promise<void>> {
    const key = `${folder}/${randomUUID()}`;
    const write = () => this.#bucket.put(key, Buffer.alloc(0));
    await write();
    // A failure needs no report: the next one may succeed, and requests fail for the same reason.
    const renewing = setInterval(() => void write().catch(() => {}), renewEachMs).unref();
    return async () => {
      clearInterval(renewing);
      await this.#bucket.delete(key).catch(() => {});
    };
  }

  async isAnyone(): Promise<boolean> {
    const own = `.berth/clock/${randomUUID()}`;
    await this.#bucket.put(own, Buffer.alloc(0));
    try {
      const now = (await this.#bucket.head(own))?.modifiedMs ?? 0;
      for await (const mark of this.#bucket.all(`${folder}/`)) if (now - mark.modifiedMs < countsForMs) return true;
      return false;
    } finally {
      await this.#bucket.delete(own);
    }
  }
}
