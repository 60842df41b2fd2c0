import { Readable } from "node:stream";
import type { GetObjectCommandOutput, ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import type { ObjectStat } from "../../driver.js";
import type { S3Settings } from "./s3-settings.js";

/** The store's own limit of a listing, and of a removal. */
export const listedAtOnce = 1_000;

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

/** One page of a list. Both parts are in the order of bytes, and so is the page as a whole. */
export interface ListedPage {
  readonly objects: readonly StoredObject[];
  /** Keys up to the next slash, without it. */
  readonly folders: readonly string[];
  /** What the next page is asked for with; `undefined` if there is none. */
  readonly next: string | undefined;
}

/** Which part of a list is asked for. */
export interface PageWanted {
  /** Only keys after this one; it is not the key of a folder. */
  readonly after?: string | undefined;
  /** From the page before. */
  readonly next?: string | undefined;
  readonly limit?: number;
  /** Whether keys that have a slash after the beginning are told as folders. */
  readonly folders?: boolean;
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

/** @throws if the store sent another part than the one that was asked for */
export function openedBy(found: GetObjectCommandOutput, wantedStart = 0): OpenedObject {
  if (!(found.Body instanceof Readable)) throw new Error("the store sent no body");
  const { start, total } = /^bytes (?<start>\d+)-\d+\/(?<total>\d+)$/.exec(found.ContentRange ?? "")?.groups ?? {};
  if (Number(start ?? 0) !== wantedStart) throw new Error("the store sent another range");
  const size = Number(total ?? found.ContentLength ?? 0);
  return { body: found.Body, etag: found.ETag ?? "", modifiedMs: found.LastModified?.getTime() ?? 0, size };
}

/** @param prefix what all keys begin with; it is left out */
export function pageOf(page: ListObjectsV2CommandOutput, prefix: string): ListedPage {
  const own = (key = "") => key.slice(prefix.length);
  const objects = (page.Contents ?? []).map((each) => ({
    key: own(each.Key),
    size: each.Size ?? 0,
    modifiedMs: each.LastModified?.getTime() ?? 0,
    etag: each.ETag ?? "",
  }));
  const folders = (page.CommonPrefixes ?? []).map(({ Prefix }) => own(Prefix).slice(0, -1));
  return { objects, folders, next: page.IsTruncated ? page.NextContinuationToken : undefined };
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
