import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import type { Digest } from "../../oci/digest.js";
import type { ManifestReading } from "../../oci/manifest-reading.js";
import { isTag, type Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Storage } from "../../storage/storage.js";

/** Reading more manifests, to see what references what, takes too long for one answer. */
const mostRead = 500;
const mostKept = 200;

/** What a client wants deleted. */
export interface WantedDeletion {
  readonly tags: readonly Tag[];
  readonly digests: readonly Digest[];
  /** Whether to delete all of the repository. */
  readonly everything: boolean;
}

/** Something that could be expected to go, and stays. */
interface Kept {
  readonly digest: Digest;
  readonly tags?: readonly Tag[];
  readonly because: string;
}

/** The effect of a deletion: what is deleted, and what stays. */
export interface DeletionPlan {
  /** Tags that go, also those that point to the manifests. */
  readonly tags: readonly Tag[];
  readonly manifests: readonly Digest[];
  readonly kept: readonly Kept[];
  /** What was wanted and is not there. */
  readonly alreadyGone: readonly string[];
  /** Sentences for the user. */
  readonly notes: readonly string[];
}

/** Finds out what a deletion means for a private repository. Changes nothing. */
export async function planDeletion(
  storage: Storage,
  name: RepositoryName,
  wanted: WantedDeletion,
): Promise<DeletionPlan> {
  const planning = new Planning(storage, name);
  await (wanted.everything ? planning.takeAll() : planning.take(wanted));
  await planning.lookAround();
  return planning;
}

class Planning implements DeletionPlan {
  readonly #storage: Storage;
  readonly #name: RepositoryName;
  readonly #tags = new Set<Tag>();
  readonly #manifests = new Set<Digest>();
  /** Manifests that lose a tag and stay. */
  readonly #untagged = new Set<Digest>();
  readonly #kept = new Map<Digest, Kept>();
  readonly alreadyGone: string[] = [];
  readonly notes: string[] = [];

  constructor(storage: Storage, name: RepositoryName) {
    this.#storage = storage;
    this.#name = name;
  }

  get tags(): readonly Tag[] {
    return [...this.#tags];
  }

  get manifests(): readonly Digest[] {
    return [...this.#manifests];
  }

  get kept(): readonly Kept[] {
    return [...this.#kept.values()].slice(0, mostKept);
  }

  async takeAll(): Promise<void> {
    const { index } = this.#storage;
    for (const digest of await index.manifests(this.#name)) this.#manifests.add(digest);
    for (const tag of await index.tagNames(this.#name)) if (isTag(tag)) this.#tags.add(tag);
  }

  async take({ tags, digests }: WantedDeletion): Promise<void> {
    for (const digest of digests) {
      if (!(await this.#storage.repository(this.#name).hasManifest(digest))) this.alreadyGone.push(digest);
      else {
        this.#manifests.add(digest);
        for (const tag of await this.#storage.tags.pointingAt(this.#name, digest)) this.#tags.add(tag);
      }
    }
    for (const tag of tags) {
      const digest = await this.#storage.tags.find(this.#name, tag);
      if (digest === undefined) this.alreadyGone.push(tag);
      else {
        this.#tags.add(tag);
        if (!this.#manifests.has(digest)) this.#untagged.add(digest);
      }
    }
  }

  /** Finds what stays, and what will miss something. */
  async lookAround(): Promise<void> {
    for (const digest of this.#untagged) await this.#keepUntagged(digest);
    const all = await this.#storage.index.manifests(this.#name);
    if (all.length > mostRead) {
      this.notes.push(`There are ${all.length} manifests here: which of them belong together was not looked at.`);
      return;
    }
    const breaks = new EventLoopBreaks();
    for (const digest of all) {
      await breaks.take();
      const reading = await this.#storage.manifests.uncached.readContent(this.#name, digest);
      if (reading === undefined) continue;
      if (this.#manifests.has(digest)) await this.#keepChildren(digest, reading);
      else await this.#noteLoss(digest, reading);
    }
  }

  async #keepUntagged(digest: Digest): Promise<void> {
    const tags = (await this.#storage.tags.pointingAt(this.#name, digest)).filter((tag) => !this.#tags.has(tag));
    const because =
      tags.length > 0
        ? "other tags point to it"
        : "only its tag was to be deleted; it can still be pulled by its digest";
    this.#kept.set(digest, { digest, ...(tags.length > 0 && { tags }), because });
  }

  /** Manifests of platforms do not go with their index. */
  async #keepChildren(parent: Digest, { manifests }: ManifestReading): Promise<void> {
    for (const { digest } of manifests) {
      if (this.#manifests.has(digest) || this.#kept.has(digest)) continue;
      if (!(await this.#storage.repository(this.#name).hasManifest(digest))) continue;
      this.#kept.set(digest, { digest, because: `it is listed in ${parent}, and is a manifest of its own` });
    }
  }

  async #noteLoss(digest: Digest, { manifests, subject }: ManifestReading): Promise<void> {
    if (subject !== undefined && this.#manifests.has(subject)) {
      this.#kept.set(digest, { digest, because: `it refers to ${subject}, and stays without it` });
    }
    const lost = manifests.filter((entry) => this.#manifests.has(entry.digest));
    if (lost.length === 0) return;
    const tags = await this.#storage.tags.pointingAt(this.#name, digest);
    const called = tags.length === 0 ? digest : `${digest} (${tags.slice(0, 5).join(", ")})`;
    this.notes.push(`The index ${called} lists ${lost.length} of them: pulls of those platforms will fail.`);
  }
}
