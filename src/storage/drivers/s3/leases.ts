import { createHash, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { LockError } from "../../../oci/storage-error.js";
import type { LockOptions } from "../../driver.js";
import { defaultWaitMs, KeyedQueue } from "../keyed-queue.js";
import type { ConditionalObjects } from "./conditional-objects.js";
import type { S3Bucket } from "./s3-bucket.js";

/** A lease that did not change for this long belongs to a process that has ended. */
const expiresAfterMs = 12_000;
const renewEachMs = 3_000;
/** Renewed no later than this, it was ours all the time: others wait longer before they take it over. */
const safeMs = 9_000;

const firstLookMs = 50;
const longestLookMs = 500;

/** Without conditional writes: the time after which another process has seen, or replaced, what was written. */
const settleMs = 50;

interface Held {
  readonly key: string;
  readonly name: string;
  readonly lost: AbortController;
  version: string;
  /** When the lease was last known to be ours, by the clock of `performance.now`. */
  renewedAt: number;
}

/**
 * Locks between processes on any machines: an object per lock that its holder renews. Clocks are not compared: whoever
 * waits watches whether the object changes. Where conditional writes do not hold, two processes may hold a lock at the
 * same time if they ask in the same moment.
 */
export class Leases {
  readonly #bucket: S3Bucket;
  readonly #conditional: ConditionalObjects | undefined;
  readonly #queue = new KeyedQueue();

  constructor(bucket: S3Bucket, conditional: ConditionalObjects | undefined) {
    this.#bucket = bucket;
    this.#conditional = conditional;
  }

  withLock<Result>(
    name: string,
    action: (lost: AbortSignal) => Promise<Result>,
    { waitMs = defaultWaitMs }: LockOptions = {},
  ): Promise<Result> {
    const deadline = performance.now() + waitMs;
    return this.#queue.run(name, () => this.#withLease(name, deadline, action), waitMs);
  }

  async #withLease<Result>(
    name: string,
    deadline: number,
    action: (lost: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const held = await this.#acquire(name, deadline);
    const ended = new AbortController();
    const renewing = this.#keepRenewed(held, ended.signal);
    try {
      const [outcome] = await Promise.allSettled([action(held.lost.signal)]);
      if (performance.now() - held.renewedAt > safeMs) lose(held);
      held.lost.signal.throwIfAborted();
      if (outcome.status === "rejected") throw outcome.reason;
      return outcome.value;
    } finally {
      ended.abort();
      await renewing;
      // One that may be another's by now is left to expire. So is one whose removal fails.
      if (!held.lost.signal.aborted) await this.#bucket.delete(held.key).catch(() => {});
    }
  }

  async #keepRenewed(held: Held, ended: AbortSignal): Promise<void> {
    const pause = () => delay(renewEachMs, true, { signal: ended, ref: false }).catch(() => false);
    while ((await pause()) && !held.lost.signal.aborted) await this.#renew(held);
  }

  async #acquire(name: string, deadline: number): Promise<Held> {
    const key = `.berth/locks/${createHash("sha256").update(name).digest("hex").slice(0, 32)}`;
    const seen: Seen = { etag: undefined, since: 0 };
    for (let wait = firstLookMs; ; wait = Math.min(wait * 2, longestLookMs)) {
      const askedAt = performance.now();
      const version = await this.#try(key, seen);
      if (version !== undefined) return { key, name, lost: new AbortController(), version, renewedAt: askedAt };
      if (performance.now() + wait > deadline)
        throw new LockError("held", `another process has held the lock of ${name} for too long`);
      await delay(wait * (0.5 + Math.random() / 2));
    }
  }

  /** @returns the version of the lease, if it is ours now */
  async #try(key: string, seen: Seen): Promise<string | undefined> {
    if (seen.etag === undefined) {
      const version = await this.#write(key, undefined);
      if (version !== undefined) return version;
    }
    const found = (await this.#bucket.head(key))?.etag;
    if (found !== seen.etag) Object.assign(seen, { etag: found, since: performance.now() });
    const isExpired = found !== undefined && performance.now() - seen.since > expiresAfterMs;
    return isExpired ? this.#write(key, found) : undefined;
  }

  async #renew(held: Held): Promise<void> {
    const askedAt = performance.now();
    try {
      const version = await this.#write(held.key, held.version);
      if (version === undefined) return lose(held);
      held.version = version;
      held.renewedAt = askedAt;
    } catch {
      // Tried again soon; if it keeps failing, the lease counts as lost.
      if (performance.now() - held.renewedAt > safeMs) lose(held);
    }
  }

  /** @returns the new version; `undefined` if the lease has changed since the given one */
  async #write(key: string, before: string | undefined): Promise<string | undefined> {
    const content = Buffer.from(randomUUID());
    if (this.#conditional === undefined) return this.#writeAndLook(key, content, before);
    const condition =
      before === undefined ? ({ kind: "absent" } as const) : ({ kind: "version", etag: before } as const);
    return this.#conditional.write({ key, content }, condition);
  }

  async #writeAndLook(key: string, content: Buffer, before: string | undefined): Promise<string | undefined> {
    if ((await this.#bucket.head(key))?.etag !== before) return undefined;
    const { etag } = await this.#bucket.put(key, content);
    if (before === undefined) await delay(settleMs);
    return (await this.#bucket.head(key))?.etag === etag ? etag : undefined;
  }
}

/** What a waiting process has seen of a lease. */
interface Seen {
  etag: string | undefined;
  since: number;
}

function lose(held: Held): void {
  held.lost.abort(new LockError("lost", `the lock of ${held.name} was lost`));
}
