import { randomUUID } from "node:crypto";
import type { Descriptor } from "../oci/descriptor.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { ClientRequest } from "../registry/context.js";
import { describeClient, describeTarget, type EventSource } from "./event.js";

/** A pull that was answered: what is at hand then. Thousands of whole events in memory would cost more than the pulls. */
export interface Pull {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly content: Pick<Descriptor, "mediaType" | "digest" | "size">;
  readonly repository: RepositoryName;
  readonly tag: string | undefined;
  readonly requestId: string;
  readonly address: string;
  readonly client: ClientRequest | undefined;
  readonly user: string | undefined;
}

/** A body of one POST. */
interface PullBatch {
  readonly body: Buffer;
  /** How many of the pulls it tells of, from the first. */
  readonly count: number;
}

/** Bytes. Receivers often take bodies of 100 kB at most: that is the default of Express. */
const longestBody = 90_000;

/**
 * Writes pulls as events in the envelope of the distribution registry. Most pulls of a batch have much in common, which
 * is turned into JSON once: this takes a third of the time that whole events take (`eventOf`).
 */
export class PullWriter {
  readonly #source: EventSource;
  readonly #sourceText: string;

  constructor(source: EventSource) {
    this.#source = source;
    this.#sourceText = JSON.stringify({ addr: source.address, instanceID: source.instanceId });
  }

  /** Tells of as many pulls as one POST may carry, but of one at least. */
  envelope(pulls: readonly Pull[]): PullBatch {
    const targets = new Texts(isSameTarget, (pull) => JSON.stringify(this.#target(pull)));
    const rests = new Texts(isSameClient, (pull) => this.#rest(pull));
    const ids = new EventIds();
    const events: string[] = [];
    let bytes = 0;
    for (const pull of pulls) {
      const { atMs, content, requestId, address } = pull;
      const head = `{"id":"${ids.next()}","timestamp":"${new Date(atMs).toISOString()}","action":"pull"`;
      const request = `"request":{"id":${JSON.stringify(requestId)},${rests.of(address, pull)}`;
      const event = `${head},"target":${targets.of(content.digest, pull)},${request}}`;
      bytes += Buffer.byteLength(event) + 1;
      if (bytes > longestBody && events.length > 0) break;
      events.push(event);
    }
    return { body: Buffer.from(`{"events":[${events.join(",")}]}`), count: events.length };
  }

  #target({ content: { mediaType, digest, size }, repository, tag, client }: Pull): object {
    return describeTarget("pull", { mediaType, digest, size, repository, tag }, { host: client?.host }, this.#source);
  }

  /** From the address of the client to the end. */
  #rest({ address, client, user }: Pull): string {
    const { host, method, agent } = client ?? {};
    const request = JSON.stringify(describeClient({ address, host, method, agent, user }));
    return `${request.slice(1)},"actor":${JSON.stringify({ name: user })},"source":${this.#sourceText}`;
  }
}

function isSameTarget(one: Pull, other: Pull): boolean {
  return (
    one.content.mediaType === other.content.mediaType &&
    one.repository === other.repository &&
    one.tag === other.tag &&
    one.client?.host === other.client?.host
  );
}

function isSameClient({ client: one, user }: Pull, { client: other, user: otherUser }: Pull): boolean {
  return (
    one?.agent === other?.agent && one?.host === other?.host && one?.method === other?.method && user === otherUser
  );
}

/** Texts of a batch that were written before: found by one field, which costs less than to put all into one key. */
class Texts {
  readonly #known = new Map<string, { readonly pull: Pull; readonly text: string }[]>();
  readonly #isSame: (one: Pull, other: Pull) => boolean;
  readonly #write: (pull: Pull) => string;

  constructor(isSame: (one: Pull, other: Pull) => boolean, write: (pull: Pull) => string) {
    this.#isSame = isSame;
    this.#write = write;
  }

  /** @param field one that differs between most pulls whose texts differ */
  of(field: string, pull: Pull): string {
    const written = this.#known.get(field) ?? [];
    for (const { pull: known, text } of written) if (this.#isSame(known, pull)) return text;
    const text = this.#write(pull);
    written.push({ pull, text });
    this.#known.set(field, written);
    return text;
  }
}

/** UUIDs of one batch. A random one for each would cost a microsecond, so the last digits of one are counted up. */
class EventIds {
  readonly #start = randomUUID().slice(0, -4);
  #count = 0;

  next(): string {
    return this.#start + (this.#count++).toString(16).padStart(4, "0");
  }
}
