import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { StorageError } from "../oci/storage-error.js";
import type { ContentLink } from "../storage/content/content-link.js";
import type { TrashedLink } from "../storage/content/trash.js";
import { CollectionError } from "./collection-lock.js";
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
  readonly #names: ReadonlySet<RepositoryName>;
  #size: number;

  /** Reads what earlier collections removed. */
  static async read(run: CollectionRun): Promise<TrashContent> {
    const links: TrashedLink[] = [];
    const damaged: Digest[] = [];
    let isWhole = true;
    try {
      for await (const record of run.storage.trash.records()) {
        if ("link" in record) {
          links.push(record);
        } else {
          run.report.problem(`${record.key} is damaged, so its content is kept; delete the record to give it up`);
          isWhole = false;
          if (record.content !== undefined) damaged.push(record.content);
        }
      }
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      isWhole = false;
      run.unreadable.addHiding("the trash", error, "all of it stays");
    }
    if (!isWhole) throwIfUnreleased(run);
    return new TrashContent(run, links, damaged);
  }

  private constructor(run: CollectionRun, links: readonly TrashedLink[], damaged: readonly Digest[]) {
    this.#run = run;
    this.#links = links;
    this.#names = new Set(links.map(({ link }) => link.name));
    this.#size = damaged.length;
    this.kept = new Set(damaged);
  }

  /**
   * Why all of a repository must stay: a killed collection may have been about to remove links of those that the trash
   * names, and they are not back.
   */
  whyHeldBack(name: RepositoryName): StorageError | undefined {
    return this.#names.has(name) ? this.#run.unreleased : undefined;
  }

  /** Links in the trash. */
  get size(): number {
    return this.#size;
  }

  /** Forgets links whose time is over, and those that are back. @param removed what this collection has added */
  async empty(removed: readonly ContentLink[]): Promise<void> {
    const { judge, changes, unreleased } = this.#run;
    const added = new Set(removed.map(textOf));
    const [over, back]: [ContentLink[], ContentLink[]] = [[], []];
    for (const { link, content, sinceMs } of this.#links) {
      if (added.has(textOf(link))) continue;
      if (await this.#isBack(link)) back.push(link);
      else if (this.#isOver(link, content, unreleased === undefined ? sinceMs : Infinity)) over.push(link);
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

/** Any repository may lack a manifest that it needs if the trash does not say which ones do. */
function throwIfUnreleased({ unreleased }: CollectionRun): void {
  if (unreleased === undefined) return;
  throw new CollectionError(
    `what an earlier collection was removing when it ended cannot be put back, and anything may need it, so nothing was removed (${unreleased.message})`,
    { cause: unreleased },
  );
}

function textOf({ name, kind, digest }: ContentLink): string {
  return `${kind} ${digest} ${name}`;
}
