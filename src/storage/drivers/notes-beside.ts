import { dirname } from "node:path/posix";
import type { StagedNote, StagedObject } from "../staging.js";

/** Enough for any name of a user. */
const longestNote = 4096;

/** Notes of an unfinished object as objects of their own, in the same folder: as registry:2 expects them. */
export class NotesBeside {
  readonly #folder: string;
  readonly #at: (key: string) => StagedObject;

  /** @param key of the object @param at what is staged at a key */
  constructor(key: string, at: (key: string) => StagedObject) {
    this.#folder = dirname(key);
    this.#at = at;
  }

  /** Can be repeated if it fails. */
  async write(notes: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(notes)) {
      const written = (await this.#named(name).stat())?.size ?? 0;
      await this.#named(name).append(written, only(Buffer.from(text).subarray(written)));
    }
  }

  async find(name: string): Promise<StagedNote | undefined> {
    const found = await this.#named(name).stat();
    return found && { writtenMs: found.modifiedMs, text: () => this.#read(name) };
  }

  async discard(names: readonly string[]): Promise<void> {
    for (const name of names) await this.#named(name).discard();
  }

  async #read(name: string): Promise<string> {
    const reader = await this.#named(name).openRead();
    if (reader === undefined) return "";
    try {
      const bytes = Buffer.alloc(Math.min(reader.size, longestNote));
      return bytes.subarray(0, await reader.read(bytes, 0)).toString();
    } finally {
      await reader.close();
    }
  }

  keyOf(name: string): string {
    return `${this.#folder}/${name}`;
  }

  #named(name: string): StagedObject {
    return this.#at(this.keyOf(name));
  }
}

async function* only(bytes: Buffer): AsyncIterable<Buffer> {
  if (bytes.length > 0) yield bytes;
}
