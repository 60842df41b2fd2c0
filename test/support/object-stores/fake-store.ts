import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import type { Scope } from "../scope.js";
import { errorText, StoreFaults, sendError } from "./store-faults.js";

interface Stored {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly modified: Date;
}

/** With which keys a request was signed. */
export interface SigningKeys {
  readonly accessKeyId: string | undefined;
  readonly sessionToken: string | undefined;
}

/** A request to the bucket, whose path begins with the bucket's name. */
interface Asked {
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  /** Why the condition of a write did not hold when its headers arrived. */
  readonly refusedAtFirst: Answer | undefined;
}

/**
 * A store of one bucket, `images`, in this process: as much of S3 as Berth uses. Its writes are atomic, so that
 * conditions hold. For tests of what happens when a store is in trouble, and when no other is at hand.
 */
export class FakeStore {
  readonly faults = new StoreFaults();
  readonly endpoint: string;
  /** The headers of all requests so far. */
  readonly headers: IncomingMessage["headers"][] = [];
  readonly #objects = new Map<string, Stored>();
  /** Keys of deleted objects whose versions are kept, if the bucket keeps versions. */
  readonly #deleted = new Set<string>();
  #isVersioned = false;
  #checksEarly = false;
  readonly #signedBy = new Map<string, SigningKeys>();
  readonly #uploads = new Map<string, Map<number, Stored>>();
  /** The key of each multipart upload, and when it began. */
  readonly #begun = new Map<string, { readonly key: string; readonly at: Date }>();

  static async start(scope: Scope): Promise<FakeStore> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    scope.defer(() => {
      server.closeAllConnections();
      server.close();
    });
    // The address of a server on a port, not on a pipe, is of this kind.
    const store = new FakeStore(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on("request", (request, response) => void store.#serve(request, response));
    return store;
  }

  private constructor(endpoint: string) {
    this.endpoint = endpoint;
  }

  /** Deletions leave older versions from now on, and emptied folders are still listed, as by MinIO. */
  keepVersions(): void {
    this.#isVersioned = true;
  }

  /** From now on, the condition of a write is checked before its body arrives: two that race may both succeed. */
  checkConditionsEarly(): void {
    this.#checksEarly = true;
  }

  keys(): string[] {
    return [...this.#objects.keys()].sort();
  }

  contentOf(key: string): Buffer | undefined {
    return this.#objects.get(key)?.bytes;
  }

  /** Writes other bytes behind the back of those who use the store, as a disk does that fails. */
  replace(key: string, bytes: Buffer): void {
    this.#objects.set(key, storedNow(bytes));
  }

  /** Deletes objects behind the back of those who use the store, as a rule of the bucket does. */
  lose(keys: RegExp): void {
    for (const key of this.keys().filter((each) => keys.test(each))) this.#objects.delete(key);
  }

  /** Ids of multipart uploads that are neither complete nor aborted. */
  get openUploads(): readonly string[] {
    return [...this.#uploads.keys()];
  }

  /** The keys with which requests were signed. */
  signedBy(): readonly SigningKeys[] {
    return [...this.#signedBy.values()];
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#noteKeys(request.headers);
    this.headers.push(request.headers);
    const fault = this.faults.take(request);
    const url = new URL(request.url ?? "/", this.endpoint);
    const [, bucket, ...path] = url.pathname.split("/").map(decodeURIComponent);
    const { method = "GET", headers } = request;
    const key = path.join("/");
    const refusedAtFirst = this.#conditionFailure(key, headers);
    const body = await buffer(request).catch(() => Buffer.alloc(0));
    if (fault?.kind === "held") await fault.until;
    if (fault?.kind === "late") await delay(fault.byMs);
    if (fault?.kind === "status") return sendError(response, fault);
    if (fault?.kind === "error in success") return void response.writeHead(200).end(errorText("InternalError"));
    if (bucket !== "images") return sendError(response, { status: 404, code: "NoSuchBucket" });
    const answer = this.#answer({ method, key, query: url.searchParams, headers, body, refusedAtFirst });
    if (fault?.kind === "no etag") return void response.writeHead(answer.status).end();
    if (fault?.kind === "lost answer") return void request.socket.destroy();
    response.writeHead(answer.status, answer.headers);
    if (fault?.kind === "stalled") return void response.write(answer.body?.subarray(0, 10) ?? "");
    if (fault?.kind !== "cut") return void response.end(method === "HEAD" ? undefined : answer.body);
    response.write(answer.body?.subarray(0, fault.after), () => request.socket.destroy());
  }

  #noteKeys(headers: IncomingMessage["headers"]): void {
    const accessKeyId = /Credential=([^/]+)\//.exec(headers.authorization ?? "")?.[1];
    const token = headers["x-amz-security-token"];
    const sessionToken = token === undefined ? undefined : String(token);
    this.#signedBy.set(`${accessKeyId} ${sessionToken}`, { accessKeyId, sessionToken });
  }

  #answer(asked: Asked): Answer {
    const { method, key, query } = asked;
    if (key === "") return this.#ofBucket(asked);
    if (query.has("uploads")) return this.#begin(key);
    if (query.has("uploadId")) return this.#ofUpload(asked, query.get("uploadId") ?? "");
    if (method === "PUT") return this.#put(asked);
    if (method === "DELETE") this.#delete(key);
    return method === "DELETE" ? { status: 204 } : this.#get(asked);
  }

  #ofBucket({ method, query, body }: Asked): Answer {
    if (query.has("uploads")) return this.#listUploads(query.get("prefix") ?? "");
    if (query.has("versioning")) return this.#versioning();
    if (method === "HEAD") return { status: 200 };
    if (!query.has("delete")) return this.#list(query);
    for (const [, key = ""] of body.toString().matchAll(/<Key>([^<]+)<\/Key>/g)) this.#delete(key);
    return xml("<DeleteResult></DeleteResult>");
  }

  #delete(key: string): void {
    if (this.#objects.delete(key) && this.#isVersioned) this.#deleted.add(key);
  }

  #versioning(): Answer {
    const status = this.#isVersioned ? "<Status>Enabled</Status>" : "";
    return xml(`<VersioningConfiguration>${status}</VersioningConfiguration>`);
  }

