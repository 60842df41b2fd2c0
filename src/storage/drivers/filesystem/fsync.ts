import * as fs from "node:fs";
import { promisify } from "node:util";

/** Settles when the content of an open file is on the disk. Takes a file descriptor, which `fs/promises` does not. */
export const fsync = promisify(fs.fsync);
