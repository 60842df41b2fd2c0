import { copyFile, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compiledLibrary } from "./preloaded.js";
import type { Scope } from "./scope.js";

/** Records what a process has synced, to see what a power cut would leave. Needs gcc. */
export class PowerCut {
  /** The environment of the process. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #root: string;
  readonly #shadow: string;

  static async create(scope: Scope, root: string): Promise<PowerCut> {
    const library = await compiledLibrary(scope, "power-cut.c");
    return new PowerCut(library, root, await scope.folder("shadow"));
  }

  private constructor(library: string, root: string, shadow: string) {
    this.environment = { LD_PRELOAD: library, POWER_ROOT: root, POWER_SHADOW: shadow };
    this.#root = root;
    this.#shadow = shadow;
  }

  /** Makes a folder of what was synced: names and bytes that were not are lost. Call it when the process was killed. */
  async whatIsLeft(scope: Scope): Promise<string> {
    const records = new Set(await readdir(this.#shadow));
    const { ino } = await stat(this.#root, { bigint: true });
    const root = [...records].find((record) => record.startsWith(`${ino}-`) && record.endsWith(".folder"));
    const target = await scope.folder("left");
    if (root !== undefined) await this.#fill(target, root, records);
    return target;
  }

  async #fill(target: string, record: string, records: ReadonlySet<string>): Promise<void> {
    for (const line of (await readFile(join(this.#shadow, record), "utf8")).split("\n").filter(Boolean)) {
      const [, kind = "", id = "", name = ""] = /^(\w+) (\S+) (.*)$/.exec(line) ?? [];
      const [path, child] = [join(target, name), `${id}.${kind}`];
      if (kind === "folder") {
        await mkdir(path);
        if (records.has(child)) await this.#fill(path, child, records);
      } else if (records.has(child)) await copyFile(join(this.#shadow, child), path);
      else await writeFile(path, "");
    }
  }
}
