import { type BlobReader, BufferReader } from "../../../oci/blob-reader.js";
import {
  type ConditionalWrites,
  type LockOptions,
  lookThenWrite,
  type MachineWork,
  type NamesWanted,
  type ObjectStat,
  type StorageDriver,
  smallObjectBytes,
  type Withdrawal,
} from "../../driver.js";
import { type ManyReads, oneByOne } from "../../many-reads.js";
import type { ObjectContent } from "../../staging.js";
import { defaultWaitMs, KeyedQueue } from "../keyed-queue.js";
import { placesWhenMoved } from "../moved-aside.js";
import { wantedOf } from "../sorted-names.js";
import { MemoryStaging } from "./memory-staging.js";

interface StoredObject {
  readonly content: Buffer;
  readonly version: string;
  readonly modifiedMs: number;
}

interface Children {
  /** Replaced, never changed, since callers keep what they received. */
  readonly names: readonly string[];
  readonly version: string;
}

/** Keeps everything in memory: for tests, and for registries that may lose their content. */
export class MemoryDriver implements StorageDriver {
  readonly #objects = new Map<string, StoredObject>();
  /** Only keys that have children. */
  readonly #children = new Map<string, Children>();
  readonly #queue = new KeyedQueue();
  readonly #now: () => number;
  #changes = 0;
  readonly listLagMs = 0;
  readonly staging: MemoryStaging;
  readonly machine: MachineWork = this;
  readonly many: ManyReads = oneByOne(this);

  readonly conditional: ConditionalWrites = {
    writeIfAbsent: async (object) => this.#writeIf(object, undefined),
    writeIfVersion: async (object, version) => this.#writeIf(object, version),
  };

  /** Moves the object, as a file system does: nothing else runs in between. */
  readonly withdrawal: Withdrawal = {
    placesOf: placesWhenMoved,
    withdraw: async (key, note) => {
      return this.#move(key, note) ? this.stat(note) : undefined;
    },
    release: async (key, note) => void this.#move(note, key),
    erase: async (_key, note) => this.#remove(note),
    keep: async (key, note) => this.#objects.has(key) || this.#move(note, key),
  };

  /** @param now the time at which objects are written, in milliseconds since 1970 */
  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.staging = new MemoryStaging((...objects) => this.write(...objects), now);
  }

  async stat(key: string): Promise<ObjectStat | undefined> {
    const found = this.#objects.get(key);
    return found && { size: found.content.length, modifiedMs: found.modifiedMs, version: found.version };
  }

  async read(key: string, atMost = smallObjectBytes): Promise<Buffer | undefined> {
    const content = this.#objects.get(key)?.content;
    return content !== undefined && content.length > atMost ? undefined : content;
  }

  async openRead(key: string): Promise<BlobReader | undefined> {
    const found = this.#objects.get(key);
    return found && new BufferReader(found.content);
  }

  async write(...objects: readonly ObjectContent[]): Promise<void> {
    for (const object of objects) this.#write(object);
  }

  async remove(...keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#remove(key);
  }

  async list(key: string, wanted?: NamesWanted): Promise<readonly string[]> {
    return wantedOf(this.#children.get(key)?.names ?? [], wanted);
  }

  async listVersion(key: string): Promise<string | undefined> {
    return this.#children.get(key)?.version ?? "none";
  }

  withLock<Result>(
    name: string,
    action: (lost: AbortSignal) => Promise<Result>,
    { waitMs = defaultWaitMs }: LockOptions = {},
  ): Promise<Result> {
    return this.#queue.run(name, () => action(new AbortController().signal), waitMs);
  }

  writeUnderLock<Result>(
    name: string,
    objects: readonly ObjectContent[],
    look: () => Promise<Result>,
  ): Promise<Result> {
    return lookThenWrite(this, name, objects, look);
  }

  /** No other process can see this memory. */
  async markWork(): Promise<() => Promise<void>> {
    return async () => {};
  }

  async isWorkedOn(): Promise<boolean> {
    return false;
  }

  #write({ key, content }: ObjectContent): void {
    this.#objects.set(key, {
      content: Buffer.from(content),
      version: String(++this.#changes),
      modifiedMs: this.#now(),
    });
    this.#addToParents(key);
  }

  #writeIf(object: ObjectContent, version: string | undefined): boolean {
    if (this.#objects.get(object.key)?.version !== version) return false;
    this.#write(object);
    return true;
  }

  #move(from: string, to: string): boolean {
    const found = this.#objects.get(from);
    if (found === undefined) return false;
    this.#remove(from);
    this.#objects.set(to, { ...found, version: String(++this.#changes) });
    this.#addToParents(to);
    return true;
  }

  #remove(key: string): void {
    const below = `${key}/`;
    for (const stored of [...this.#objects.keys()]) {
      if (stored === key || stored.startsWith(below)) this.#objects.delete(stored);
    }
    for (const parent of [...this.#children.keys()]) {
      if (parent === key || parent.startsWith(below)) this.#children.delete(parent);
    }
    this.#removeFromParent(key);
  }

  #addToParents(key: string): void {
    for (let child = key; child !== ""; child = parentOf(child)) {
      const siblings = this.#children.get(parentOf(child))?.names ?? [];
      if (siblings.includes(nameOf(child))) return;
      this.#setChildren(parentOf(child), [...siblings, nameOf(child)].sort());
    }
  }

  /** A parent without children is gone, too. */
  #removeFromParent(key: string): void {
    const parent = parentOf(key);
    const siblings = this.#children.get(parent)?.names ?? [];
    const left = siblings.filter((name) => name !== nameOf(key));
    if (left.length === siblings.length) return;
    if (left.length > 0 || parent === "") this.#setChildren(parent, left);
    else {
      this.#children.delete(parent);
      this.#removeFromParent(parent);
    }
  }

  #setChildren(folder: string, names: readonly string[]): void {
    this.#children.set(folder, { names, version: String(++this.#changes) });
  }
}

function parentOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf("/")));
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}
