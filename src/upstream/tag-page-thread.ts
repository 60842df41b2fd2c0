import { parentPort } from "node:worker_threads";
import { parseTagPage } from "./tag-page.js";

/** A large page of tags. */
export interface LargePage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether it is the whole list, and may be sorted. */
  readonly isWhole: boolean;
}

/** The tags in pieces of many, each as one string, which is cheap to transfer. */
export type ReadTags = { readonly pieces: readonly string[] } | "no list" | undefined;

/** Taking a piece apart takes the event loop a millisecond or less. */
const tagsAPiece = 8_192;

// Runs in its own thread: parses one page after another.
parentPort?.on("message", ({ bytes, isWhole }: LargePage) => {
  parentPort?.postMessage(read(Buffer.from(bytes.buffer), isWhole));
});

function read(bytes: Buffer, isWhole: boolean): ReadTags {
  const found = parseTagPage(bytes);
  if (found === undefined || found === "no list") return found;
  const tags = isWhole ? [...new Set(found)].sort() : found;
  const pieces: string[] = [];
  for (let start = 0; start < tags.length; start += tagsAPiece)
    pieces.push(tags.slice(start, start + tagsAPiece).join("\n"));
  return { pieces };
}
