import type { BlobReader } from "../../src/oci/blob-reader.js";
import { LockError } from "../../src/oci/storage-error.js";
import type {
  ConditionalWrites,
  LockOptions,
  MachineWork,
  ObjectStat,
  StorageDriver,
  Withdrawal,
} from "../../src/storage/driver.js";
import { type ManyReads, oneByOne } from "../../src/storage/many-reads.js";
import type { ObjectContent, StagedObject, StagedStat, Staging } from "../../src/storage/staging.js";

/**
 * Steps of a driver, named after its methods. Every object written counts as a `write`, also several in one call or
 * with a commit. `lock` comes before a lock is requested, `locked` once it is held, `unlock` before it is released;
 * `append`, `invalidate` and `discard` name the staged key, `commit` the key that the content gets.
 */
export type DriverStep =
  | Exclude<
      keyof StorageDriver,
      "conditional" | "listLagMs" | "listVersion" | "machine" | "many" | "staging" | "withdrawal" | "withLock"
    >
  | keyof ConditionalWrites
  | Exclude<keyof Withdrawal, "placesOf">
  | "listStaged"
  | "append"
  | "commit"
  | "discard"
  | "invalidate"
  | "openStaged"
  | "statStaged"
  | "lock"
  | "locked"
  | "unlock";

/** A step that a test suspends. */
export interface Pause {
  /** Settles when something has reached the step and waits there. */
  readonly reached: Promise<void>;
  /** Lets it continue; call it once. */
  resume(): void;
}

interface Stop {
  readonly when: "before" | "after";
  readonly step: DriverStep;
  readonly key: string | RegExp;
  readonly act: () => Promise<void>;
}

/**
 * A driver that stops between two named steps, or fails at one, where a test wants it to, so that what happens
 * meanwhile is deterministic. Each stop works once. Everything else is passed to the inner driver.
 */
export class PausableDriver implements StorageDriver {
  readonly machine: MachineWork = this;
  readonly many: ManyReads = oneByOne(this);
  readonly #inner: StorageDriver;
  readonly #stops = new Set<Stop>();
  readonly #failures: { readonly step: DriverStep; readonly key: string | RegExp; readonly error: Error }[] = [];
  readonly #held = new Map<string, AbortController>();
  #beforeChange = () => {};

  constructor(inner: StorageDriver) {
    this.#inner = inner;
  }

  /**
   * Suspends the next such step before it is taken.
   * @param key of the object, or name of the lock; or a pattern for it
   */
  pauseBefore(step: DriverStep, key: string | RegExp): Pause {
    return this.#pause("before", step, key);
  }

  /** Suspends the next such step after it was taken, before its caller learns the result. */
  pauseAfter(step: DriverStep, key: string | RegExp): Pause {
    return this.#pause("after", step, key);
  }

  /** Lets the next such step fail instead of being taken. */
  failAt(step: DriverStep, key: string | RegExp, error: Error): void {
    this.#stops.add({ when: "before", step, key, act: () => Promise.reject(error) });
  }

  /** Lets every such step fail from now on. */
  failAlways(step: DriverStep, key: string | RegExp, error: Error): void {
    this.#failures.push({ step, key, error });
  }

  /** Nothing fails any more. */
  heal(): void {
    this.#failures.length = 0;
  }

