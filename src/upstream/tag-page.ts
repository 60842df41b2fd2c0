import { isTag } from "../oci/reference.js";
import { parseObject } from "./json-object.js";

/** The tags of a page; `"no list"` if it is a JSON object without tags, `undefined` if it is not a JSON object. */
export type TagPage = readonly string[] | "no list" | undefined;

/** Parses the tags of a page; invalid ones are skipped. */
export function parseTagPage(bytes: Buffer): TagPage {
  const json = parseObject(bytes);
  if (json === undefined) return undefined;
  const { tags, name } = json;
  if (Array.isArray(tags)) return tags.filter((tag) => typeof tag === "string" && isTag(tag));
  // Go programs write an empty list as null, or omit it; an object without any known field is not a list of tags.
  return tags === null || (tags === undefined && typeof name === "string") ? [] : "no list";
}
