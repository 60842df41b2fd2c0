import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Storage } from "../../storage/storage.js";
import { imagesThatNeed } from "./broken-images.js";
import type { Suspect, Suspects } from "./suspect.js";

/** What seems wrong in one repository, and the images that it breaks. */
export class RepositorySuspects {
  readonly #parts: { readonly storage: Storage; readonly suspects: Suspects };
  readonly #name: RepositoryName;
  readonly #upstream: string | undefined;
  /** By the digest that images may need. */
  readonly #found: { readonly suspect: Suspect; readonly digest: Digest | undefined }[] = [];

  constructor(
    parts: { readonly storage: Storage; readonly suspects: Suspects },
    name: RepositoryName,
    upstream: string | undefined,
  ) {
    this.#parts = parts;
    this.#name = name;
    this.#upstream = upstream;
  }

  /** @param digest what images may need of it */
  add(suspect: Suspect, digest: Digest | undefined, isManifest = false): void {
    this.#found.push({ suspect, digest });
    this.#parts.suspects.add(suspect, { name: this.#name, upstream: this.#upstream, images: [], isManifest });
  }

  /** Call it once all that is wrong is known. */
  async nameImages(): Promise<void> {
    const wanted = new Set(this.#found.flatMap(({ digest }) => digest ?? []));
    if (wanted.size === 0) return;
    const images = await imagesThatNeed(this.#parts.storage, this.#name, wanted);
    for (const { suspect, digest } of this.#found)
      if (digest !== undefined) this.#parts.suspects.name(suspect, this.#name, images.get(digest) ?? []);
  }
}