  #list(query: URLSearchParams): Answer {
    const [prefix, after] = [query.get("prefix") ?? "", query.get("continuation-token") ?? query.get("start-after")];
    const limit = Number(query.get("max-keys") ?? 1000);
    const shown = new Map<string, string>();
    for (const key of [...this.keys(), ...this.#deleted].sort().filter((each) => each.startsWith(prefix))) {
      const slash = query.has("delimiter") ? key.indexOf("/", prefix.length) : -1;
      const entry = slash < 0 ? key : key.slice(0, slash + 1);
      if (after !== null && (entry <= after || key <= after)) continue;
      if (slash < 0 && !this.#objects.has(key)) continue;
      const { bytes, etag, modified } = this.#objects.get(key) ?? absent;
      const facts = `<LastModified>${modified.toISOString()}</LastModified><ETag>${etag}</ETag><Size>${bytes.length}</Size>`;
      const folder = `<CommonPrefixes><Prefix>${entry}</Prefix></CommonPrefixes>`;
      shown.set(entry, slash < 0 ? `<Contents><Key>${key}</Key>${facts}</Contents>` : folder);
    }
    const page = [...shown].slice(0, limit);
    const next = `<IsTruncated>true</IsTruncated><NextContinuationToken>${page.at(-1)?.[0]}</NextContinuationToken>`;
    const entries = page.map(([, entry]) => entry).join("");
    return xml(`<ListBucketResult>${entries}${page.length < shown.size ? next : ""}</ListBucketResult>`);
  }

  #put(asked: Asked): Answer {
    const { key, headers } = asked;
    const refused = this.#checksEarly ? asked.refusedAtFirst : this.#conditionFailure(key, headers);
    if (refused !== undefined) return refused;
    const stored = this.#contentOf(asked);
    if (stored === undefined) return failure(404, "NoSuchKey");
    this.#objects.set(key, stored);
    const copied = `<CopyObjectResult><ETag>${stored.etag}</ETag></CopyObjectResult>`;
    return { ...xml("x-amz-copy-source" in headers ? copied : ""), headers: { etag: stored.etag } };
  }

