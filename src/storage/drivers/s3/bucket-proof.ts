import { HeadBucketCommand, type S3Client } from "@aws-sdk/client-s3";
import { StorageError } from "../../../oci/storage-error.js";
import { faultOf, isAbsent } from "./store-error.js";

/** After an answer that proves that the bucket exists, a 404 means for this long that the object does not. */
const provedForMs = 5_000;

/** Whether a 404 may mean that the bucket itself is missing: a failure must not look like absence. */
export class BucketProof {
  readonly #client: S3Client;
  readonly #name: string;
  #provedAt = Number.NEGATIVE_INFINITY;

  constructor(client: S3Client, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /** Call it after an answer that proves that the bucket exists. */
  renew(): void {
    this.#provedAt = performance.now();
  }

  /** @throws StorageError if there is no bucket */
  async require(): Promise<void> {
    if (performance.now() - this.#provedAt <= provedForMs) return;
    try {
      await this.#client.send(new HeadBucketCommand({ Bucket: this.#name }));
      this.renew();
    } catch (cause) {
      if (!isAbsent(faultOf(cause))) throw cause;
      throw new StorageError("unavailable", `there is no bucket ${this.#name} any more`, { cause });
    }
  }
}
