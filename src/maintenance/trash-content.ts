import type { Digest } from "../oci/digest.js";
import type { ContentLink } from "../storage/content/content-link.js";
import type { TrashedLink } from "../storage/content/trash.js";
import type { CollectionRun } from "./collection-run.js";

/** What collections have removed, and what of it stays in the trash. */
export class TrashContent {
  /** Digests whose bytes stay. */
  readonly kept: Set<Digest>;
  /** Digests whose time in the trash is over. */
  readonly over = new Set<Digest>();
  readonly #run: CollectionRun;
  readonly #links: readonly TrashedLink[];
  #size: number;

  /** Reads what earlier collections removed. */
  static async read(run: CollectionRun): Promise<TrashContent> {
    const links: TrashedLink[] = [];
    const unreadable: Digest[] = [];
    for await (const record of run.storage.trash.records()) {
      if ("link" in record) {
        links.push(record);
      } else {
        run.report.problem(`${record.key} is damaged, so its content is kept; delete the record to give it up`);
        if (record.content !== undefined) unreadable.push(record.content);
      }
    }
    return new TrashContent(run, links, unreadable);
  }

  private constructor(run: CollectionRun, links: readonly TrashedLink[], unreadable: readonly Digest[]) {
    this.#run = run;
    this.#links = links;
    this.#size = unreadable.length;
    this.kept = new Set(unreadable);
  }

  /** Links in the trash. */
  get size(): number {
    return this.#size;
  }

  /** Forgets links whose time is over, and those that are back. @param removed what this collection has added */
  async empty(removed: readonly ContentLink[]): Promise<void> {
    const { judge, changes, storage } = this.#run;
    const added = new Set(removed.map(textOf));
    const [over, back]: [ContentLink[], ContentLink[]] = [[], []];
    for (const { link, content, sinceMs } of this.#links) {
      if (added.has(textOf(link))) continue;
      if ((await storage.contentLinks.stored(link)) !== undefined) back.push(link);
      else if (this.#isOver(link, content, sinceMs)) over.push(link);
    }
    const nowMs = judge.nowMs;
    for (const link of removed) if (this.#isOver(link, link.digest, nowMs)) over.push(link);
    await changes.forgetTrash(over, back);
  }

  #isOver(link: ContentLink, content: Digest, sinceMs: number): boolean {
    const isOver = sinceMs + this.#run.judge.times.trash <= this.#run.judge.nowMs;
    for (const digest of [link.digest, content]) (isOver ? this.over : this.kept).add(digest);
    if (!isOver) this.#size++;
    return isOver;
  }
}

function textOf({ name, kind, digest }: ContentLink): string {
  return `${kind} ${digest} ${name}`;
}
