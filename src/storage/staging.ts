import type { BlobReader } from "../oci/blob-reader.js";
import type { NamesWanted } from "./driver.js";

export interface ObjectContent {
  readonly key: string;
  readonly content: Uint8Array;
  /** A trace of the past, which nothing depends on: it may be lost in a power failure, so that it costs no sync. */
  readonly isTrace?: boolean;
}

export interface StagedStat {
  /** Bytes. */
  readonly size: number;
  /** When it last grew, in milliseconds since 1970. */
  readonly modifiedMs: number;
  /** Who made it so long, as that one has said; known only where processes on many machines append. */
  readonly appendedBy?: string | undefined;
}

/**
 * Holds unfinished content, apart from the object store: files next to it, or parts of an upload. Keys are paths, like
 * those of objects; no key is used for both.
 */
export interface Staging {
  /** The unfinished object at a key, whether it exists or not. */
  at(key: string): StagedObject;
  /** Names of the children of a key that have staged content at or below them, in code point order. */
  list(key: string, wanted?: NamesWanted): Promise<readonly string[]>;
  /** Removes everything staged at a key or below it. */
  remove(key: string): Promise<void>;
  /**
   * Content whose name is known before its first byte: it goes there as it arrives, and is visible once it is
   * committed. Nobody else can continue it. Absent if that is no cheaper than content without a name.
   */
  readonly direct?: ((key: string) => StagedObject) | undefined;
  /** Whether of two that append at the same offset, on any machine, one is refused, so that they need no lock. */
  readonly refusesRivals?: boolean;
}

/** A small text that belongs to an unfinished object. */
export interface StagedNote {
  /** Milliseconds since 1970. */
  readonly writtenMs: number;
  text(): Promise<string>;
}

/** An unfinished object. It has no name yet, and outlives the process. */
export interface StagedObject {
  /** As it is now, or, after an `append` through this, as that has left it. */
  stat(): Promise<StagedStat | undefined>;
  /** Writes the notes of an object that is about to be created, in their order; it may be created by this, empty. */
  begin(notes: Readonly<Record<string, string>>): Promise<void>;
  note(name: string): Promise<StagedNote | undefined>;
  /**
   * Creates the object if needed and appends the content at `offset`; returns the new size. What arrived before a
   * failure is kept. Large pieces are cheapest; a piece is no longer used once the next one is requested. What is
   * acknowledged survives the end of the process.
   * @param by what `stat` says afterwards about who has appended
   * @throws OffsetMismatchError if the object does not end at `offset`
   */
  append(offset: number, content: AsyncIterable<Buffer>, by?: string): Promise<number>;
  openRead(): Promise<BlobReader | undefined>;
  /**
   * Makes the content an object under the key, replacing any other: durably, as a whole or not at all.
   * @param beside objects to write after it in the same durable change, which is cheaper than separate writes
   * @param notes of it, to remove in the same change
   */
  commit(key: string, beside?: readonly ObjectContent[], notes?: readonly string[]): Promise<void>;
  /** Removes it, and its folder if that is then empty. Notes may stay. */
  discard(): Promise<void>;
  /** Removes it with these notes. */
  discardWithNotes(names: readonly string[]): Promise<void>;
  /** Removes it, and the folders above it that are then empty, as long as they are below this key. */
  discardWithFolders(below: string): Promise<void>;
  /** Empties it, then removes it, so that readers in any process reach the end at once. */
  invalidate(): Promise<void>;
}

export class OffsetMismatchError extends Error {
  override readonly name = "OffsetMismatchError";
  /** Where the object ends. */
  readonly offset: number;

  constructor(offset: number) {
    super(`the object ends at ${offset}`);
    this.offset = offset;
  }
}

/** A staged object in front of another, for subclasses that change some methods. */
export abstract class StagedDecorator implements StagedObject {
  protected readonly staged: StagedObject;

  constructor(staged: StagedObject) {
    this.staged = staged;
  }

  stat(): Promise<StagedStat | undefined> {
    return this.staged.stat();
  }

  begin(notes: Readonly<Record<string, string>>): Promise<void> {
    return this.staged.begin(notes);
  }

  note(name: string): Promise<StagedNote | undefined> {
    return this.staged.note(name);
  }

  append(offset: number, content: AsyncIterable<Buffer>, by?: string): Promise<number> {
    return this.staged.append(offset, content, by);
  }

  openRead(): Promise<BlobReader | undefined> {
    return this.staged.openRead();
  }

  commit(key: string, beside?: readonly ObjectContent[], notes?: readonly string[]): Promise<void> {
    return this.staged.commit(key, beside, notes);
  }

  discard(): Promise<void> {
    return this.staged.discard();
  }

  discardWithNotes(names: readonly string[]): Promise<void> {
    return this.staged.discardWithNotes(names);
  }

  discardWithFolders(below: string): Promise<void> {
    return this.staged.discardWithFolders(below);
  }

  invalidate(): Promise<void> {
    return this.staged.invalidate();
  }
}
