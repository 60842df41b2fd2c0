import { LRUCache } from "lru-cache";
import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import { SingleFlight } from "../../foundation/single-flight.js";
import type { Digest } from "../../oci/digest.js";
import { isTag, type Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";

type TagsByDigest = ReadonlyMap<Digest, readonly Tag[]>;

const rememberedTags = 500_000;

/** Tags that another program, or an older Berth, wrote: each process reads all of a repository once. */
export class UnindexedTags {
  readonly #find: (name: RepositoryName, tag: Tag) => Promise<Digest | undefined>;
  readonly #known = new LRUCache<RepositoryName, TagsByDigest>({
    maxSize: rememberedTags,
    sizeCalculation: (tags) => [...tags.values()].reduce((count, { length }) => count + length, 1),
  });
  readonly #reads = new SingleFlight<RepositoryName, TagsByDigest>();

  constructor(find: (name: RepositoryName, tag: Tag) => Promise<Digest | undefined>) {
    this.#find = find;
  }

  /** What the tags of a repository point to, as far as known without reading all of them. */
  known(name: RepositoryName): TagsByDigest | undefined {
    return this.#known.get(name);
  }

  /** Reads all of them, once for all callers. */
  read(name: RepositoryName, children: readonly string[]): Promise<TagsByDigest> {
    return this.#reads.run(name, () => this.#read(name, children));
  }

  async #read(name: RepositoryName, children: readonly string[]): Promise<TagsByDigest> {
    const tags = new Map<Digest, Tag[]>();
    const breaks = new EventLoopBreaks();
    for (const tag of children.filter(isTag)) {
      await breaks.take();
      const digest = await this.#find(name, tag);
      if (digest === undefined) continue;
      const others = tags.get(digest);
      if (others === undefined) tags.set(digest, [tag]);
      else others.push(tag);
    }
    this.#known.set(name, tags);
    return tags;
  }
}
