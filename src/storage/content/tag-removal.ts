import type { Actor } from "../../oci/actor.js";
import type { Digest } from "../../oci/digest.js";
import { isTag, type Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";
import type { ContentIndex } from "./content-index.js";
import type { LinkStore } from "./link-store.js";
import type { TagHistory } from "./tag-history.js";

interface TagRemovalParts {
  readonly links: LinkStore;
  readonly names: ContentIndex;
  readonly history: TagHistory;
}

/** Who removes a tag, and what it points at. */
interface RemovedTarget {
  readonly digest: Digest;
  readonly by: Actor | undefined;
}

/** Held while the tag is moved or removed. */
export function tagLock(name: RepositoryName, tag: Tag): string {
  return `tag ${name}:${tag}`;
}

/** Removes tags. Their history stays, so that they can be restored. */
export class TagRemoval {
  readonly #driver: StorageDriver;
  readonly #parts: TagRemovalParts;

  constructor(driver: StorageDriver, parts: TagRemovalParts) {
    this.#driver = driver;
    this.#parts = parts;
  }

  /**
   * @param mayRemove asked while nobody else can move the tag
   * @returns what it pointed at; `undefined` if there was no such tag, or it may not be removed
   */
  remove(
    name: RepositoryName,
    tag: Tag,
    by?: Actor,
    mayRemove: () => Promise<boolean> = always,
  ): Promise<Digest | undefined> {
    return this.#driver.withLock(tagLock(name, tag), async () => {
      if (!(await mayRemove())) return undefined;
      const found = await this.#target(name, tag);
      await this.#remove(name, tag, found, by);
      return found;
    });
  }

  /** @returns whether it still pointed there, and so was removed */
  removeIfAt(name: RepositoryName, tag: Tag, digest: Digest, by?: Actor): Promise<boolean> {
    return this.removeIf(name, tag, async () => (await this.#target(name, tag)) === digest, { digest, by });
  }

  /**
   * @param mayRemove asked while nobody else can move the tag
   * @returns whether it was removed
   */
  removeIf(
    name: RepositoryName,
    tag: Tag,
    mayRemove: () => Promise<boolean>,
    { digest, by }: RemovedTarget,
  ): Promise<boolean> {
    return this.#driver.withLock(tagLock(name, tag), async () => {
      if (!(await mayRemove())) return false;
      await this.#remove(name, tag, digest, by);
      return true;
    });
  }

  /** Removes deleted manifests from the history of every tag. */
  async forget(name: RepositoryName, digests: ReadonlySet<Digest>): Promise<void> {
    for (const tag of (await this.#parts.names.tagNames(name)).filter(isTag)) {
      for (const digest of await this.#parts.history.digests(name, tag))
        if (digests.has(digest)) await this.#driver.remove(layout.tagHistory(name, tag, digest));
    }
  }

  async #remove(name: RepositoryName, tag: Tag, digest: Digest | undefined, by: Actor | undefined): Promise<void> {
    if (digest !== undefined && by !== undefined) await this.#parts.history.recordDeletion(name, tag, digest, by);
    await this.#driver.remove(layout.tag(name, tag));
  }

  async #target(name: RepositoryName, tag: Tag): Promise<Digest | undefined> {
    return (await this.#parts.links.find(layout.tagLink(name, tag)))?.digest;
  }
}

const always = async () => true;
