import { createHash, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { BoundedMap } from "../../../foundation/bounded-map.js";
import { LockError } from "../../../oci/storage-error.js";
import type { LockOptions } from "../../driver.js";
import { defaultWaitMs, KeyedQueue } from "../keyed-queue.js";
import type { ConditionalObjects } from "./conditional-objects.js";
import { contentOf } from "./object-reader.js";
import type { S3Bucket } from "./s3-bucket.js";

/** A lease that did not change for this long belongs to a process that has ended. */
const expiresAfterMs = 12_000;
const renewEachMs = 3_000;
/** Renewed no later than this, it was ours all the time: others wait longer before they take it over. */
const safeMs = 9_000;

const firstLookMs = 50;
const longestLookMs = 500;
/** Whoever has waited for this long waits for a holder that works on and on, and need not look that often. */
const patientAfterMs = 5_000;
const patientLookMs = 3_000;

/** Without conditional writes: the time after which another process has seen, or replaced, what was written. */
const settleMs = 50;

/** Leases of others that this process has seen: one that it asks for seldom is old when it asks again. */
const rememberedLeases = 10_000;

/** A holder says an address about itself. */
const longestHolder = 1024;

interface Held {
  readonly key: string;
  readonly name: string;
  readonly holder: string;
  readonly lost: AbortController;
  version: string;
  /** When the lease was last known to be ours, by a clock that never jumps. */
  renewedAt: number;
}

/** What a process has seen of the lease of another one. */
interface Seen {
  readonly etag: string;
  /** When it was first seen, by a clock that never jumps: so the holder's clock may be wrong. */
  readonly since: number;
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
  readonly #seen = new BoundedMap<string, Seen>(rememberedLeases);

  readonly #now: () => number;

  /** @param now a clock that never jumps, in milliseconds */
  constructor(bucket: S3Bucket, conditional: ConditionalObjects | undefined, now = () => performance.now()) {
    this.#bucket = bucket;
    this.#conditional = conditional;
    this.#now = now;
  }

  withLock<Result>(
    name: string,
    action: (lost: AbortSignal) => Promise<Result>,
    { waitMs = defaultWaitMs, ...options }: LockOptions = {},
  ): Promise<Result> {
    const deadline = this.#now() + waitMs;
    return this.#queue.run(name, () => this.#withLease(name, { deadline, ...options }, action), waitMs);
  }

  async #withLease<Result>(
    name: string,
    wanted: Wanted,
    action: (lost: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const held = await this.#acquire(name, wanted);
    const ended = new AbortController();
    const renewing = this.#keepRenewed(held, ended.signal);
    try {
      const [outcome] = await Promise.allSettled([action(held.lost.signal)]);
      if (this.#now() - held.renewedAt > safeMs) lose(held);
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

  async #acquire(name: string, wanted: Wanted): Promise<Held> {
    const key = `.berth/locks/${createHash("sha256").update(name).digest("hex").slice(0, 32)}`;
    const { holder = "" } = wanted;
    const startedAt = this.#now();
    for (let wait = firstLookMs; ; wait = Math.min(wait * 2, longestWait(this.#now() - startedAt))) {
      const askedAt = this.#now();
      const version = await this.#try(key, wanted);
      if (version !== undefined) return { key, name, holder, lost: new AbortController(), version, renewedAt: askedAt };
      if (this.#now() + wait > wanted.deadline) throw await this.#heldByAnother(key, name, wanted);
      await delay(wait * (0.5 + Math.random() / 2));
    }
  }

  async #heldByAnother(key: string, name: string, { holder }: Wanted): Promise<LockError> {
    const other = holder === undefined ? undefined : await this.#holderOf(key);
    return new LockError("held", `another process has held the lock of ${name} for too long`, {
      ...(other && { holder: other }),
    });
  }

  /** @returns the version of the lease, if it is ours now */
  async #try(key: string, { holder = "", ended }: Wanted): Promise<string | undefined> {
    if (!this.#seen.has(key)) {
      const version = await this.#write(key, holder, undefined);
      if (version !== undefined) return version;
    }
    const etag = (await this.#bucket.head(key))?.etag;
    if (etag === undefined) {
      this.#seen.delete(key);
      return this.#write(key, holder, undefined);
    }
    const before = this.#seen.get(key);
    const seen = before?.etag === etag ? before : { etag, since: this.#now() };
    this.#seen.set(key, seen);
    const unchangedMs = this.#now() - seen.since;
    const hasEnded = async () =>
      ended !== undefined && unchangedMs >= ended.afterMs && (await this.#holderOf(key)) === ended.holder;
    if (unchangedMs <= expiresAfterMs && !(await hasEnded())) return undefined;
    this.#seen.delete(key);
    return this.#write(key, holder, etag);
  }

  async #renew(held: Held): Promise<void> {
    const askedAt = this.#now();
    try {
      const version = await this.#write(held.key, held.holder, held.version);
      if (version === undefined) return lose(held);
      held.version = version;
      held.renewedAt = askedAt;
    } catch {
      // Tried again soon; if it keeps failing, the lease counts as lost.
      if (this.#now() - held.renewedAt > safeMs) lose(held);
    }
  }

  /** What the holder of a lease says about itself. A lease of an older Berth has only its first line. */
  async #holderOf(key: string): Promise<string | undefined> {
    const found = await this.#bucket.get(key);
    if (found === undefined) return undefined;
    return (await contentOf(found.body, longestHolder)).toString().split("\n")[1];
  }

  /** @returns the new version; `undefined` if the lease has changed since the given one */
  async #write(key: string, holder: string, before: string | undefined): Promise<string | undefined> {
    const content = Buffer.from(holder === "" ? randomUUID() : `${randomUUID()}\n${holder}`);
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

/** How a lock is asked for. */
interface Wanted extends Omit<LockOptions, "waitMs"> {
  readonly deadline: number;
}

function longestWait(waitedMs: number): number {
  return waitedMs > patientAfterMs ? patientLookMs : longestLookMs;
}

function lose(held: Held): void {
  held.lost.abort(new LockError("lost", `the lock of ${held.name} was lost`));
}
