import { LRUCache } from "lru-cache";
import type { Digest } from "../oci/digest.js";
import { isTag, type Tag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { StorageDriver } from "./driver.js";
import { layout } from "./layout.js";

const rememberedTags = 10_000;

/** Who asks for a tag by HEAD asks for its digest in the next moment, or never. */
const rememberedForMs = 10 * 60_000;

interface AnnouncedTag {
  readonly tag: Tag;
  /** Milliseconds since 1970. */
  readonly saidMs: number;
}

/**
 * Tags of which a client was told the digest before the manifest was here: docker and containerd ask by HEAD for the
 * tag, and then by GET for the digest, perhaps another process.
 */
export class AnnouncedTags {
  readonly #driver: StorageDriver;
  /** What this process wrote: who watches a tag asks for it again and again. */
  readonly #written = new LRUCache<string, Digest>({ max: rememberedTags, ttl: rememberedForMs / 2 });

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  async add(name: RepositoryName, tag: Tag, digest: Digest): Promise<void> {
    const key = layout.tagAnnounced(name, tag);
    if (this.#written.get(key) === digest) return;
    await this.#driver.write({ key, content: Buffer.from(`${digest} ${new Date().toISOString()}`) });
    this.#written.set(key, digest);
  }

  /** The tags that were last said to point at a digest, and when that was; forgets them. */
  async take(name: RepositoryName, digest: Digest): Promise<AnnouncedTag[]> {
    const tags: AnnouncedTag[] = [];
    for (const tag of (await this.#driver.list(layout.tagsAnnounced(name))).filter(isTag)) {
      const key = layout.tagAnnounced(name, tag);
      const [announced, time = ""] = ((await this.#driver.read(key)) ?? "").toString().split(" ");
      const saidMs = Date.parse(time);
      const isRecent = Date.now() - saidMs < rememberedForMs;
      if (isRecent && announced !== digest) continue;
      if (isRecent) tags.push({ tag, saidMs });
      this.#written.delete(key);
      await this.#driver.remove(key);
    }
    return tags;
  }
}
