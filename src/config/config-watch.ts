import { type Stats, unwatchFile, watchFile } from "node:fs";
import { stat } from "node:fs/promises";

/** Polls, because replaced files, Kubernetes symlinks and network file systems make change events unreliable. */
const lookEachMs = 1_000;

/** An editor may still be writing. */
const settledAfterMs = 300;

/** Reports when a file has changed and has been stable for a moment. */
export class ConfigWatch {
  readonly #file: string;
  readonly #tell: () => void;
  readonly #listener = (now: Stats) => this.#wait(now);
  #timer: NodeJS.Timeout | undefined;

  constructor(file: string, tell: () => void) {
    this.#file = file;
    this.#tell = tell;
    watchFile(file, { interval: lookEachMs, persistent: false }, this.#listener);
  }

  close(): void {
    unwatchFile(this.#file, this.#listener);
    clearTimeout(this.#timer);
  }

  #wait(seen: Stats): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(seen), settledAfterMs).unref();
  }

  async #look(seen: Stats): Promise<void> {
    const now = await stat(this.#file).catch(() => undefined);
    // The file is missing while it is being replaced; its return is the next change.
    if (now === undefined) return;
    if (now.mtimeMs === seen.mtimeMs && now.size === seen.size) this.#tell();
    else this.#wait(now);
  }
}
