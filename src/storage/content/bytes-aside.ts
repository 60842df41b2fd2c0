import { type Digest, isDigest } from "../../oci/digest.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";

/** Bytes that an eviction takes out of their place, until it is certain that no repository links to them. */
export class BytesAside {
  readonly #driver: StorageDriver;
  readonly #forget: (digest: Digest) => void;

  /** @param forget drops bytes from the memory of this process */
  constructor(driver: StorageDriver, forget: (digest: Digest) => void) {
    this.#driver = driver;
    this.#forget = forget;
  }

  /** Sets the bytes aside, where they can still be read. @returns their size; `undefined` if there are none */
  async set(digest: Digest): Promise<number | undefined> {
    this.#forget(digest);
    return (await this.#driver.withdrawal.withdraw(layout.blob(digest), layout.evicting(digest)))?.size;
  }

  putBack(digest: Digest): Promise<void> {
    return this.#driver.withdrawal.release(layout.blob(digest), layout.evicting(digest));
  }

  async remove(digest: Digest): Promise<void> {
    await this.#driver.withdrawal.erase(layout.blob(digest), layout.evicting(digest));
    this.#forget(digest);
  }

  /** What is set aside: only while an eviction runs, or after one that was killed. */
  async list(): Promise<Digest[]> {
    return (await this.#driver.list(layout.evictions)).map((name) => name.replace("-", ":")).filter(isDigest);
  }
}

/** Looks for bytes in their place, and where an eviction sets them aside for a moment. */
export async function inPlaceOrAside<Found>(
  { withdrawal }: Pick<StorageDriver, "withdrawal">,
  digest: Digest,
  look: (key: string) => Promise<Found | undefined>,
): Promise<Found | undefined> {
  for (const key of withdrawal.placesOf(layout.blob(digest), layout.evicting(digest))) {
    const found = await look(key);
    if (found !== undefined) return found;
  }
  return undefined;
}
