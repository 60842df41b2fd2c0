import type { Digest } from "../../oci/digest.js";
import { isTag, type Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";

/** A client that requests HEAD of a tag requests its digest in the next moment, or never. */
const windowMs = 10 * 60_000;

/** Per window and process. Losing a mark is safe: the tag is requested again. */
const marksPerWindow = 10_000;

interface AnnouncedTag {
  readonly tag: Tag;
  /** Milliseconds since 1970. */
  readonly saidMs: number;
}

/**
 * Tags whose digest a client was told before the manifest was stored: docker and containerd request HEAD of the tag,
 * and then GET of the digest, perhaps from another process. The marks are in folders by time, which are deleted as a
 * whole when they are old, and within them by digest, so that a lookup costs the same however many there are.
 */
export class AnnouncedTags {
  readonly #driver: StorageDriver;
  readonly #now: () => number;
  readonly #mostMarks: number;
  /** What this process wrote in the window: clients that watch a tag request it again and again. */
  readonly #written = new Set<string>();
  #window = 0;

  /** @param now milliseconds since 1970 */
  constructor(driver: StorageDriver, now: () => number = Date.now, mostMarks = marksPerWindow) {
    this.#driver = driver;
    this.#now = now;
    this.#mostMarks = mostMarks;
  }

  async add(name: RepositoryName, tag: Tag, digest: Digest): Promise<void> {
    const window = this.#currentWindow();
    if (window !== this.#window) await this.#begin(window);
    const key = layout.tagAnnounced(window, name, digest, tag);
    if (this.#written.has(key) || this.#written.size >= this.#mostMarks) return;
    await this.#driver.write({ key, content: Buffer.from(new Date(this.#now()).toISOString()) });
    this.#written.add(key);
  }

  /** The tags that were announced as pointing to a digest, and when that was. */
  async find(name: RepositoryName, digest: Digest): Promise<AnnouncedTag[]> {
    const tags: AnnouncedTag[] = [];
    const window = this.#currentWindow();
    for (const each of [window, window - 1]) {
      for (const tag of (await this.#driver.list(layout.tagsAnnounced(each, name, digest))).filter(isTag)) {
        const saidMs = Date.parse(String(await this.#driver.read(layout.tagAnnounced(each, name, digest, tag))));
        if (!Number.isNaN(saidMs)) tags.push({ tag, saidMs });
      }
    }
    return tags;
  }

  /** Call it when the tags point to the digest. */
  async forget(name: RepositoryName, digest: Digest): Promise<void> {
    const window = this.#currentWindow();
    const folders = [window, window - 1].map((each) => layout.tagsAnnounced(each, name, digest));
    for (const folder of folders) await this.#driver.remove(folder);
    for (const key of this.#written) if (key.startsWith(`${folders[0]}/`)) this.#written.delete(key);
  }

  #currentWindow(): number {
    return Math.floor(this.#now() / windowMs);
  }

  async #begin(window: number): Promise<void> {
    this.#window = window;
    this.#written.clear();
    for (const folder of await this.#driver.list(layout.announcements)) {
      if (Math.abs(Number(folder) - window) > 1) await this.#driver.remove(layout.announcementsOf(Number(folder)));
    }
  }
}
