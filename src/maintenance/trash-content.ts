import type { Digest } from "../oci/digest.js";
import type { ContentLink } from "../storage/content/content-link.js";
import type { TrashedLink } from "../storage/content/trash.js";
import type { CollectionRun } from "./collection-run.js";
import { isUnreadable } from "./unreadable-content.js";

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
    const damaged: Digest[] = [];
    try {
      for await (const record of run.storage.trash.records()) {
        if ("link" in record) {
          links.push(record);
        } else {
          run.report.problem(`${record.key} is damaged, so its content is kept; delete the record to give it up`);
          if (record.content !== undefined) damaged.push(record.content);
        }
      }
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      run.unreadable.addHiding("the trash", error, "all of it stays");
    }
    return new TrashContent(run, links, damaged);
  }

  private constructor(run: CollectionRun, links: readonly TrashedLink[], damaged: readonly Digest[]) {
    this.#run = run;
    this.#links = links;
    this.#size = damaged.length;
    this.kept = new Set(damaged);
  }

  /** Links in the trash. */
  get size(): number {
    return this.#size;
  }

  /** Forgets links whose time is over, and those that are back. @param removed what this collection has added */
  async empty(removed: readonly ContentLink[]): Promise<void> {
    const { judge, changes } = this.#run;
    const added = new Set(removed.map(textOf));
    const [over, back]: [ContentLink[], ContentLink[]] = [[], []];
    for (const { link, content, sinceMs } of this.#links) {
      if (added.has(textOf(link))) continue;
      if (await this.#isBack(link)) back.push(link);
      else if (this.#isOver(link, content, sinceMs)) over.push(link);
    }
    const nowMs = judge.nowMs;
    for (const link of removed) if (this.#isOver(link, link.digest, nowMs)) over.push(link);
    await changes.forgetTrash(over, back);
  }

  async #isBack(link: ContentLink): Promise<boolean> {
    try {
      return (await this.#run.storage.contentLinks.stored(link)) !== undefined;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#run.unreadable.addHiding(`${link.name}: the link of ${link.digest}`, error, "what was removed stays");
      return false;
    }
  }

  #isOver(link: ContentLink, content: Digest, sinceMs: number): boolean {
    const { judge, unreadable } = this.#run;
    // While no bytes are removed, they can still be brought back.
    const isOver = sinceMs + judge.times.trash <= judge.nowMs && !unreadable.hidesNeeds;
    for (const digest of [link.digest, content]) (isOver ? this.over : this.kept).add(digest);
    if (!isOver) this.#size++;
    return isOver;
  }
}

function textOf({ name, kind, digest }: ContentLink): string {
  return `${kind} ${digest} ${name}`;
}
