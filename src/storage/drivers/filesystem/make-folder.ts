import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

/** Makes the folder of a path. Not durable: for what need not survive a power cut. */
export async function makeFolderOf(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
}
