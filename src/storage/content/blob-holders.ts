import { BoundedMap } from "../../foundation/bounded-map.js";
import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";

const rememberedBlobs = 20_000;
const holdersOfEach = 4;

/** Repositories in which this process recently stored, linked or found a blob: a mount looks there first. */
export class BlobHolders {
  readonly #holders = new BoundedMap<Digest, readonly RepositoryName[]>(rememberedBlobs);

  /** The most recent first. */
  known(digest: Digest): readonly RepositoryName[] {
    return this.#holders.get(digest) ?? [];
  }

  note(name: RepositoryName, digest: Digest): void {
    const known = this.#holders.get(digest);
    if (known?.[0] === name) return;
    const others = known?.filter((other) => other !== name) ?? [];
    this.#holders.set(digest, [name, ...others].slice(0, holdersOfEach));
  }
}
