import { isOutOfRoom } from "../../oci/storage-error.js";
import { type ObjectContent, StagedDecorator, type StagedObject } from "../staging.js";

/** Frees space, if anything may be deleted, and returns how many bytes it freed. */
export type MakeRoom = (bytes: number) => Promise<number>;

/** The least to free: more will arrive, and no one knows how much. */
const leastRoom = 16 * 1024 * 1024;
/** For names and links. */
const smallRoom = 1024 * 1024;
/** Others may take what was freed, but not for ever. */
const mostAttempts = 8;

type Write = (...objects: readonly ObjectContent[]) => Promise<void>;

/** A staged object that frees space on a full disk and continues, so that clients need not push again. */
export class RoomMakingStage extends StagedDecorator {
  readonly #write: Write;
  readonly #makeRoom: MakeRoom;
  readonly #notes: readonly string[];

  /** @param write stores objects @param notes that the object may have */
  constructor(staged: StagedObject, write: Write, makeRoom: MakeRoom, notes: readonly string[] = []) {
    super(staged);
    this.#notes = notes;
    this.#write = write;
    this.#makeRoom = makeRoom;
  }

  override async append(offset: number, content: AsyncIterable<Buffer>, by?: string): Promise<number> {
    const pieces = new Pieces(content, offset);
    try {
      for (let end = offset; ; end = (await this.staged.stat())?.size ?? end) {
        try {
          return await this.staged.append(end, pieces.from(end), by);
        } catch (error) {
          if (!isOutOfRoom(error) || (await this.#makeRoom(Math.max(leastRoom, end - offset))) === 0) throw error;
        }
      }
    } finally {
      await pieces.close();
    }
  }

  override commit(key: string, beside: readonly ObjectContent[] = []): Promise<void> {
    let hasFailed = false;
    return withRoom(this.#makeRoom, async () => {
      // The content may have got its name before there was no room for a folder of the others.
      if (hasFailed && (await this.staged.stat()) === undefined) return this.#write(...beside);
      hasFailed = true;
      return this.staged.commit(key, beside, this.#notes);
    });
  }
}

/** Runs an action that writes little, and can be repeated; on a full disk again, after freeing space. */
export async function withRoom<Result>(makeRoom: MakeRoom, action: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      if (!isOutOfRoom(error) || attempt === mostAttempts || (await makeRoom(smallRoom)) === 0) throw error;
    }
  }
}

/** Content that can be continued where writing it failed: within the last piece. */
class Pieces {
  readonly #content: AsyncIterable<Buffer>;
  #source: AsyncIterator<Buffer> | undefined;
  #last: Buffer = Buffer.alloc(0);
  /** The start of the last piece. */
  #start: number;

  constructor(content: AsyncIterable<Buffer>, start: number) {
    this.#content = content;
    this.#start = start;
  }

  async *from(position: number): AsyncGenerator<Buffer, void, void> {
    this.#source ??= this.#content[Symbol.asyncIterator]();
    const rest = this.#last.subarray(position - this.#start);
    if (rest.length > 0) yield rest;
    for (let next = await this.#source.next(); !next.done; next = await this.#source.next()) {
      this.#start += this.#last.length;
      this.#last = next.value;
      yield next.value;
    }
  }

  async close(): Promise<void> {
    await this.#source?.return?.();
  }
}
