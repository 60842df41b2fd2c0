import { BackgroundThread } from "../../../foundation/background-thread.js";
import { type TextPieces, unpackNames } from "../../../foundation/text-pieces.js";

/**
 * A folder of this size has some fifty thousand files, on every usual file system. `readdir` makes all names on the event
 * loop at once, 10 ms for so many; for fewer, that is less than what a thread costs, which first must start.
 */
const smallBytes = 1_200 * 1024;

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
