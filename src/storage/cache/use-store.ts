import { BoundedMap } from "../../foundation/bounded-map.js";
import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";

interface Use {
  readonly name: RepositoryName;
  readonly digest: Digest;
  usedMs: number;
  /** The use that is stored; `undefined` if this process has written none. */
  writtenMs: number | undefined;
}

/** What is not remembered has been written. The memory for each entry is allocated from the start. */
const remembered = 20_000;

/** How old the stored time of use may become, so that not every pull writes. */
const writtenEachMs = 5 * 60_000;

/** A write of many is one order to the disk, which others wait behind. */
const writtenAtOnce = 50;

/**
 * When manifests of repositories were last served: known at once here, and written from time to time, so that other
 * processes and the next one know it too. Losing it is safe: content without a recorded use is evicted first.
 */
export class UseStore {
  readonly #driver: StorageDriver;
  readonly #uses = new BoundedMap<string, Use>(remembered);
  readonly #due = new Set<Use>();

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** @param timeMs milliseconds since 1970 */
  touch(name: RepositoryName, digest: Digest, timeMs: number): void {
    const key = layout.manifestUsed(name, digest);
    const use = this.#uses.get(key) ?? this.#remember(key, { name, digest, usedMs: timeMs, writtenMs: undefined });
    use.usedMs = Math.max(use.usedMs, timeMs);
    if (use.writtenMs === undefined || use.usedMs - use.writtenMs >= writtenEachMs) this.#due.add(use);
  }

  #remember(key: string, use: Use): Use {
    this.#uses.set(key, use);
    return use;
  }

  /** In milliseconds since 1970; `undefined` if no use is known. */
  async lastUse(name: RepositoryName, digest: Digest): Promise<number | undefined> {
    const key = layout.manifestUsed(name, digest);
    const here = this.#uses.get(key)?.usedMs;
    const text = (await this.#driver.read(key))?.toString();
    const written = text === undefined ? Number.NaN : Date.parse(text);
    if (Number.isNaN(written)) return here;
    return Math.max(here ?? 0, written);
  }

  /** Writes what is due. What cannot be written stays due. */
  async write(): Promise<void> {
    const due = [...this.#due];
    this.#due.clear();
    for (let start = 0; start < due.length; start += writtenAtOnce) {
      const batch = due.slice(start, start + writtenAtOnce).map((use) => ({ use, timeMs: use.usedMs }));
      try {
        await this.#driver.write(
          ...batch.map(({ use: { name, digest }, timeMs }) => ({
            key: layout.manifestUsed(name, digest),
            content: Buffer.from(new Date(timeMs).toISOString()),
          })),
        );
      } catch (error) {
        for (const use of due.slice(start)) this.#due.add(use);
        throw error;
      }
      for (const { use, timeMs } of batch) use.writtenMs = timeMs;
    }
  }

  /** Call it when the manifest is deleted. */
  async forget(name: RepositoryName, digest: Digest): Promise<void> {
    const key = layout.manifestUsed(name, digest);
    const use = this.#uses.get(key);
    if (use !== undefined) this.#due.delete(use);
    this.#uses.delete(key);
    await this.#driver.remove(key);
  }
}