  #conditionFailure(key: string, headers: IncomingMessage["headers"]): Answer | undefined {
    const before = this.#objects.get(key);
    if (headers["if-none-match"] === "*" && before !== undefined) return failure(412, "PreconditionFailed");
    const wanted = headers["if-match"];
    if (wanted === undefined || before?.etag === wanted) return undefined;
    return before === undefined ? failure(404, "NoSuchKey") : failure(412, "PreconditionFailed");
  }

  #contentOf({ headers, body }: Asked): Stored | undefined {
    const source = headers["x-amz-copy-source"];
    if (source === undefined) return storedNow(body);
    const from = decodeURIComponent(String(source)).replace(/^\/?images\//, "");
    const found = this.#objects.get(from);
    return found && storedNow(found.bytes);
  }

  #get({ key, headers }: Asked): Answer {
    const found = this.#objects.get(key);
    if (found === undefined) return failure(404, "NoSuchKey");
    const { bytes, etag, modified } = found;
    if (headers["if-none-match"] === etag) return { status: 304 };
    if (headers["if-match"] !== undefined && headers["if-match"] !== etag) return failure(412, "PreconditionFailed");
    const facts = { etag, "last-modified": modified.toUTCString() };
    const range = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "");
    if (range === null) return { status: 200, headers: { ...facts, "content-length": bytes.length }, body: bytes };
    const [start, end] = [Number(range[1]), Math.min(Number(range[2]), bytes.length - 1)];
    if (start >= bytes.length) return failure(416, "InvalidRange");
    const part = { "content-range": `bytes ${start}-${end}/${bytes.length}`, "content-length": end - start + 1 };
    return { status: 206, headers: { ...facts, ...part }, body: bytes.subarray(start, end + 1) };
  }

  #listUploads(prefix: string): Answer {
    const uploads = [...this.#uploads.keys()].flatMap((id) => {
      const { key, at } = this.#begun.get(id) ?? { key: "", at: new Date(0) };
      if (!key.startsWith(prefix)) return [];
      return `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${at.toISOString()}</Initiated></Upload>`;
    });
    return xml(`<ListMultipartUploadsResult>${uploads.join("")}</ListMultipartUploadsResult>`);
  }

  #begin(key: string): Answer {
    const id = randomUUID();
    this.#uploads.set(id, new Map());
    this.#begun.set(id, { key, at: new Date() });
    return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
  }

  #ofUpload(asked: Asked, id: string): Answer {
    const parts = this.#uploads.get(id);
    if (parts === undefined) return failure(404, "NoSuchUpload");
    if (asked.method === "DELETE") this.#uploads.delete(id);
    if (asked.method === "DELETE") return { status: 204 };
    if (asked.method === "POST") return this.#complete(asked.key, id, parts);
    const stored = this.#contentOf(asked);
    if (stored === undefined) return failure(404, "NoSuchKey");
    parts.set(Number(asked.query.get("partNumber")), stored);
    const copied = `<CopyPartResult><ETag>${stored.etag}</ETag></CopyPartResult>`;
    return { ...xml("x-amz-copy-source" in asked.headers ? copied : ""), headers: { etag: stored.etag } };
  }

  #complete(key: string, id: string, parts: ReadonlyMap<number, Stored>): Answer {
    const inOrder = [...parts].sort(([left], [right]) => left - right).map(([, { bytes }]) => bytes);
    this.#objects.set(key, storedNow(Buffer.concat(inOrder)));
    this.#uploads.delete(id);
    return xml("<CompleteMultipartUploadResult><ETag>whole</ETag></CompleteMultipartUploadResult>");
  }
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Buffer;
}

const absent: Stored = { bytes: Buffer.alloc(0), etag: "", modified: new Date(0) };

function storedNow(bytes: Buffer): Stored {
  return { bytes, etag: `"${createHash("md5").update(bytes).digest("hex")}"`, modified: new Date() };
}

function xml(text: string): Answer {
  return { status: 200, body: Buffer.from(text === "" ? "" : `<?xml version="1.0"?>\n${text}`) };
}

function failure(status: number, code: string): Answer {
  return { status, body: Buffer.from(errorText(code)) };
}
