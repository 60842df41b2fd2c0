import { open, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { compiledLibrary } from "./preloaded.js";
import type { Scope } from "./scope.js";

/** How calls to the disk fail. */
export interface DiskFault {
  readonly code: "EIO" | "ENOSPC" | "EDQUOT" | "EMFILE" | "EROFS" | "ESTALE";
  /** Of a thousand calls. */
  readonly often: number;
}

/** A disk, seen by one process, whose calls fail now and then. Needs gcc. */
export class FailingDisk {
  /** The environment of the process. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #control: string;
  readonly #seed: number;

  /** @param root the folder on that disk */
  static async create(scope: Scope, root: string, seed: number): Promise<FailingDisk> {
    const library = await compiledLibrary(scope, "failing-disk.c");
    const control = join(await scope.folder("control"), "control");
    await writeFile(control, Buffer.alloc(12));
    return new FailingDisk({ LD_PRELOAD: library, FAIL_ROOT: root, FAIL_CONTROL: control }, seed);
  }

  private constructor(environment: Readonly<Record<string, string>> & { readonly FAIL_CONTROL: string }, seed: number) {
    this.environment = environment;
    this.#control = environment.FAIL_CONTROL;
    this.#seed = seed;
  }

  /** @param fault `undefined`: nothing fails from now on */
  async fail(fault: DiskFault | undefined): Promise<void> {
    const numbers = Buffer.alloc(12);
    numbers.writeUInt32LE(fault === undefined ? 0 : constants.errno[fault.code], 0);
    numbers.writeUInt32LE(fault?.often ?? 0, 4);
    numbers.writeUInt32LE(this.#seed >>> 0, 8);
    // In place: the process has it in its memory.
    const file = await open(this.#control, "r+");
    await file.write(numbers, 0, 12, 0);
    await file.close();
  }
}
