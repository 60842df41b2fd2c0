import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { StorageError } from "../../../oci/storage-error.js";
import type { S3Bucket } from "./s3-bucket.js";
import { answerAfter, answeredWhole } from "./s3-client.js";
import { faultOf, isAbsent } from "./store-error.js";

/** Parts that are sent or copied at the same time. */
const partsAtOnce = 4;

/** One part of an object that is put together: bytes in memory or from a stream, or an object of the bucket. */
export type Part = { readonly size: number } & (
  | { readonly content: Buffer }
  | { readonly open: () => Readable }
  | { readonly copyOf: string }
);

/**
 * Puts an object together from parts. It has no name until all of them are there, and keeps none if that fails.
 * @param parts all but the last have at least 5 MiB
 */
export async function storeInParts(bucket: S3Bucket, key: string, parts: readonly Part[]): Promise<void> {
  const upload = await PartUpload.start(bucket, key);
  try {
    const etags = await severalAtOnce(parts, (part, index) => upload.add(index + 1, part));
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    await upload.complete(etags, size);
  } catch (error) {
    // Its failure is nothing to report: abandoned uploads are looked for, and aborted.
    await upload.abort().catch(() => {});
    throw error;
  }
}

/** A multipart upload that is under way. */
export class PartUpload {
  readonly #bucket: S3Bucket;
  readonly #key: string;
  readonly #id: string;

  static async start(bucket: S3Bucket, key: string): Promise<PartUpload> {
    const { UploadId } = await bucket.calls.run(`writing ${key}`, () =>
      bucket.client.send(new CreateMultipartUploadCommand({ ...bucket.at(key), ...bucket.stored() })),
    );
    if (UploadId === undefined) throw new StorageError("unavailable", `writing ${key} failed (no upload id was sent)`);
    return new PartUpload(bucket, key, UploadId);
  }

  private constructor(bucket: S3Bucket, key: string, id: string) {
    this.#bucket = bucket;
    this.#key = key;
    this.#id = id;
  }

  /** @returns the ETag of the part */
  async add(number: number, part: Part): Promise<string> {
    const etag = await this.#bucket.calls.run(`writing part ${number} of ${this.#key}`, () =>
      "copyOf" in part
        ? this.#copy(number, part)
        : this.#send(number, part.size, "open" in part ? part.open() : part.content),
    );
    if (etag === undefined)
      throw new StorageError("unavailable", `writing part ${number} of ${this.#key} failed (no ETag was sent)`);
    return etag;
  }

  /** The answer may be lost, so that the upload is no longer known when the request is repeated. */
  async complete(etags: readonly string[], size: number): Promise<void> {
    const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
    const asked = () => new CompleteMultipartUploadCommand({ ...this.#request(), MultipartUpload: { Parts } });
    await this.#bucket.calls.run(`writing ${this.#key}`, async ({ number }) => {
      try {
        // Some stores begin to answer at once, and end when the object is there.
        await answeredWhole(answerAfter(size, "copied"), (options) => this.#bucket.client.send(asked(), options));
      } catch (error) {
        const isGone = isAbsent(faultOf(error)) && number > 1;
        if (!isGone || (await this.#bucket.head(this.#key))?.size !== size) throw error;
      } finally {
        this.#bucket.streams.forget(this.#key);
      }
    });
  }

  async abort(): Promise<void> {
    await this.#bucket.client.send(new AbortMultipartUploadCommand(this.#request()));
  }

  async #send(number: number, size: number, body: Readable | Buffer): Promise<string | undefined> {
    try {
      const sent = await this.#bucket.client.send(
        new UploadPartCommand({ ...this.#request(), PartNumber: number, Body: body, ContentLength: size }),
        answerAfter(size, "sent"),
      );
      return sent.ETag;
    } finally {
      if (body instanceof Readable) body.destroy();
    }
  }

  async #copy(number: number, { copyOf, size }: Extract<Part, { copyOf: string }>): Promise<string | undefined> {
    const CopySource = this.#bucket.copySource(copyOf);
    const asked = new UploadPartCopyCommand({ ...this.#request(), PartNumber: number, CopySource });
    const copied = await answeredWhole(answerAfter(size, "copied"), (options) =>
      this.#bucket.client.send(asked, options),
    );
    return copied.CopyPartResult?.ETag;
  }

  #request() {
    return { ...this.#bucket.at(this.#key), UploadId: this.#id };
  }
}

/** After a failure no further part is begun, and those that are under way have ended before it is thrown. */
async function severalAtOnce<Each, Result>(
  all: readonly Each[],
  action: (each: Each, index: number) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const waiting = all.entries();
  const failures: unknown[] = [];
  const takeTurns = async () => {
    for (const [index, each] of waiting) {
      if (failures.length > 0) return;
      results[index] = await action(each, index);
    }
  };
  const turns = Array.from({ length: Math.min(partsAtOnce, all.length) }, takeTurns);
  await Promise.all(turns.map((turn) => turn.catch((error: unknown) => failures.push(error))));
  if (failures.length > 0) throw failures[0];
  return results;
}
