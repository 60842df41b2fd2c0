import { truth } from "../kinds.js";

/** A YAML document read as letters: text, lists and maps. */
export type Written = string | readonly Written[] | WrittenMap;

export interface WrittenMap {
  readonly [key: string]: Written;
}

const nothing: readonly unknown[] = ["", "~", "null", "Null", "NULL"];

export function isMap(written: Written | undefined): written is WrittenMap {
  return typeof written === "object" && !isList(written);
}

export function isList(written: Written | undefined): written is readonly Written[] {
  return Array.isArray(written);
}

/** Whether a key has no value, or an empty one: registry:2 then uses its default. */
export function saysNothing(written: Written | undefined): boolean {
  if (written === undefined || typeof written === "string") return written === undefined || nothing.includes(written);
  return Object.keys(written).length === 0;
}

/** Parses the words that Go's YAML accepts as booleans; `undefined` for others. */
export function truthOf(written: Written | undefined): boolean | undefined {
  return truth.parse(written, "");
}

/** The value at a path; `undefined` if there is none. */
export function findWritten(written: Written | undefined, path: readonly string[]): Written | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return saysNothing(written) ? undefined : written;
  return isMap(written) && Object.hasOwn(written, key) ? findWritten(written[key], rest) : undefined;
}
