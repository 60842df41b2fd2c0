import { LRUCache } from "lru-cache";
import type { Digest } from "../oci/digest.js";
import type { Tag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";

const rememberedTags = 10_000;
const rememberedForMs = 10 * 60_000;

/**
 * Tags of which a client was told the digest, before the manifest was here: docker and containerd ask by HEAD for the
 * tag, and then by GET for the digest. Where another process gets the second question, the tag is learnt at the next pull.
 */
export class AnnouncedTags {
  readonly #digests = new LRUCache<string, Digest>({ max: rememberedTags, ttl: rememberedForMs });
  readonly #tags = new LRUCache<string, Set<Tag>>({ max: rememberedTags, ttl: rememberedForMs });

  add(name: RepositoryName, tag: Tag, digest: Digest): void {
    this.#digests.set(`${name}:${tag}`, digest);
    const key = `${name}@${digest}`;
    this.#tags.set(key, (this.#tags.get(key) ?? new Set<Tag>()).add(tag));
  }

  /** The tags that were last said to point at a digest, and forgets them. */
  take(name: RepositoryName, digest: Digest): Tag[] {
    const key = `${name}@${digest}`;
    const tags = [...(this.#tags.get(key) ?? [])].filter((tag) => this.#digests.get(`${name}:${tag}`) === digest);
    this.#tags.delete(key);
    return tags;
  }
}
