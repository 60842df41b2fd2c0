import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Scope } from "./scope.js";

/** A clock for a Node process that can jump. */
export class MovedClock {
  /** The environment of the process. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #file: string;

  static async create(scope: Scope): Promise<MovedClock> {
    const folder = await scope.folder("clock");
    const clock = new MovedClock(join(folder, "offset"), join(folder, "clock.mjs"));
    await clock.jump(0);
    await writeFile(join(folder, "clock.mjs"), program(clock.#file));
    return clock;
  }

  private constructor(file: string, module: string) {
    this.#file = file;
    this.environment = { NODE_OPTIONS: `--import ${module}` };
  }

  /** @param offsetMs how far it is ahead of the real time from now on */
  async jump(offsetMs: number): Promise<void> {
    await writeFile(this.#file, String(offsetMs));
  }
}

/** Reads the offset every few milliseconds, so that time jumps in the middle of what the process does. */
function program(file: string): string {
  return `
import { readFileSync } from "node:fs";
const RightDate = Date;
let offset = 0;
const look = () => { offset = Number(readFileSync(${JSON.stringify(file)}, "latin1")) || 0; };
look();
setInterval(look, 5).unref();
globalThis.Date = class Date extends RightDate {
  constructor(...given) { given.length === 0 ? super(RightDate.now() + offset) : super(...given); }
  static now() { return RightDate.now() + offset; }
};
`;
}
