import { Readable } from "node:stream";
import { isDeepStrictEqual } from "node:util";
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { StorageError } from "../../../oci/storage-error.js";
import { BucketProof } from "./bucket-proof.js";
import { type ListedPage, listRequest, type NextPage, type PageWanted, pageOf } from "./listed-page.js";
import { ObjectAddresses } from "./object-addresses.js";
import { ObjectStreams } from "./object-streams.js";
import { PlainGets, type ReceivedObject } from "./plain-gets.js";
import { answerAfter, answeredWhole, readAuthorities } from "./s3-client.js";
import type { S3Settings } from "./s3-settings.js";
import type { Attempt, StoreCalls } from "./store-calls.js";
import { faultOf, isAbsent, isConditionFailure } from "./store-error.js";
import {
  type Condition,
  headersOf,
  type OpenedObject,
  openedBy,
  prefixOf,
  type RangeWanted,
  type StoredObject,
  type StoreOptions,
  sizeSaid,
  storedAs,
  versionOf,
  type Written,
} from "./stored-object.js";

/**
 * A bucket below a prefix: the requests that Berth needs, with keys as they are in the layout. Absence is `undefined`,
 * all other failures are a `StorageError`.
 */
export class S3Bucket {
  readonly client: S3Client;
  readonly calls: StoreCalls;
  readonly name: string;
  readonly addresses: ObjectAddresses | undefined;
  readonly streams: ObjectStreams;
  readonly #prefix: string;
  readonly #plain: PlainGets;
  readonly #options: StoreOptions;
  readonly #proof: BucketProof;

  constructor(client: S3Client, calls: StoreCalls, settings: S3Settings) {
    this.client = client;
    this.addresses = ObjectAddresses.of(client, settings);
    this.streams = new ObjectStreams(this, settings.tagFreshness);
    this.#plain = new PlainGets(ObjectAddresses.own(client, settings), () => readAuthorities(settings));
    this.calls = calls;
    this.name = settings.bucket;
    this.#prefix = prefixOf(settings.prefix);
    this.#options = settings;
    this.#proof = new BucketProof(client, settings.bucket);
  }