  /**
   * Lets one of the next changes fail instead of being made, whatever it changes.
   * @param number 1 is the next one
   * @returns whether it has been reached
   */
  failAtChange(number: number, error: Error): () => boolean {
    let left = number;
    this.#beforeChange = () => {
      if (--left === 0) throw error;
    };
    return () => left <= 0;
  }

  /** Tells the holder of a lock that it was lost. */
  loseLock(name: string): void {
    this.#held.get(name)?.abort(new LockError("lost", `the lock of ${name} was lost`));
  }

  stat(key: string): Promise<ObjectStat | undefined> {
    return this.#take("stat", [key], () => this.#inner.stat(key));
  }

  read(...asked: Parameters<StorageDriver["read"]>): Promise<Buffer | undefined> {
    return this.#take("read", [asked[0]], () => this.#inner.read(...asked));
  }

  /** One after another, as the contract allows others to see them, so that a test can stop between two of them. */
  async write(...objects: readonly ObjectContent[]): Promise<void> {
    for (const object of objects) await this.#take("write", [object.key], () => this.#inner.write(object));
  }

  openRead(key: string): Promise<BlobReader | undefined> {
    return this.#take("openRead", [key], () => this.#inner.openRead(key));
  }

  remove(...keys: readonly string[]): Promise<void> {
    return this.#take("remove", keys, () => this.#inner.remove(...keys));
  }

  get listLagMs(): number {
    return this.#inner.listLagMs;
  }

  get conditional(): ConditionalWrites | undefined {
    const inner = this.#inner.conditional;
    return (
      inner && {
        writeIfAbsent: (object) => this.#take("writeIfAbsent", [object.key], () => inner.writeIfAbsent(object)),
        writeIfVersion: (object, version) =>
          this.#take("writeIfVersion", [object.key], () => inner.writeIfVersion(object, version)),
      }
    );
  }

  get withdrawal(): Withdrawal {
    const inner = this.#inner.withdrawal;
    return {
      placesOf: (key, note) => inner.placesOf(key, note),
      withdraw: (key, note) => this.#take("withdraw", [key, note], () => inner.withdraw(key, note)),
      release: (key, note) => this.#take("release", [key, note], () => inner.release(key, note)),
      erase: (key, note) => this.#take("erase", [key, note], () => inner.erase(key, note)),
      keep: (key, note) => this.#take("keep", [key, note], () => inner.keep(key, note)),
    };
  }

  get staging(): Staging {
    const inner = this.#inner.staging;
    return {
      at: (key) => this.#stage(key),
      list: (...asked) => this.#take("listStaged", [asked[0]], () => inner.list(...asked)),
      remove: (key) => this.#take("remove", [key], () => inner.remove(key)),
    };
  }

  get prune(): StorageDriver["prune"] {
    const { prune } = this.#inner;
    return prune && ((keys, upTo) => this.#take("prune", [upTo], () => prune.call(this.#inner, keys, upTo)));
  }

  listVersion(key: string): Promise<string | undefined> {
    return this.#inner.listVersion(key);
  }

  list(...asked: Parameters<StorageDriver["list"]>): Promise<readonly string[]> {
    return this.#take("list", [asked[0]], () => this.#inner.list(...asked));
  }

  withLock<Result>(
    name: string,
    action: (lost: AbortSignal) => Promise<Result>,
    options?: LockOptions,
  ): Promise<Result> {
    return this.#take("lock", [name], () =>
      this.#inner.withLock(
        name,
        async (lost) => {
          const loss = new AbortController();
          this.#held.set(name, loss);
          await this.#stop("before", "locked", [name]);
          const result = await action(AbortSignal.any([lost, loss.signal]));
          await this.#stop("before", "unlock", [name]);
          return result;
        },
        options,
      ),
    );
  }

  writeUnderLock<Result>(
    name: string,
    objects: readonly ObjectContent[],
    look: () => Promise<Result>,
  ): Promise<Result> {
    return this.withLock(name, async () => {
      const seen = await look();
      await this.write(...objects);
      return seen;
    });
  }

  markWork(): Promise<() => Promise<void>> {
    return this.#take("markWork", [], () => this.#inner.markWork());
  }

  isWorkedOn(): Promise<boolean> {
    return this.#take("isWorkedOn", [], () => this.#inner.isWorkedOn());
  }

  #stage(key: string): StagedObject {
    const inner = this.#inner.staging.at(key);
    return {
      stat: (): Promise<StagedStat | undefined> => this.#take("statStaged", [key], () => inner.stat()),
      begin: (notes) => this.#take("append", [key], () => inner.begin(notes)),
      note: (name) => this.#take("statStaged", [key], () => inner.note(name)),
      append: (offset, content, by) => this.#take("append", [key], () => inner.append(offset, content, by)),
      openRead: () => this.#take("openStaged", [key], () => inner.openRead()),
      commit: async (target, beside = [], notes = []) => {
        await this.#take("commit", [target], () => inner.commit(target, [], notes));
        await this.write(...beside);
      },
      discard: () => this.#take("discard", [key], () => inner.discard()),
      discardWithNotes: (names) => this.#take("discard", [key], () => inner.discardWithNotes(names)),
      discardWithFolders: (below) => this.#take("discard", [key], () => inner.discardWithFolders(below)),
      invalidate: () => this.#take("invalidate", [key], () => inner.invalidate()),
    };
  }

  #pause(when: Stop["when"], step: DriverStep, key: string | RegExp): Pause {
    const reached = signal();
    const resumed = signal();
    const act = () => {
      reached.give();
      return resumed.given;
    };
    this.#stops.add({ when, step, key, act });
    return { reached: reached.given, resume: resumed.give };
  }

  async #take<Result>(step: DriverStep, keys: readonly string[], go: () => Promise<Result>): Promise<Result> {
    await this.#stop("before", step, keys);
    for (const failure of this.#failures)
      if (failure.step === step && keys.some((key) => fits(key, failure.key))) throw failure.error;
    if (changes.has(step)) this.#beforeChange();
    const result = await go();
    await this.#stop("after", step, keys);
    return result;
  }

  async #stop(when: Stop["when"], step: DriverStep, keys: readonly string[]): Promise<void> {
    for (const stop of this.#stops) {
      if (stop.when !== when || stop.step !== step || !keys.some((key) => fits(key, stop.key))) continue;
      this.#stops.delete(stop);
      await stop.act();
    }
  }
}

/** Steps that may need room on a disk. */
const changes: ReadonlySet<DriverStep> = new Set([
  "write",
  "writeIfAbsent",
  "writeIfVersion",
  "append",
  "commit",
  "remove",
  "keep",
  "lock",
]);

function fits(key: string, wanted: string | RegExp): boolean {
  return typeof wanted === "string" ? key === wanted : wanted.test(key);
}

function signal(): { given: Promise<void>; give: () => void } {
  let give = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}
