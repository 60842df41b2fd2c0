import { Worker } from "node:worker_threads";
import { nextTurn } from "../foundation/event-loop-breaks.js";
import { parseTagPage, type TagPage } from "./tag-page.js";
import type { LargePage, ReadTags } from "./tag-page-thread.js";

/** Smaller pages are parsed within a millisecond or two. */
const largeBytes = 256 * 1024;

/** Memory limit of the thread for one page: a hostile page takes many times its size. */
const heapMebibytes = 256;

/** After this time without work the thread ends and frees its memory. */
const idleMs = 10_000;

/**
 * Parses large pages of tags in a thread, one at a time: parsing, checking and sorting a page of 8 MiB would block the
 * event loop for a quarter of a second.
 */
class TagPageThread {
  #worker: Worker | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #idle: NodeJS.Timeout | undefined;

  async read(bytes: Buffer, isWhole: boolean): Promise<TagPage> {
    this.#waiting++;
    clearTimeout(this.#idle);
    const turn = this.#last.then(() => this.#ask(bytes, isWhole));
    this.#last = turn.catch(() => {});
    try {
      return await unpacked(await turn);
    } finally {
      this.#waiting--;
      if (this.#waiting === 0) this.#idle = setTimeout(() => this.#end(), idleMs).unref();
    }
  }

  #ask(page: Buffer, isWhole: boolean): Promise<ReadTags> {
    const worker = this.#start();
    const bytes = new Uint8Array(page);
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void) => {
        worker.off("message", onMessage).off("error", onError);
        worker.unref();
        outcome();
      };
      const onMessage = (read: ReadTags) => settle(() => resolve(read));
      const onError = (error: Error) => {
        this.#worker = undefined;
        settle(() => reject(error));
      };
      // A process with nothing else to do must wait for a page that is being parsed, but not for an idle thread.
      worker.ref();
      worker.on("message", onMessage).on("error", onError);
      worker.postMessage({ bytes, isWhole } satisfies LargePage, [bytes.buffer]);
    });
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const resourceLimits = { maxOldGenerationSizeMb: heapMebibytes };
    this.#worker = new Worker(new URL("./tag-page-thread.js", import.meta.url), { resourceLimits });
    return this.#worker;
  }

  #end(): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
  }
}

const thread = new TagPageThread();

/**
 * Parses a page of tags of any size.
 * @param isWhole whether it is the whole list: then a large one is sorted right away
 */
export async function readTags(bytes: Buffer, isWhole: boolean): Promise<TagPage> {
  return bytes.length < largeBytes ? parseTagPage(bytes) : thread.read(bytes, isWhole);
}

async function unpacked(read: ReadTags): Promise<TagPage> {
  if (read === undefined || read === "no list") return read;
  const tags: string[] = [];
  for (const piece of read.pieces) {
    for (const tag of piece.split("\n")) tags.push(tag);
    await nextTurn();
  }
  return tags;
}
