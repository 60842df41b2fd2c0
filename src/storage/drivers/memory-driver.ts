import { type BlobReader, BufferReader } from "../../oci/blob-reader.js";
import { type NamesWanted, type ObjectStat, type StorageDriver, smallObjectBytes } from "../driver.js";
import { type ObjectContent, OffsetMismatchError, type StagedObject, type StagedStat } from "../staging.js";
import { GrowingBytes } from "./growing-bytes.js";
import { KeyedQueue } from "./keyed-queue.js";
import { wantedOf } from "./sorted-names.js";

interface StoredObject {
  readonly content: Buffer;
  readonly version: string;
  readonly modifiedMs: number;
}

const none: readonly string[] = [];

/** Keeps all in memory: for tests and for registries that may forget. */
export class MemoryDriver implements StorageDriver {
  readonly #objects = new Map<string, StoredObject>();
  readonly #staged = new Map<string, GrowingBytes>();
  /** Children of each key that has some; replaced, never changed, since callers keep what they were given. */
  readonly #children = new Map<string, readonly string[]>();
  readonly #queue = new KeyedQueue();
  #changes = 0;

  async stat(key: string): Promise<ObjectStat | undefined> {
    const found = this.#objects.get(key);
    return found && { size: found.content.length, modifiedMs: found.modifiedMs, version: found.version };
  }

  async read(key: string, atMost = smallObjectBytes): Promise<Buffer | undefined> {
    const content = this.#objects.get(key)?.content;
    return content !== undefined && content.length > atMost ? undefined : content;
  }

  async write(...objects: readonly ObjectContent[]): Promise<void> {
    for (const { key, content } of objects) {
      this.#objects.set(key, {
        content: Buffer.from(content),
        version: String(++this.#changes),
        modifiedMs: Date.now(),
      });
      this.#addToParents(key);
    }
  }

  async openRead(key: string): Promise<BlobReader | undefined> {
    const found = this.#objects.get(key);
    return found && new BufferReader(found.content);
  }

  async remove(...keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#remove(key);
  }

  #remove(key: string): void {
    const below = `${key}/`;
    for (const stored of [...this.#objects.keys()]) {
      if (stored === key || stored.startsWith(below)) this.#objects.delete(stored);
    }
    for (const staged of [...this.#staged.keys()]) {
      if (staged === key || staged.startsWith(below)) this.#staged.delete(staged);
    }
    for (const parent of [...this.#children.keys()]) {
      if (parent === key || parent.startsWith(below)) this.#children.delete(parent);
    }
    this.#removeFromParent(key);
  }

  async move(from: string, to: string): Promise<boolean> {
    const found = this.#objects.get(from);
    if (found === undefined) return false;
    this.#objects.delete(from);
    this.#removeFromParent(from);
    await this.write({ key: to, content: found.content });
    this.#removeIfEmpty(parentOf(from));
    return true;
  }

  async clear(key: string, version: string): Promise<void> {
    if (this.#objects.get(key)?.version === version) await this.write({ key, content: Buffer.alloc(0) });
  }

  async ensureFolder(): Promise<void> {}

  async list(key: string, wanted?: NamesWanted): Promise<readonly string[]> {
    return wantedOf(this.#children.get(key) ?? none, wanted);
  }

  withLock<Result>(name: string, action: (lost: AbortSignal) => Promise<Result>): Promise<Result> {
    return this.#queue.run(name, () => action(new AbortController().signal));
  }

  /** No other process sees what lies in memory. */
  async markWork(): Promise<() => Promise<void>> {
    return async () => {};
  }

  async isWorkedOn(): Promise<boolean> {
    return false;
  }

  stage(key: string): StagedObject {
    return {
      stat: async () => this.#stagedStat(key),
      append: (offset, content) => this.#append(key, offset, content),
      spoil: async () => {
        this.#staged.get(key)?.clear();
        this.#discard(key);
      },
      openRead: async () => this.#staged.get(key)?.openRead(),
      commit: async (target, beside = []) => {
        const staged = this.#staged.get(key);
        if (staged === undefined) throw new Error(`nothing is staged at ${key}`);
        await this.write({ key: target, content: staged.content }, ...beside);
        this.#discard(key);
      },
      discard: async () => this.#discard(key),
      discardWithFolders: async () => this.#discard(key),
    };
  }

  #stagedStat(key: string): StagedStat | undefined {
    const found = this.#staged.get(key);
    return found && { size: found.length, modifiedMs: found.modifiedMs };
  }

  async #append(key: string, offset: number, content: AsyncIterable<Buffer>): Promise<number> {
    const staged = this.#staged.get(key) ?? new GrowingBytes();
    if (staged.length !== offset) throw new OffsetMismatchError(staged.length);
    this.#staged.set(key, staged);
    this.#addToParents(key);
    for await (const chunk of content) staged.append(chunk);
    return staged.length;
  }

  #discard(key: string): void {
    if (!this.#staged.delete(key)) return;
    this.#removeFromParent(key);
    this.#removeIfEmpty(parentOf(key));
  }

  #removeIfEmpty(folder: string): void {
    if (this.#children.get(folder)?.length !== 0) return;
    this.#children.delete(folder);
    this.#removeFromParent(folder);
  }

  #addToParents(key: string): void {
    for (let child = key; child !== ""; child = parentOf(child)) {
      const siblings = this.#children.get(parentOf(child)) ?? none;
      if (siblings.includes(nameOf(child))) return;
      this.#children.set(parentOf(child), [...siblings, nameOf(child)].sort());
    }
  }

  #removeFromParent(key: string): void {
    const siblings = this.#children.get(parentOf(key));
    if (siblings?.includes(nameOf(key))) {
      this.#children.set(
        parentOf(key),
        siblings.filter((name) => name !== nameOf(key)),
      );
    }
  }
}

function parentOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf("/")));
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}
