import { parentPort } from "node:worker_threads";
import { yieldToOthers } from "../../../foundation/background-jobs.js";
import type { ManyReads } from "../../many-reads.js";
import { DataFolders } from "./data-folders.js";
import { type DiskFailure, failureOf } from "./disk-failure.js";
import { FileAnswers } from "./file-answers.js";
import { KeyPaths } from "./key-paths.js";
import { type PackedAnswers, packed } from "./packed-answers.js";
import { hasCode } from "./system-error.js";

/** One kind of question about many keys below a root. */
export interface DiskQuestions {
  readonly root: string;
  readonly kind: keyof ManyReads;
  readonly keys: readonly string[];
  /** Larger files are not read. */
  readonly atMost: number;
}

/** What is in place of a file, and so counts as missing. */
export type OddPath = readonly [path: string, what: string];

export interface DiskAnswers {
  readonly answers: PackedAnswers | DiskFailure;
  /** Questions that could not be answered, by their place; their answers are of no use. */
  readonly failures: readonly (readonly [index: number, failure: DiskFailure])[];
  readonly odd: readonly OddPath[];
}

let odd: OddPath[] = [];
let failures: [index: number, failure: DiskFailure][] = [];
let known = { root: "", answers: answersBelow("") };

// A separate thread: it answers one list of questions after another. Collections and checks ask it, which can wait.
yieldToOthers();
parentPort?.on("message", (questions: DiskQuestions) => {
  const { root } = questions;
  if (known.root !== root) known = { root, answers: answersBelow(root) };
  odd = [];
  failures = [];
  const answers = orFailure(() => answersOf(known.answers, questions));
  const reply: DiskAnswers = { answers, failures, odd };
  parentPort?.postMessage(reply);
});

function answersBelow(root: string): FileAnswers {
  const report = (path: string, what: string) => void odd.push([path, what]);
  return new FileAnswers(new KeyPaths(new DataFolders(root), report));
}

function answersOf(answers: FileAnswers, { kind, keys, atMost }: DiskQuestions): PackedAnswers {
  switch (kind) {
    case "has":
      return packed.has(keys.map((key, index) => orNoted(index, false, () => answers.stat(key) !== undefined)));
    case "stat":
      return packed.stat(keys.map((key, index) => orNoted(index, undefined, () => answers.stat(key))));
    case "list":
      return packed.list(keys.map((key, index) => orNoted(index, emptyList, () => answers.list(key))));
    case "listVersion":
      return packed.listVersion(keys.map((key) => orUndefined(() => answers.listVersion(key))));
    case "read":
      return packed.read(keys.map((key) => orUndefined(() => answers.read(key, atMost))));
  }
}

const emptyList = { names: [], version: undefined };

/** @param otherwise takes the place of an answer that cannot be had */
function orNoted<Answer>(index: number, otherwise: Answer, ask: () => Answer): Answer {
  try {
    return ask();
  } catch (error) {
    failures.push([index, failureOf(error)]);
    return otherwise;
  }
}

function orUndefined<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch (error) {
    if (hasCode(error, "ENOMEM")) throw error;
    return undefined;
  }
}

function orFailure<Result>(action: () => Result): Result | DiskFailure {
  try {
    return action();
  } catch (error) {
    return failureOf(error);
  }
}
