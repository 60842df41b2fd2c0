import { BackgroundThread } from "../../../foundation/background-thread.js";
import { type TextPieces, unpackNames } from "../../../foundation/text-pieces.js";

/**
 * A folder is larger than this if it has thousands of files, on every usual file system. `readdir` makes all names on
 * the event loop at once: 40 ms for a hundred thousand.
 */
const smallBytes = 128 * 1024;

const thread = new BackgroundThread<string, TextPieces | undefined>(new URL("./folder-thread.js", import.meta.url));

export function isLargeFolder({ size }: { readonly size: number }): boolean {
  return size > smallBytes;
}

/** The names in a folder, listed by a thread; `undefined` if that does not succeed. */
export async function namesInLargeFolder(path: string): Promise<string[] | undefined> {
  // So many names that the thread's memory does not suffice.
  const listed = await thread.run({ content: path, memory: [] }).catch(() => undefined);
  return listed && unpackNames(listed);
}
