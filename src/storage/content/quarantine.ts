import type { BlobReader } from "../../oci/blob-reader.js";
import { type Digest, isDigest } from "../../oci/digest.js";
import { digestOfReader } from "../../oci/hash-reader.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";
import { type FoundBytes, isSameBytes } from "./blob-inspection.js";
import { evictionLock } from "./unlinked-blobs.js";

/** Damaged bytes that were set aside. They count as absent, so that a push or a download stores good ones. */
export interface QuarantinedBytes {
  readonly digest: Digest;
  /** Of several copies. */
  readonly record: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
}

/**
 * Where damaged bytes are moved. They are kept: a user without another copy may still want what is left of them, and they are
 * whole if it was not the disk that failed.
 */
export class Quarantine {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /**
   * Sets bytes aside, if they are still those that were found damaged.
   * @param seen their stat when that was found
   * @returns where they are now; `undefined` if they were replaced or removed meanwhile
   */
  async setAside(digest: Digest, seen: FoundBytes): Promise<string | undefined> {
    const key = layout.blob(digest);
    const to = layout.quarantined(digest, Date.now().toString(36));
    const isMoved = this.#driver.withdrawal.placesOf(key, to).includes(to);
    return (await (isMoved ? this.#move(digest, to, seen) : this.#copy(digest, to, seen))) ? to : undefined;
  }

  async *all(): AsyncIterable<QuarantinedBytes> {
    for (const record of await this.#driver.list(layout.quarantine)) {
      const [algorithm, hex, time = ""] = record.split("-");
      const digest = `${algorithm}:${hex}`;
      const stat = isDigest(digest) ? await this.#driver.stat(layout.quarantinedAs(record)) : undefined;
      if (isDigest(digest) && stat !== undefined)
        yield { digest, record, size: stat.size, sinceMs: Number.parseInt(time, 36) };
    }
  }

  keyOf({ record }: QuarantinedBytes): string {
    return layout.quarantinedAs(record);
  }

  /** Puts bytes back into their place, if a copy of them is whole after all. */
  async putBack(digest: Digest): Promise<"put back" | "damaged" | "absent"> {
    let isThere = false;
    for await (const found of this.all()) {
      if (found.digest !== digest) continue;
      isThere = true;
      const place = this.keyOf(found);
      if (!(await this.#isWhole(digest, place))) continue;
      const reader = await this.#driver.openRead(place);
      if (reader === undefined) continue;
      await this.#store(reader, layout.blob(digest), found.record);
      await this.forget(place);
      return "put back";
    }
    return isThere ? "damaged" : "absent";
  }

  /** @param place where {@link setAside} put them, or what {@link keyOf} says */
  async forget(place: string): Promise<void> {
    await this.#driver.remove(place);
  }

  /**
   * By way of the place of evictions, where readers and pushes look: a push may have replaced the bytes just before they
   * were moved, and these go back.
   */
  async #move(digest: Digest, to: string, seen: FoundBytes): Promise<boolean> {
    const { withdrawal } = this.#driver;
    const [key, note] = [layout.blob(digest), layout.evicting(digest)];
    const moved = await withdrawal.withdraw(key, note);
    if (moved === undefined) return false;
    if (isSameBytes(moved, seen)) return (await withdrawal.withdraw(note, to)) !== undefined;
    await withdrawal.keep(key, note);
    await withdrawal.erase(key, note);
    return false;
  }

  /** A bucket cannot move objects: they are copied, and then removed as an eviction does. */
  async #copy(digest: Digest, to: string, seen: FoundBytes): Promise<boolean> {
    const { withdrawal } = this.#driver;
    const [key, note] = [layout.blob(digest), layout.evicting(digest)];
    const reader = await this.#driver.openRead(key);
    if (reader === undefined) return false;
    await this.#store(reader, to, to.slice(layout.quarantine.length + 1));
    const isGone = await this.#driver.withLock(evictionLock, async () => {
      const found = await withdrawal.withdraw(key, note);
      const isStillDamaged = found !== undefined && isSameBytes(found, seen);
      if (isStillDamaged) await withdrawal.erase(key, note);
      else await withdrawal.release(key, note);
      return isStillDamaged;
    });
    if (!isGone) await this.#driver.remove(to);
    return isGone;
  }

  async #isWhole(digest: Digest, place: string): Promise<boolean> {
    const reader = await this.#driver.openRead(place);
    return reader !== undefined && (await digestOfReader(reader, digest)) === digest;
  }

  /** Copies bytes, and closes the reader. */
  async #store(reader: BlobReader, key: string, name: string): Promise<void> {
    const staged = this.#driver.staging.at(layout.scratch(name));
    try {
      await staged.append(0, contentOf(reader));
      await staged.commit(key);
    } catch (error) {
      await staged.discard();
      throw error;
    } finally {
      await reader.close();
    }
  }
}

const pieceBytes = 1024 * 1024;

async function* contentOf(reader: BlobReader): AsyncIterable<Buffer> {
  const piece = Buffer.allocUnsafe(pieceBytes);
  for (let position = 0; position < reader.size; ) {
    const count = await reader.read(piece, position);
    if (count === 0) return;
    position += count;
    yield piece.subarray(0, count);
  }
}
