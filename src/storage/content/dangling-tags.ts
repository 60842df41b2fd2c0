import type { Actor } from "../../oci/actor.js";
import type { Digest } from "../../oci/digest.js";
import { isTag, type Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { layout } from "../layout.js";
import type { ContentIndex } from "./content-index.js";
import type { LinkStore } from "./link-store.js";
import type { TagIndex } from "./tag-index.js";
import type { TagRemoval } from "./tag-removal.js";
import { UnindexedTags } from "./unindexed-tags.js";

/** Up to this many tags are all checked when a manifest is deleted. */
const fewTags = 1_000;

/** A manifest that is deleted, with the tags that point at it. */
interface DeletedManifest {
  readonly name: RepositoryName;
  readonly digest: Digest;
  readonly by: Actor | undefined;
}

interface DanglingTagsParts {
  readonly links: LinkStore;
  readonly names: ContentIndex;
  readonly index: TagIndex;
  readonly removal: TagRemoval;
}

/** Tags that point at a deleted manifest, among any number of tags. */
export class DanglingTags {
  readonly #parts: DanglingTagsParts;
  readonly #unindexed: UnindexedTags;

  constructor(parts: DanglingTagsParts) {
    this.#parts = parts;
    this.#unindexed = new UnindexedTags((name, tag) => this.#target(name, tag));
  }

  /**
   * Removes the tags of a deleted manifest, except those that were moved meanwhile, or if the manifest was pushed
   * again. If there are very many tags, only those that ever pointed at it are checked. If some are older than that
   * record, they are removed soon after: until then they are listed, and pulls of them fail.
   * @returns the tags that were removed before this call returns
   */
  async remove(deleted: DeletedManifest): Promise<readonly Tag[]> {
    const { name, digest } = deleted;
    const children = await this.#parts.names.tagNames(name);
    const removed = await this.#removeAmong(deleted, children);
    await this.#parts.index.forget(name, digest);
    return removed;
  }

  /** Tags that point at a manifest, or once did, as far as that is recorded. */
  everPointingAt(name: RepositoryName, digest: Digest): Promise<Tag[]> {
    return this.#parts.index.tagsOf(name, digest);
  }

  /** The tags that point at a manifest. Among very many, those that are older than the record of that are left out. */
  async pointingAt(name: RepositoryName, digest: Digest): Promise<Tag[]> {
    const children = await this.#parts.names.tagNames(name);
    return this.#pointing(
      name,
      digest,
      children.length <= fewTags ? children.filter(isTag) : await this.#parts.index.tagsOf(name, digest),
    );
  }

  /** Every tag that points at a manifest: where some are older than the record of that, all are read once. */
  async allPointingAt(name: RepositoryName, digest: Digest): Promise<Tag[]> {
    const children = await this.#parts.names.tagNames(name);
    if (children.length <= fewTags) return this.#pointing(name, digest, children.filter(isTag));
    const indexed = await this.#parts.index.tagsOf(name, digest);
    if (await this.#parts.index.isWhole(name)) return this.#pointing(name, digest, indexed);
    const older = this.#unindexed.known(name) ?? (await this.#unindexed.read(name, children));
    return this.#pointing(name, digest, new Set([...indexed, ...(older.get(digest) ?? [])]));
  }

  async #pointing(name: RepositoryName, digest: Digest, candidates: Iterable<Tag>): Promise<Tag[]> {
    const tags: Tag[] = [];
    for (const tag of candidates) if ((await this.#target(name, tag)) === digest) tags.push(tag);
    return tags;
  }

  async #removeAmong(deleted: DeletedManifest, children: readonly string[]): Promise<readonly Tag[]> {
    const { name, digest } = deleted;
    if (children.length <= fewTags) return this.#removeIfDangling(deleted, children.filter(isTag));
    const removed = await this.#removeIfDangling(deleted, await this.#parts.index.tagsOf(name, digest));
    if (await this.#parts.index.isWhole(name)) return removed;
    return [...removed, ...(await this.#removeOlder(deleted, children))];
  }

  async #removeOlder(deleted: DeletedManifest, children: readonly string[]): Promise<readonly Tag[]> {
    const { name, digest } = deleted;
    const known = this.#unindexed.known(name);
    if (known !== undefined) return this.#removeIfDangling(deleted, known.get(digest) ?? []);
    const removal = this.#unindexed
      .read(name, children)
      .then((tags) => this.#removeIfDangling(deleted, tags.get(digest) ?? []));
    // Not awaited; the next deletion repeats what fails.
    removal.catch(() => {});
    return [];
  }

  async #removeIfDangling(deleted: DeletedManifest, tags: readonly Tag[]): Promise<readonly Tag[]> {
    const { name, digest } = deleted;
    const { links, removal } = this.#parts;
    const removed: Tag[] = [];
    const isDangling = async (tag: Tag) =>
      (await this.#target(name, tag)) === digest && (await links.find(layout.revisionLink(name, digest))) === undefined;
    for (const tag of tags) {
      if (!(await isDangling(tag))) continue;
      if (await removal.removeIf(name, tag, () => isDangling(tag), deleted)) removed.push(tag);
    }
    return removed;
  }

  async #target(name: RepositoryName, tag: Tag): Promise<Digest | undefined> {
    return (await this.#parts.links.find(layout.tagLink(name, tag)))?.digest;
  }
}
