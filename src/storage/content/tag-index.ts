import type { Digest } from "../../oci/digest.js";
import { isTag, type Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";

/**
 * Which tags ever pointed at a manifest: so that its deletion need not look at all tags. An entry is written as the tag
 * moves and says nothing of where the tag points now, so a stale one does no harm. Entries are not synced, since a tag
 * that a power cut makes them lose is merely listed until it is pushed or deleted.
 */
export class TagIndex {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  async note(name: RepositoryName, tag: Tag, digest: Digest): Promise<void> {
    await this.#touch(layout.taggedBy(name, digest, tag));
  }

  async tagsOf(name: RepositoryName, digest: Digest): Promise<Tag[]> {
    return (await this.#driver.list(layout.tagged(name, digest))).filter(isTag);
  }

  /** To be called when the manifest is gone. */
  async forget(name: RepositoryName, digest: Digest): Promise<void> {
    await this.#driver.remove(layout.tagged(name, digest));
  }

  /** Whether every tag of the repository was noted: one that had tags before there was an index has none for these. */
  async isWhole(name: RepositoryName): Promise<boolean> {
    return (await this.#driver.list(layout.allTagged(name))).includes(wholeMark);
  }

  /** To be called before the first tag of a repository comes. */
  async noteWhole(name: RepositoryName): Promise<void> {
    await this.#touch(`${layout.allTagged(name)}/${wholeMark}`);
  }

  async #touch(key: string): Promise<void> {
    await this.#driver.stage(key).append(0, nothing());
  }
}

/** No algorithm of a digest is called so. */
const wholeMark = "whole";

async function* nothing(): AsyncIterable<Buffer> {}
