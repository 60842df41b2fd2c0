import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import { BoundedMap } from "../foundation/bounded-map.js";
import type { ClientCertificate } from "./client-certificate.js";

/** How long valid credentials are accepted without another check. */
export interface Lease {
  /** Milliseconds since 1970. */
  readonly untilMs: number;
  /** Whether they are still not revoked; called for each request, and answered from memory. */
  holds(certificate: ClientCertificate | undefined): boolean;
}

interface Known<Value> {
  readonly value: Value;
  readonly lease: Lease;
}

/** The last valid header of a connection, and what is known of it. */
export interface LastCredentials<Value extends object> {
  readonly header: Buffer;
  readonly known: Known<Value>;
  /** Who knows it: another configuration has other users. */
  readonly by: KnownCredentials<Value>;
}

/** A connection that sends credentials. */
export interface Sender<Value extends object> {
  /** The client certificate of the connection. */
  readonly certificate: ClientCertificate | undefined;
  readonly connection: { lastCredentials: LastCredentials<Value> | undefined };
}

const rememberedCredentials = 10_000;

/** In bytes. There may be many connections, so each remembers a normal header only. */
const longestRemembered = 4_096;

/**
 * The results of recent checks of `Authorization` headers, so that a pull of forty layers pays once for bcrypt or a
 * signature.
 *
 * Headers are remembered by a digest with a key of this process: nothing here is of use elsewhere. Only a connection
 * keeps its last header itself, until it closes: nearly every client sends the same one again, and a comparison costs
 * less than a digest. It adds no secret to memory, since Node keeps the header of each request there, too.
 */
export class KnownCredentials<Value extends object> {
  readonly #key = randomBytes(32).toString("base64");
  readonly #known = new BoundedMap<string, Known<Value>>(rememberedCredentials);

  recall(authorization: string, certificate: ClientCertificate | undefined): Value | undefined {
    return this.#find(authorization, certificate)?.value;
  }

  /** The same for the header of a request: at once if its connection has sent it before. */
  recallFrom({ connection, certificate }: Sender<Value>, authorization: string): Value | undefined {
    const last = connection.lastCredentials;
    if (last?.by === this && isGood(last.known, certificate) && isSame(last.header, authorization)) {
      return last.known.value;
    }
    const known = this.#find(authorization, certificate);
    connection.lastCredentials =
      known === undefined || authorization.length > longestRemembered
        ? undefined
        : { header: Buffer.from(authorization, "latin1"), known, by: this };
    return known?.value;
  }

  remember(authorization: string, value: Value, lease: Lease): void {
    this.#known.set(this.#keyOf(authorization), { value, lease });
  }

  #find(authorization: string, certificate: ClientCertificate | undefined): Known<Value> | undefined {
    const key = this.#keyOf(authorization);
    const known = this.#known.get(key);
    if (known === undefined || isGood(known, certificate)) return known;
    this.#known.delete(key);
    return undefined;
  }

  /** One call, which costs a third of HMAC; the key has 256 bits and a fixed length. */
  #keyOf(authorization: string): string {
    return hash("sha256", this.#key + authorization, "base64");
  }
}

function isGood({ lease }: Known<object>, certificate: ClientCertificate | undefined): boolean {
  return lease.untilMs > Date.now() && lease.holds(certificate);
}

/**
 * In constant time: a reverse proxy may send the requests of several clients over one connection, and none of them must
 * learn how much of another's header it has guessed. Node reads headers as latin1, so no character is lost.
 */
function isSame(header: Buffer, authorization: string): boolean {
  return header.length === authorization.length && timingSafeEqual(header, Buffer.from(authorization, "latin1"));
}
