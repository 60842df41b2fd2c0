import type { ObjectAddresses } from "./object-addresses.js";
import type { ByteSource } from "./receiving/byte-source.js";
import type { ResponseHead } from "./receiving/response-head.js";
import { type StoreAddress, StoreConnection } from "./receiving/store-connection.js";
import { type RangeWanted, versionOf } from "./stored-object.js";

/** Connections that wait for the next request, and how long: stores close them after some seconds, too. */
const mostIdle = 8;
const idleMs = 3_000;

/** After a request that did not work this way, all go the other one for a while. */
const avoidedForMs = 60_000;

/** A store in trouble must not get two requests for each that it refuses. */
const avoidedInTroubleMs = 2_000;

/** An object that is being received, from some position on. */
export interface ReceivedObject {
  readonly etag: string;
  readonly modifiedMs: number;
  /** Of the whole object. */
  readonly size: number;
  readonly source: ByteSource;
}

/**
 * Requests large objects from the store without Node's HTTP client, which copies each byte once more and leaves a buffer
 * for each read. It knows only what is as expected; for all else, whoever asks must use the client of the store.
 */
export class PlainGets {
  readonly #addresses: Pick<ObjectAddresses, "addressOf">;
  readonly #readAuthorities: () => Promise<string | undefined>;
  readonly #idle: { readonly connection: StoreConnection; readonly sinceMs: number }[] = [];
  #avoidedUntilMs = 0;

  /** @param readAuthorities the certificates to be trusted instead of the usual ones */
  constructor(addresses: Pick<ObjectAddresses, "addressOf">, readAuthorities: () => Promise<string | undefined>) {
    this.#addresses = addresses;
    this.#readAuthorities = readAuthorities;
  }

  /**
   * @param object of a request
   * @returns `undefined` if the answer is another than the bytes that were asked for, or there is none, for any reason
   */
  async get(object: ObjectInBucket, wanted?: RangeWanted): Promise<ReceivedObject | undefined> {
    if (performance.now() < this.#avoidedUntilMs) return undefined;
    try {
      const address = new URL(await this.#addresses.addressOf(object));
      return await this.#request(address, wanted);
    } catch {
      // Such as credentials that cannot be read: the client of the store says what is wrong.
      this.#avoidFor(avoidedForMs);
      return undefined;
    }
  }

  /** @throws if a new connection brings no answer */
  async #request(address: URL, wanted: RangeWanted | undefined): Promise<ReceivedObject | undefined> {
    const connection = this.#idleConnection() ?? (await this.#newConnection(address));
    try {
      const { head, body } = await connection.request(requestOf(address, wanted));
      const found = receivedBy(head, wanted);
      if (found !== undefined) return { ...found, source: body };
      this.#avoidFor(avoidanceAfter(head.status));
    } catch (error) {
      if (!connection.hasAnswered) throw error;
    }
    connection.close();
    return undefined;
  }

  #avoidFor(time: number): void {
    this.#avoidedUntilMs = Math.max(this.#avoidedUntilMs, performance.now() + time);
  }

  #idleConnection(): StoreConnection | undefined {
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) {
      if (last.connection.isOpen && performance.now() - last.sinceMs < idleMs) return last.connection;
      last.connection.close();
    }
    return undefined;
  }

  async #newConnection(address: URL): Promise<StoreConnection> {
    const place = placeOf(address, await this.#readAuthorities());
    return new StoreConnection(place, (connection) => this.#keep(connection));
  }

  #keep(connection: StoreConnection): void {
    this.#idle.push({ connection, sinceMs: performance.now() });
    if (this.#idle.length > mostIdle) this.#idle.shift()?.connection.close();
  }
}

interface ObjectInBucket {
  readonly Bucket: string;
  readonly Key: string;
}

function placeOf({ protocol, hostname, port }: URL, ca: string | undefined): StoreAddress {
  const isSecure = protocol === "https:";
  const usualPort = isSecure ? 443 : 80;
  return { isSecure, host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? usualPort : Number(port), ca };
}

function requestOf({ pathname, search, host }: URL, wanted: RangeWanted | undefined): string {
  const lines = [
    `GET ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    "User-Agent: berth",
    ...(wanted === undefined ? [] : [`Range: bytes=${wanted.start}-${wanted.end - 1}`]),
    ...(wanted?.etag === undefined ? [] : [`If-Match: ${wanted.etag}`]),
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** An object that is absent or has changed is no reason to ask another way from now on. */
function avoidanceAfter(status: number): number {
  if (status === 404 || status === 412) return 0;
  return status >= 500 ? avoidedInTroubleMs : avoidedForMs;
}

/** `undefined` if it is not the part of an object that was asked for. */
function receivedBy(
  { status, headers }: ResponseHead,
  wanted: RangeWanted | undefined,
): Omit<ReceivedObject, "source"> | undefined {
  const [etag, modified, length = ""] = ["etag", "last-modified", "content-length"].map((name) => headers.get(name));
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get("content-range") ?? "");
  if (etag === undefined || !/^\d+$/.test(length) || headers.has("transfer-encoding")) return undefined;
  if (status !== 200 && status !== 206) return undefined;
  if (Number(range?.[1] ?? 0) !== (wanted?.start ?? 0) || (status === 206) !== (range !== null)) return undefined;
  return { etag: versionOf(etag), modifiedMs: Date.parse(modified ?? "") || 0, size: Number(range?.[2] ?? length) };
}
