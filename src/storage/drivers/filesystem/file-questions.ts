import { Worker } from "node:worker_threads";
import { StorageError } from "../../../oci/storage-error.js";
import type { ObjectStat } from "../../driver.js";
import { type Answered, type Listing, type ManyReads, orThrow } from "../../many-reads.js";
import { DiskError, type DiskFailure } from "./disk-failure.js";
import type { DiskAnswers, DiskQuestions } from "./disk-reader.js";
import { type PackedAnswers, unpacked } from "./packed-answers.js";
import { toStorageError } from "./system-error.js";

/** Starting the thread takes 50 ms of CPU, and most processes never ask. */
const idleMs = 10_000;

/** With more, the thread would keep what is garbage after the answer. */
const keysOfQuestion = 500;

/** Almost everything that the thread allocates is garbage once it has answered. */
const resourceLimits = { maxYoungGenerationSizeMb: 2 };

interface Waiting {
  readonly questions: DiskQuestions;
  readonly settle: (answers: DiskAnswers | Error) => void;
}

/**
 * Asks a thread of its own: a walk over everything delays neither the event loop, nor libuv's threads, nor the threads
 * that make the changes of pushes.
 */
export class FileQuestions implements ManyReads {
  readonly #root: string;
  readonly #report: (path: string, what: string) => void;

  /** @param report told what is in place of a file, and so counts as missing */
  constructor(root: string, report: (path: string, what: string) => void) {
    this.#root = root;
    this.#report = report;
  }

  has(keys: readonly string[]): Promise<readonly Answered<boolean>[]> {
    return this.#ask("has", keys, unpacked.has);
  }

  stat(keys: readonly string[]): Promise<readonly Answered<ObjectStat | undefined>[]> {
    return this.#ask("stat", keys, unpacked.stat);
  }

  async read(keys: readonly string[], atMost: number): Promise<readonly (Buffer | undefined)[]> {
    return (await this.#ask("read", keys, unpacked.read, atMost)).map(orThrow);
  }

  list(keys: readonly string[]): Promise<readonly Answered<Listing>[]> {
    return this.#ask("list", keys, unpacked.list);
  }

  async listVersion(keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    return (await this.#ask("listVersion", keys, unpacked.listVersion)).map(orThrow);
  }

  async #ask<Answer>(
    kind: DiskQuestions["kind"],
    keys: readonly string[],
    unpack: (answers: PackedAnswers) => Answer[],
    atMost = 0,
  ): Promise<readonly Answered<Answer>[]> {
    const slices = Array.from({ length: Math.ceil(keys.length / keysOfQuestion) }, (_, index) => {
      const some = keys.slice(index * keysOfQuestion, (index + 1) * keysOfQuestion);
      return this.#askSome({ root: this.#root, kind, keys: some, atMost }, unpack);
    });
    return (await Promise.all(slices)).flat();
  }

  async #askSome<Answer>(
    questions: DiskQuestions,
    unpack: (answers: PackedAnswers) => Answer[],
  ): Promise<readonly Answered<Answer>[]> {
    const { answers, failures, odd } = await readingThread.ask(questions);
    for (const [path, what] of odd) this.#report(path, what);
    if ("message" in answers) throw toStorageError(new DiskError(answers));
    const found: Answered<Answer>[] = unpack(answers);
    for (const [index, failure] of failures) found[index] = storageErrorOf(failure);
    return found;
  }
}

/** @throws what is not a failure of the disk */
function storageErrorOf(failure: DiskFailure): StorageError {
  const error = toStorageError(new DiskError(failure));
  if (error instanceof StorageError) return error;
  throw error;
}

/** The thread of this process; it answers in the order of the questions. */
class ReadingThread {
  readonly #waiting: Waiting[] = [];
  #worker: Worker | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  async ask(questions: DiskQuestions): Promise<DiskAnswers> {
    const answers = await new Promise<DiskAnswers | Error>((settle) => {
      this.#waiting.push({ questions, settle });
      this.#worker ??= this.#start();
      this.#worker.ref();
      this.#worker.postMessage(questions);
    });
    if (answers instanceof Error) throw answers;
    return answers;
  }

  #start(): Worker {
    const worker = new Worker(new URL("./disk-reader.js", import.meta.url), { resourceLimits });
    worker.on("message", (answers: DiskAnswers) => this.#settle(answers));
    worker.on("error", (cause) => this.#lose(cause));
    return worker;
  }

  #settle(answers: DiskAnswers): void {
    this.#waiting.shift()?.settle(answers);
    if (this.#waiting.length > 0) return;
    this.#worker?.unref();
    this.#idleTimer ??= setTimeout(() => this.#endIfIdle(), idleMs).unref();
    this.#idleTimer.refresh();
  }

  #endIfIdle(): void {
    this.#idleTimer = undefined;
    if (this.#waiting.length > 0) return;
    void this.#worker?.terminate();
    this.#worker = undefined;
  }

  /** The next question starts a new one. */
  #lose(cause: Error): void {
    this.#worker = undefined;
    const failure = new StorageError("busy", `the thread that reads the disk ended: ${cause.message}`, { cause });
    for (const { settle } of this.#waiting.splice(0)) settle(failure);
  }
}

const readingThread = new ReadingThread();
