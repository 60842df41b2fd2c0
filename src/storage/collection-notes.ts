import { isDigest } from "../oci/digest.js";
import { isRepositoryName } from "../oci/repository-name.js";
import type { ContentLink } from "./content/content-link.js";
import type { StorageDriver } from "./driver.js";
import { layout } from "./layout.js";

/** A link that its repository seems not to need, or bytes that no repository links to. */
export type Unneeded = ContentLink | (Pick<ContentLink, "digest"> & { readonly kind: "bytes" });

/** Several million notes. */
const longestNotes = 512 * 1024 * 1024;

/** Notes by item, in milliseconds since 1970. */
export class NotedItems {
  readonly #sinceMs = new Map<string, number>();

  get size(): number {
    return this.#sinceMs.size;
  }

  get(item: Unneeded): number | undefined {
    return this.#sinceMs.get(textOf(item));
  }

  set(item: Unneeded, sinceMs: number): void {
    this.#sinceMs.set(textOf(item), sinceMs);
  }

  toString(): string {
    return [...this.#sinceMs].map(([text, sinceMs]) => `${sinceMs} ${text}\n`).join("");
  }

  static parse(text: string): NotedItems {
    const notes = new NotedItems();
    for (const line of text.split("\n")) {
      const [since, kind, digest = "", name] = line.split(" ");
      const isWhole =
        since !== "" && isDigest(digest) && (kind === "bytes" || (name !== undefined && isRepositoryName(name)));
      // What a damaged line was about is noted again, and waits again.
      if (isWhole && Number.isFinite(Number(since)))
        notes.#sinceMs.set(line.slice(line.indexOf(" ") + 1), Number(since));
    }
    return notes;
  }
}

/** What collections found unneeded, and when first: it is deleted only if it still is after some time. */
export class CollectionNotes {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  async read(): Promise<NotedItems> {
    return NotedItems.parse((await this.#driver.read(layout.collectionNotes, longestNotes))?.toString() ?? "");
  }

  /** Replaces all notes. */
  async write(notes: NotedItems): Promise<void> {
    if (notes.size === 0) await this.#driver.remove(layout.collectionNotes);
    else await this.#driver.write({ key: layout.collectionNotes, content: Buffer.from(notes.toString()) });
  }
}

function textOf(item: Unneeded): string {
  return item.kind === "bytes" ? `bytes ${item.digest}` : `${item.kind} ${item.digest} ${item.name}`;
}
