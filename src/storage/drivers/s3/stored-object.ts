import { Readable } from "node:stream";
import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import type { ObjectStat } from "../../driver.js";
import type { S3Settings } from "./s3-settings.js";

export interface StoredObject {
  readonly key: string;
  readonly size: number;
  readonly modifiedMs: number;
  readonly etag: string;
}

/** What a driver says of it. */
export function statOf(found: StoredObject | undefined): ObjectStat | undefined {
  return found && { size: found.size, modifiedMs: found.modifiedMs, version: found.etag };
}

/** An object that is being read, from `start` on. */
export interface OpenedObject {
  readonly body: Readable;
  readonly etag: string;
  readonly modifiedMs: number;
  /** Of the whole object. */
  readonly size: number;
}

export interface RangeWanted {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** Reads only this version. */
  readonly etag?: string;
}

/** Under which condition an object is written. */
export type Condition = { readonly kind: "absent" } | { readonly kind: "version"; readonly etag: string };

export interface Written {
  /** The new version; `undefined` if the condition does not hold. */
  readonly etag: string | undefined;
  /** How many requests it took: of those before the last one it is not known whether they had an effect. */
  readonly attempts: number;
}

/** How objects are stored: encryption and storage class. */
export type StoreOptions = Pick<S3Settings, "sse" | "sseKmsKeyId" | "storageClass">;

/** What the store says of the size of the whole object: nothing, if it sends the answer in chunks. */
export function sizeSaid({ ContentRange, ContentLength }: GetObjectCommandOutput): number | undefined {
  const total = /\/(\d+)$/.exec(ContentRange ?? "")?.[1];
  return total === undefined ? ContentLength : Number(total);
}

/** @throws if the store sent another part than the one that was asked for */
export function openedBy(found: GetObjectCommandOutput, size: number, wantedStart = 0): OpenedObject {
  if (!(found.Body instanceof Readable)) throw new Error("the store sent no body");
  const start = /^bytes (\d+)-\d+\/\d+$/.exec(found.ContentRange ?? "")?.[1];
  if (Number(start ?? 0) !== wantedStart) throw new Error("the store sent another range");
  return { body: found.Body, etag: versionOf(found.ETag), modifiedMs: found.LastModified?.getTime() ?? 0, size };
}

/** As it is compared: a proxy that compresses weakens an ETag, and some stores leave out the quotes of some. */
export function versionOf(etag = ""): string {
  const [, inner = ""] = /^(?:W\/)?"?(.*?)"?$/.exec(etag) ?? [];
  return inner === "" ? "" : `"${inner}"`;
}

/** The headers of a write under a condition. */
export function headersOf(condition: Condition | undefined) {
  if (condition === undefined) return {};
  return condition.kind === "absent" ? { IfNoneMatch: "*" } : { IfMatch: condition.etag };
}

/** The headers of every object that is stored. */
export function storedAs({ sse, sseKmsKeyId, storageClass }: StoreOptions) {
  return {
    ...(sse === "none" ? {} : { ServerSideEncryption: sse }),
    ...(sseKmsKeyId === undefined ? {} : { SSEKMSKeyId: sseKmsKeyId }),
    // Any text: other stores have classes of their own, and the store itself refuses what it does not know.
    ...(storageClass === undefined ? {} : { StorageClass: storageClass as "STANDARD" }),
  };
}

/** As registry:2 joins `rootdirectory` and a path: without a slash at the beginning. */
export function prefixOf(text = ""): string {
  const inner = text.replace(/^\/+|\/+$/g, "");
  return inner === "" ? "" : `${inner}/`;
}
