import type { Digest } from "../../oci/digest.js";
import { isTag, type Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";
import type { ObjectContent } from "../staging.js";

/**
 * Which tags ever pointed at a manifest: so that its deletion need not look at all tags. An entry is written before the
 * tag moves, in the same durable step, and says nothing of where the tag points now, so a stale one does no harm.
 */
export class TagIndex {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** To be written before the tag: its name says all, and an empty object costs the disk least. */
  entry(name: RepositoryName, tag: Tag, digest: Digest): ObjectContent {
    return { key: layout.taggedBy(name, digest, tag), content: nothing };
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

  /** To be written before the first tag of a repository. */
  wholeMark(name: RepositoryName): ObjectContent {
    return { key: `${layout.allTagged(name)}/${wholeMark}`, content: nothing };
  }
}

/** No algorithm of a digest is called so. */
const wholeMark = "whole";

const nothing = Buffer.alloc(0);
