import type { NamesWanted } from "../../driver.js";
import { type ObjectContent, OffsetMismatchError, type StagedObject, type Staging } from "../../staging.js";
import { NotesBeside } from "../notes-beside.js";
import { wantedOf } from "../sorted-names.js";
import { GrowingBytes } from "./growing-bytes.js";

/** Keeps unfinished content in memory. */
export class MemoryStaging implements Staging {
  readonly #staged = new Map<string, GrowingBytes>();
  readonly #write: (...objects: readonly ObjectContent[]) => Promise<void>;

  readonly #now: () => number;

  /**
   * @param write stores committed content
   * @param now the time at which content is staged, in milliseconds since 1970
   */
  constructor(write: (...objects: readonly ObjectContent[]) => Promise<void>, now: () => number = Date.now) {
    this.#write = write;
    this.#now = now;
  }

  at(key: string): StagedObject {
    const discard = async () => void this.#staged.delete(key);
    const notes = new NotesBeside(key, (beside) => this.at(beside));
    return {
      stat: async () => {
        const found = this.#staged.get(key);
        return found && { size: found.length, modifiedMs: found.modifiedMs };
      },
      begin: (all) => notes.write(all),
      note: (name) => notes.find(name),
      append: (offset, content) => this.#append(key, offset, content),
      openRead: async () => this.#staged.get(key)?.openRead(),
      commit: async (target, beside = [], noted = []) => {
        const staged = this.#staged.get(key);
        if (staged === undefined) throw new Error(`nothing is staged at ${key}`);
        await this.#write({ key: target, content: staged.content }, ...beside);
        // Other content may have been staged under the key meanwhile.
        if (this.#staged.get(key) === staged) this.#staged.delete(key);
        await notes.discard(noted);
      },
      discard,
      discardWithNotes: async (names) => {
        await discard();
        await notes.discard(names);
      },
      discardWithFolders: discard,
      invalidate: async () => {
        this.#staged.get(key)?.clear();
        await discard();
      },
    };
  }

  async list(key: string, wanted?: NamesWanted): Promise<readonly string[]> {
    const below = `${key}/`;
    const keys = [...this.#staged.keys()].filter((staged) => staged.startsWith(below));
    const names = new Set(keys.map((staged) => staged.slice(below.length).split("/", 1)[0] ?? ""));
    return wantedOf([...names].sort(), wanted);
  }

  async remove(key: string): Promise<void> {
    for (const staged of [...this.#staged.keys()])
      if (staged === key || staged.startsWith(`${key}/`)) this.#staged.delete(staged);
  }

  async #append(key: string, offset: number, content: AsyncIterable<Buffer>): Promise<number> {
    const staged = this.#staged.get(key) ?? new GrowingBytes(this.#now);
    if (staged.length !== offset) throw new OffsetMismatchError(staged.length);
    this.#staged.set(key, staged);
    for await (const chunk of content) staged.append(chunk);
    return staged.length;
  }
}
