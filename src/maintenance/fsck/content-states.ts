import type { Digest } from "../../oci/digest.js";
import type { BytesState } from "../../storage/content/blob-inspection.js";
import type { Storage } from "../../storage/storage.js";

type DamagedBytes = Extract<BytesState, { state: "damaged" }>;

export interface Looking {
  /** Whether every blob is hashed. Otherwise only those whose size is wrong. */
  readonly isHashed: boolean;
  /** @see Inspecting.pace */
  pace(bytes: number): Promise<void>;
}

/** What is stored under each digest, looked at once: about 150 bytes of memory each. */
export class ContentStates {
  readonly damaged = new Map<Digest, DamagedBytes>();
  readonly #storage: Storage;
  readonly #looking: Looking;
  readonly #sizes = new Map<Digest, number>();
  /** Those that no repository was seen to hold. */
  readonly #unlinked = new Set<Digest>();
  #bytes = 0;

  constructor(storage: Storage, looking: Looking) {
    this.#storage = storage;
    this.#looking = looking;
  }

  get blobs(): number {
    return this.#sizes.size + this.damaged.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Looks at the bytes of a digest that a repository holds, unless that is known. */
  async of(digest: Digest): Promise<"whole" | "absent" | "damaged"> {
    this.#unlinked.delete(digest);
    if (this.damaged.has(digest)) return "damaged";
    return this.#sizes.has(digest) ? "whole" : this.look(digest);
  }

  /** The same, for a digest that is found in the storage, whoever holds it. */
  async note(digest: Digest): Promise<void> {
    if ((await this.look(digest)) !== "absent") this.#unlinked.add(digest);
  }

  /** Looks again if the bytes have another size than a manifest says, which may be wrong too. */
  async expect(digest: Digest, size: number | undefined): Promise<void> {
    const found = this.#sizes.get(digest);
    if (this.#looking.isHashed || size === undefined || found === undefined || found === size) return;
    this.#sizes.delete(digest);
    await this.look(digest, true);
  }

  /** Looks at the bytes, and says nothing wrong of those that were replaced meanwhile. */
  async look(digest: Digest, isHashed = this.#looking.isHashed): Promise<"whole" | "absent" | "damaged"> {
    const found = await this.#storage.inspection.look(digest, { ...this.#looking, isHashed });
    this.damaged.delete(digest);
    if (found.state === "damaged") {
      this.#bytes += found.seen.size;
      this.damaged.set(digest, found);
    } else if (found.state === "whole") {
      this.#bytes += found.size;
      this.#sizes.set(digest, found.size);
    }
    return found.state;
  }

  /** Bytes that no repository holds, and that are still there. */
  async unlinked(): Promise<{ blobs: number; bytes: number }> {
    let [blobs, bytes] = [0, 0];
    for (const digest of this.#unlinked) {
      const size = await this.#storage.blobs.storedSize(digest);
      if (size === undefined) continue;
      blobs++;
      bytes += size;
    }
    return { blobs, bytes };
  }
}