  /** What identifies an object in a request. */
  at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.name, Key: `${this.#prefix}${key}` };
  }

  /** How new objects are stored. */
  stored() {
    return storedAs(this.#options);
  }

  /** The source of a copy, as a request names it. */
  copySource(key: string): string {
    return `${this.name}/${this.#prefix}${key}`.split("/").map(encodeURIComponent).join("/");
  }

  async head(key: string): Promise<StoredObject | undefined> {
    return this.#ifPresent(`reading ${key}`, async () => {
      const { ContentLength, LastModified, ETag } = await this.client.send(new HeadObjectCommand(this.at(key)));
      // It must not be taken for empty.
      if (ContentLength === undefined)
        throw new StorageError("unavailable", `reading ${key} failed: the store did not tell the size of the object`);
      return { key, size: ContentLength, modifiedMs: LastModified?.getTime() ?? 0, etag: versionOf(ETag) };
    });
  }

  /** Opens an object, or a part of it. The caller reads the body to its end, or destroys it. */
  async get(key: string, wanted?: RangeWanted): Promise<OpenedObject | undefined> {
    return this.#ifPresent(`reading ${key}`, async () => {
      const found = await this.client.send(
        new GetObjectCommand({
          ...this.at(key),
          ...(wanted === undefined ? {} : { Range: `bytes=${wanted.start}-${wanted.end - 1}` }),
          ...(wanted?.etag === undefined ? {} : { IfMatch: wanted.etag }),
        }),
      );
      return openedBy(found, sizeSaid(found) ?? (await this.#sizeOf(key, found)), wanted?.start);
    });
  }

  /** The same for a large object, with less work; `undefined` if only `get` can tell whether there is one. */
  getPlainly(key: string, wanted?: RangeWanted): Promise<ReceivedObject | undefined> {
    return this.#plain.get(this.at(key), wanted);
  }

  /** Opens an object, unless it still has a version that is known. */
  async getIfChanged(key: string, etag: string | undefined): Promise<OpenedObject | "unchanged" | undefined> {
    return this.#ifPresent(`reading ${key}`, async () => {
      try {
        const found = await this.client.send(
          new GetObjectCommand({ ...this.at(key), ...(etag === undefined ? {} : { IfNoneMatch: etag }) }),
        );
        return openedBy(found, sizeSaid(found) ?? (await this.#sizeOf(key, found)));
      } catch (error) {
        if (faultOf(error).status === 304) return "unchanged";
        throw error;
      }
    });
  }

  /** Writes an object, if the condition holds. */
  async put(key: string, content: Uint8Array, condition?: Condition): Promise<Written> {
    return this.#changing(key, async ({ number }) => {
      try {
        const { ETag } = await this.client.send(
          new PutObjectCommand({ ...this.at(key), ...this.stored(), ...headersOf(condition), Body: content }),
        );
        return { etag: versionOf(ETag), attempts: number };
      } catch (error) {
        const fault = faultOf(error);
        // Some stores answer 404 if the version that must match does not exist any more.
        if (condition === undefined || !(isConditionFailure(fault) || isAbsent(fault))) throw error;
        return { etag: undefined, attempts: number };
      }
    });
  }

  /** Stores what a stream brings, of a known size. @param open opens it anew each time the request is repeated */
  async putStream(key: string, size: number, open: () => Readable): Promise<void> {
    await this.#changing(key, async () => {
      const body = open();
      try {
        await this.client.send(
          new PutObjectCommand({ ...this.at(key), ...this.stored(), Body: body, ContentLength: size }),
          answerAfter(size, "sent"),
        );
      } finally {
        body.destroy();
      }
    });
  }

  /** Copies an object of a size of at most 5 GiB inside the store. */
  async copy(from: string, to: string, size: number): Promise<void> {
    const asked = new CopyObjectCommand({ ...this.at(to), ...this.stored(), CopySource: this.copySource(from) });
    await this.#changing(to, () =>
      answeredWhole(answerAfter(size, "copied"), (options) => this.client.send(asked, options)),
    );
  }

  async delete(key: string): Promise<void> {
    await this.#ifPresent(`removing ${key}`, () => this.client.send(new DeleteObjectCommand(this.at(key)))).finally(
      () => this.streams.forget(key),
    );
  }

  /** One page of the keys that begin with a text, in the order of bytes. */
  async list(begin: string, wanted: PageWanted = {}): Promise<ListedPage> {
    const asked = listRequest(this.name, this.#prefix, begin, wanted);
    const page = await this.calls.run(`listing ${begin}`, async () =>
      pageOf(await this.client.send(asked), this.#prefix),
    );
    this.#proof.renew();
    if (page.next !== undefined && isDeepStrictEqual(page.next, wanted.next))
      throw new StorageError("unavailable", `listing ${begin} does not get any further: the store repeats a page`);
    return page;
  }

  /** All objects whose keys begin with a text, in the order of keys. */
  async *all(begin: string): AsyncIterable<StoredObject> {
    for (let next: NextPage | undefined; ; ) {
      const page = await this.list(begin, { next });
      yield* page.objects;
      if (page.next === undefined) return;
      next = page.next;
    }
  }

  /** The size of an object whose answer does not tell it: a gateway has sent that in chunks. */
  async #sizeOf(key: string, { Body, ETag }: GetObjectCommandOutput): Promise<number> {
    const known = await this.head(key);
    if (known !== undefined && known.etag === versionOf(ETag)) return known.size;
    if (Body instanceof Readable) Body.destroy();
    throw new Error("the object was replaced meanwhile");
  }

  /** A change may have taken effect even if it failed. */
  #changing<Result>(key: string, send: (attempt: Attempt) => Promise<Result>): Promise<Result> {
    return this.calls.run(`writing ${key}`, send).finally(() => this.streams.forget(key));
  }

  /** Throws if a 404 may mean that the bucket itself is missing: a failure must not look like absence. */
  async #ifPresent<Result>(doing: string, send: () => Promise<Result>): Promise<Result | undefined> {
    return this.calls.run(doing, async () => {
      try {
        const result = await send();
        this.#proof.renew();
        return result;
      } catch (error) {
        const fault = faultOf(error);
        if (!isAbsent(fault)) throw error;
        // Only the answer to a HEAD has no body that says what is missing.
        if (fault.code === "NoSuchKey") this.#proof.renew();
        else await this.#proof.require();
        return undefined;
      }
    });
  }
}
