import { randomUUID } from "node:crypto";
import { StorageError } from "../../../oci/storage-error.js";

/** Bytes of an unfinished object that are in an object of their own. */
export interface StoredPart {
  readonly name: string;
  readonly size: number;
}

/** What has arrived of an unfinished object: one small object in the bucket, replaced as a whole. */
export interface UploadRecord {
  readonly modifiedMs: number;
  readonly parts: readonly StoredPart[];
  /** What comes after the parts, and is too small for an object of its own. */
  readonly tail: Buffer;
  /** Small texts by name, written when it began; none for one that began without. */
  readonly notes: Notes | undefined;
  /** What the process says about itself that appended last. */
  readonly appendedBy: string | undefined;
}

export interface Notes {
  readonly writtenMs: number;
  readonly texts: Readonly<Record<string, string>>;
}

/** Larger rests become a part: the record is read with each request. */
export const longestTail = 64 * 1024;

export const emptyRecord: UploadRecord = {
  modifiedMs: 0,
  parts: [],
  tail: Buffer.alloc(0),
  notes: undefined,
  appendedBy: undefined,
};

export function sizeOf({ parts, tail }: UploadRecord): number {
  return parts.reduce((sum, { size }) => sum + size, tail.length);
}

/** Each has other bytes than any before, so that it is known who wrote it. */
export function encodeRecord({ modifiedMs, parts, tail, notes, appendedBy }: UploadRecord): Buffer {
  const written = { format: 1, writer: randomUUID(), modifiedMs, parts: parts.map(({ name, size }) => [name, size]) };
  return Buffer.from(JSON.stringify({ ...written, tail: tail.toString("base64"), notes, appendedBy }));
}

/** @throws StorageError if another program wrote it */
export function decodeRecord(bytes: Buffer, key: string): UploadRecord {
  const record = parse(bytes);
  if (record === undefined)
    throw new StorageError("unavailable", `${key} is no record of an upload: delete it, and push again`);
  return record;
}

function parse(bytes: Buffer): UploadRecord | undefined {
  let said: unknown;
  try {
    said = JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
  if (typeof said !== "object" || said === null) return undefined;
  if (!("format" in said && "modifiedMs" in said && "parts" in said && "tail" in said)) return undefined;
  const { format, modifiedMs, parts, tail } = said;
  if (format !== 1 || typeof modifiedMs !== "number" || !Array.isArray(parts) || typeof tail !== "string")
    return undefined;
  const known = parts.flatMap(partOf);
  if (known.length !== parts.length) return undefined;
  return {
    modifiedMs,
    parts: known,
    tail: Buffer.from(tail, "base64"),
    notes: notesOf(said),
    appendedBy: appenderOf(said),
  };
}

function appenderOf(said: object): string | undefined {
  return "appendedBy" in said && typeof said.appendedBy === "string" ? said.appendedBy : undefined;
}

function notesOf(said: object): Notes | undefined {
  if (!("notes" in said) || typeof said.notes !== "object" || said.notes === null) return undefined;
  const { notes } = said;
  if (!("writtenMs" in notes && "texts" in notes) || typeof notes.writtenMs !== "number") return undefined;
  if (typeof notes.texts !== "object" || notes.texts === null) return undefined;
  const texts = Object.entries(notes.texts).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return { writtenMs: notes.writtenMs, texts: Object.fromEntries(texts) };
}

function partOf(said: unknown): StoredPart[] {
  if (!Array.isArray(said)) return [];
  const [name, size] = said as readonly unknown[];
  return typeof name === "string" && typeof size === "number" ? [{ name, size }] : [];
}
