import { EventLoopBreaks } from "../foundation/event-loop-breaks.js";
import { algorithmOf, type Digest, digestInTurns, digestOf } from "../oci/digest.js";
import { namesInAnyManifest } from "../oci/large-manifests.js";
import { type ManifestNames, namesInManifest } from "../oci/manifest-names.js";
import type { ManifestReferences } from "../oci/manifest-references.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { StorageError } from "../oci/storage-error.js";
import type { RepositoryHoldings } from "../storage/content/repository-holdings.js";
import type { Storage } from "../storage/storage.js";
import { isUnreadable } from "./unreadable-content.js";

/** A manifest that is linked in a repository. */
export interface HeldManifest {
  /** The digest under which its bytes are stored. */
  readonly content: Digest;
  /**
   * `absent`: no client can pull it, and a push that heals it brings its content; `unreadable`: its references are
   * unknown, so no content can be called unreferenced.
   */
  readonly names: ManifestNames | "absent" | "unreadable";
  /** Why it is not known under which digest its bytes are; then it has the manifest's own in its place. */
  readonly unknownContent?: StorageError;
}

/** Manifests read with one order; larger ones are read one by one. */
const readAtOnce = 100;
const smallBytes = 64 * 1024;

/** Reads manifests for one collection, each once however many repositories hold it. */
export class ManifestReader {
  readonly #storage: Storage;
  readonly #known: ManifestReferences;

  /** @param known those that need not be read; gets the others */
  constructor(storage: Storage, known: ManifestReferences) {
    this.#storage = storage;
    this.#known = known;
  }

  /** Reads every manifest of several repositories. */
  async readHeld(
    holdings: readonly RepositoryHoldings[],
  ): Promise<ReadonlyMap<RepositoryName, ReadonlyMap<Digest, HeldManifest>>> {
    const held = new Map<RepositoryName, ReadonlyMap<Digest, HeldManifest>>();
    const read = await this.#readAll(new Set(holdings.flatMap(({ manifests }) => manifests)));
    for (const { name, manifests } of holdings) {
      const here = new Map<Digest, HeldManifest>();
      for (const digest of manifests) {
        const names = read.get(digest);
        // What is not whole under its digest may be so elsewhere, which the repository's link says.
        here.set(digest, names === undefined ? await this.#readSingly(name, digest) : { content: digest, names });
      }
      held.set(name, here);
    }
    return held;
  }

  /** Those that are whole under their digest. */
  async #readAll(digests: ReadonlySet<Digest>): Promise<ReadonlyMap<Digest, ManifestNames>> {
    const read = new Map<Digest, ManifestNames>();
    const unknown: Digest[] = [];
    for (const digest of digests) {
      const names = this.#known.get(digest);
      if (names !== undefined) read.set(digest, names);
      else if (algorithmOf(digest) === "sha256") unknown.push(digest);
    }
    const breaks = new EventLoopBreaks();
    for await (const [digest, bytes] of this.#contentsOf(unknown)) {
      await breaks.take();
      const names = namesOfSmall(digest, bytes);
      if (names === undefined) continue;
      this.#known.add(digest, names);
      read.set(digest, names);
    }
    return read;
  }

  async *#contentsOf(digests: readonly Digest[]): AsyncIterable<readonly [Digest, Buffer]> {
    for (let start = 0; start < digests.length; start += readAtOnce) {
      const batch = digests.slice(start, start + readAtOnce);
      const contents = await this.#storage.blobs.readSmall(batch, smallBytes);
      for (const [index, digest] of batch.entries()) {
        const bytes = contents[index];
        if (bytes !== undefined) yield [digest, bytes];
      }
    }
  }

  async #readSingly(name: RepositoryName, digest: Digest): Promise<HeldManifest> {
    try {
      const { content, bytes } = await this.#storage.manifests.uncached.storedBytes(name, digest);
      return { content, names: bytes === "absent" ? "absent" : await namesUnder(digest, bytes) };
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      const unread = { content: digest, names: "unreadable" } as const;
      // A link of sha256 leads to bytes of that digest; others may lead elsewhere.
      return algorithmOf(digest) === "sha256" ? unread : { ...unread, unknownContent: error };
    }
  }
}

/** The references of a small manifest that is whole. */
function namesOfSmall(digest: Digest, bytes: Buffer): ManifestNames | undefined {
  return digestOf(bytes, algorithmOf(digest)) === digest ? namesInManifest(bytes) : undefined;
}

async function namesUnder(digest: Digest, bytes: Buffer | "too large"): Promise<ManifestNames | "unreadable"> {
  if (bytes === "too large" || (await digestInTurns(bytes, algorithmOf(digest))) !== digest) return "unreadable";
  return (await namesInAnyManifest(bytes)) ?? "unreadable";
}
