import { type Digest, isDigest } from "../../oci/digest.js";
import { isRepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";
import type { ContentLink } from "./content-link.js";

/** A link that a collection removed. As long as the record is there, its bytes stay, and the link can be restored. */
export interface TrashedLink {
  readonly link: ContentLink;
  /** What the link contained: where the bytes are. */
  readonly content: Digest;
  /** When it was removed, in milliseconds since 1970, by the clock of the storage. */
  readonly sinceMs: number;
}

/** A record that cannot be read. Its age is unknown, so it stays, and with it the bytes that its key names. */
interface UnreadableRecord {
  readonly key: string;
  readonly content: Digest | undefined;
}

export type TrashRecord = TrashedLink | UnreadableRecord;

/** Enough for the longest name of a repository and two digests. */
const longestRecord = 4096;

/** Records of the links that collections removed. The order of all steps is in `link-removal.ts`. */
export class Trash {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** One call for many is cheaper than several. */
  async put(links: readonly TrashedLink[]): Promise<void> {
    await this.#driver.write(
      ...links.map((trashed) => ({ key: layout.trashed(trashed.link), content: Buffer.from(JSON.stringify(trashed)) })),
    );
  }

  async find(link: ContentLink): Promise<TrashedLink | undefined> {
    const key = layout.trashed(link);
    // Most links that are looked for in vain are not in the trash: a stat is cheaper than opening a file.
    if ((await this.#driver.stat(key)) === undefined) return undefined;
    return parseRecord(await this.#driver.read(key, longestRecord));
  }

  /** @param links that are restored, or stay removed for good */
  async forget(links: readonly ContentLink[]): Promise<void> {
    if (links.length > 0) await this.#driver.remove(...links.map(layout.trashed));
  }

  async *records(): AsyncIterable<TrashRecord> {
    for (const name of await this.#driver.list(layout.trash)) {
      const key = layout.trashedAs(name);
      const bytes = await this.#driver.read(key, longestRecord);
      if (bytes === undefined && (await this.#driver.stat(key)) === undefined) continue;
      const [, algorithm, hex] = /^(\w+)-([0-9a-f]+)-/.exec(name) ?? [];
      const digest = `${algorithm}:${hex}`;
      yield parseRecord(bytes) ?? { key, content: isDigest(digest) ? digest : undefined };
    }
  }
}

function parseRecord(bytes: Buffer | undefined): TrashedLink | undefined {
  try {
    const { link, content, sinceMs } = JSON.parse(bytes?.toString() ?? "");
    const isWhole =
      isRepositoryName(link.name) &&
      (link.kind === "blob" || link.kind === "manifest") &&
      isDigest(link.digest) &&
      isDigest(content) &&
      Number.isFinite(sinceMs);
    return isWhole ? { link, content, sinceMs } : undefined;
  } catch {
    return undefined;
  }
}
