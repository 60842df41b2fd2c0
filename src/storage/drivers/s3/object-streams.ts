import { ObjectStream, type StreamTerms } from "./object-stream.js";
import type { ReceivedObject } from "./plain-gets.js";
import { StreamSource } from "./receiving/byte-source.js";
import type { S3Bucket } from "./s3-bucket.js";
import type { OpenedObject, RangeWanted } from "./stored-object.js";

/** What all streams together may hold for readers that are behind, in equal shares, and the least that each may. */
const windowsTogether = 24 * 1024 * 1024;
const smallestWindow = 64 * 1024;

/** Smaller objects are not worth sharing. */
export const smallBytes = 128 * 1024;

interface Opening {
  /** When the store was asked, by a clock that never jumps. */
  readonly askedAt: number;
  readonly opened: Promise<ObjectStream | undefined>;
}

/**
 * The large objects that are being read from a bucket: whoever wants bytes that are on their way to another reader gets
 * them from the same answer.
 */
export class ObjectStreams {
  readonly #bucket: Pick<S3Bucket, "get" | "getPlainly">;
  readonly #joinableMs: number;
  readonly #now: () => number;
  readonly #openings = new Map<string, Opening>();
  readonly #streams = new Map<string, Set<ObjectStream>>();
  #count = 0;

  /**
   * @param joinableMs for how long after its beginning others may join a reading that need not show the latest change
   * @param now a clock that never jumps, in milliseconds
   */
  constructor(
    bucket: Pick<S3Bucket, "get" | "getPlainly">,
    joinableMs: number,
    now: () => number = () => performance.now(),
  ) {
    this.#bucket = bucket;
    this.#joinableMs = joinableMs;
    this.#now = now;
  }

  /**
   * Opens an object at its beginning. A small one is not read yet.
   * @returns `undefined` if there is none
   */
  async open(key: string): Promise<OpenedObject | ObjectStream | undefined> {
    const opened = await this.#bucket.get(key);
    if (opened === undefined || opened.size <= smallBytes) return opened;
    return this.#add(key, receivedFrom(opened), { start: 0, end: opened.size, ...unshared });
  }

  /** The same for a pull, which need not show what another process changed a moment ago. */
  async openRecently(key: string): Promise<ObjectStream | undefined> {
    const askedAt = this.#now();
    const running = this.#openings.get(key);
    if (running !== undefined && askedAt - running.askedAt < this.#joinableMs) {
      const joined = await running.opened.catch(() => undefined);
      if (joined?.covers(0)) return joined;
    }
    const isJoinable = () => this.#openings.get(key) === opening && this.#now() - askedAt < this.#joinableMs;
    const forget = () => {
      if (this.#openings.get(key) === opening) this.#openings.delete(key);
    };
    const opening: Opening = { askedAt, opened: this.#openStream(key, { isJoinable, closed: forget }) };
    this.#openings.set(key, opening);
    // A failure is thrown to whoever asked.
    opening.opened.then((found) => found ?? forget(), forget);
    return opening.opened;
  }

  /** Opens a version of an object at a position, to be read up to an end. `undefined` if it is no longer there. */
  async at(key: string, etag: string, { start, end }: Span): Promise<ObjectStream | undefined> {
    for (const stream of this.#streams.get(key) ?? [])
      if (stream.object.etag === etag && stream.covers(start)) return stream;
    const opened = await this.#receive(key, { start, end, etag });
    if (opened === undefined || opened.etag === etag)
      return opened && this.#add(key, opened, { start, end, ...unshared });
    // Not every store heeds the condition.
    opened.source.destroy();
    return undefined;
  }

  /** Call it after this process has changed an object, so that it sees its own changes. */
  forget(key: string): void {
    this.#openings.delete(key);
  }

  async #openStream(key: string, sharing: Sharing): Promise<ObjectStream | undefined> {
    const opened = await this.#receive(key);
    return opened && this.#add(key, opened, { start: 0, end: opened.size, ...sharing });
  }

  async #receive(key: string, wanted?: RangeWanted): Promise<ReceivedObject | undefined> {
    const received = await this.#bucket.getPlainly(key, wanted);
    if (received !== undefined) return received;
    const opened = await this.#bucket.get(key, wanted);
    return opened && receivedFrom(opened);
  }

  #add(key: string, opened: ReceivedObject, wanted: Span & Sharing): ObjectStream {
    const streams = this.#streams.get(key) ?? new Set();
    this.#streams.set(key, streams);
    const stream = new ObjectStream(opened, {
      ...wanted,
      window: () => Math.max(smallestWindow, windowsTogether / this.#count),
      closed: () => {
        this.#count--;
        streams.delete(stream);
        if (streams.size === 0) this.#streams.delete(key);
        wanted.closed();
      },
    });
    this.#count++;
    streams.add(stream);
    return stream;
  }
}

/** Whether others may join a stream at its beginning, and what to call at its end. */
type Sharing = Pick<StreamTerms, "isJoinable" | "closed">;

const unshared: Sharing = { isJoinable: () => false, closed: () => {} };

interface Span {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

function receivedFrom({ body, ...found }: OpenedObject): ReceivedObject {
  return { ...found, source: new StreamSource(body) };
}
