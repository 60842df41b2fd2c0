import type { Digest } from "../../oci/digest.js";
import { isTag, type Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";
import type { ObjectContent } from "../staging.js";

/**
 * Records which tags ever pointed at a manifest, so that its deletion need not check all tags. An entry is written
 * before the tag moves, in the same durable step, and says nothing about where the tag points now, so a stale entry is
 * harmless.
 */
export class TagIndex {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** Written before the tag. The name says everything, and an empty object is cheapest on disk. */
  entry(name: RepositoryName, tag: Tag, digest: Digest): ObjectContent {
    return { key: layout.taggedBy(name, digest, tag), content: nothing };
  }

  async tagsOf(name: RepositoryName, digest: Digest): Promise<Tag[]> {
    return (await this.#driver.list(layout.tagged(name, digest))).filter(isTag);
  }

  /** Called once the manifest is deleted. */
  async forget(name: RepositoryName, digest: Digest): Promise<void> {
    await this.#driver.remove(layout.tagged(name, digest));
  }

  /** Whether every tag of the repository is recorded. If it had tags before there was an index, those are not. */
  async isWhole(name: RepositoryName): Promise<boolean> {
    return (await this.#driver.list(layout.allTagged(name))).includes(wholeMark);
  }

  /** Written before the first tag of a repository. */
  wholeMark(name: RepositoryName): ObjectContent {
    return { key: `${layout.allTagged(name)}/${wholeMark}`, content: nothing };
  }
}

/** No digest algorithm has this name. */
const wholeMark = "whole";

const nothing = Buffer.alloc(0);
