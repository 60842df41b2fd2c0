import { ListObjectsV2Command, type ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import { type StoredObject, versionOf } from "./stored-object.js";

/** Comes after all names that Berth uses. */
export const lastName = "\u{10ffff}";

/** The store's own limit of a listing, and of a removal. */
export const listedAtOnce = 1_000;

/** One page of a list. Both parts are in the order of bytes, and so is the page as a whole. */
export interface ListedPage {
  readonly objects: readonly StoredObject[];
  /** Keys up to the next slash, without it. */
  readonly folders: readonly string[];
  /** How the next page is asked for; `undefined` if there is none. */
  readonly next: NextPage | undefined;
}

/** Where a list goes on: by what the store has said, or after a key. */
export type NextPage = { readonly token: string } | { readonly after: string };

/** Which part of a list is asked for. */
export interface PageWanted {
  /** Only keys after this one; it is not the key of a folder. */
  readonly after?: string | undefined;
  /** From the page before. */
  readonly next?: NextPage | undefined;
  readonly limit?: number;
  /** Whether keys that have a slash after the beginning are told as folders. */
  readonly folders?: boolean;
}

/** @param prefix what all keys begin with */
export function listRequest(
  Bucket: string,
  prefix: string,
  begin: string,
  { after, next, limit = listedAtOnce, folders = false }: PageWanted,
): ListObjectsV2Command {
  const from = next !== undefined && "after" in next ? next.after : after;
  return new ListObjectsV2Command({
    Bucket,
    Prefix: `${prefix}${begin}`,
    MaxKeys: Math.min(limit, listedAtOnce),
    ...(folders ? { Delimiter: "/" } : {}),
    ...(from === undefined ? {} : { StartAfter: `${prefix}${from}` }),
    ...(next !== undefined && "token" in next ? { ContinuationToken: next.token } : {}),
  });
}

/** @param prefix what all keys begin with; it is left out */
export function pageOf(page: ListObjectsV2CommandOutput, prefix: string): ListedPage {
  const own = (key = "") => key.slice(prefix.length);
  const objects = (page.Contents ?? []).map((each) => ({
    key: own(each.Key),
    size: each.Size ?? 0,
    modifiedMs: each.LastModified?.getTime() ?? 0,
    etag: versionOf(each.ETag),
  }));
  const folders = (page.CommonPrefixes ?? []).map(({ Prefix }) => own(Prefix).slice(0, -1));
  return { objects, folders, next: page.IsTruncated ? nextPage(page, objects, folders) : undefined };
}

/** Gateways that know only the first version of lists say that there is more, and not how to ask for it. */
function nextPage(
  { NextContinuationToken: token }: ListObjectsV2CommandOutput,
  objects: readonly StoredObject[],
  folders: readonly string[],
): NextPage {
  if (token !== undefined && token !== "") return { token };
  const lastFolder = folders.at(-1);
  // After everything below it.
  const last = [objects.at(-1)?.key ?? "", lastFolder === undefined ? "" : `${lastFolder}/${lastName}`].sort().at(-1);
  if (!last) throw new Error("the store said that the list goes on, and not where");
  return { after: last };
}
