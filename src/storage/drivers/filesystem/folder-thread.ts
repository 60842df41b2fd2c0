import { readdirSync } from "node:fs";
import { doJobs } from "../../../foundation/background-jobs.js";
import { packNames, type TextPieces } from "../../../foundation/text-pieces.js";
import { namesOfContent } from "./file-answers.js";

// Runs in its own thread: lists one folder after another.
doJobs<string, TextPieces | undefined>((path) => {
  const content = namesIn(path);
  return { content, memory: content === undefined ? [] : [content.bytes.buffer] };
});

/** `undefined` if it cannot be listed: the caller finds out why. */
function namesIn(path: string): TextPieces | undefined {
  try {
    return packNames(namesOfContent(readdirSync(path)));
  } catch {
    return undefined;
  }
}
