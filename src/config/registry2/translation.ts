import type { ConfigPath } from "../definition.js";
import { type Problem, showPath } from "../problem.js";
import type { ConfigSource } from "../source.js";
import type { Registry2Document } from "./document.js";

/** What became of a setting. A setting that Berth cannot start with is a problem instead. */
export type Verdict = "honoured" | "not needed" | "not honoured" | "unknown";

/** One setting of registry:2, and what became of it. */
export interface Note {
  /** `config.yml:3:9`, or the name of a variable. */
  readonly where: string;
  /** The name in registry:2: `storage.delete.enabled`. */
  readonly setting: string;
  readonly verdict: Verdict;
  /** The setting of Berth, or the reason. */
  readonly meaning: string;
}

interface Origin {
  readonly target: ConfigPath;
  readonly path: ConfigPath;
}

interface Tree {
  [key: string]: unknown;
}

/** Collects the translated settings of registry:2. */
export class Translation {
  readonly document: Registry2Document;
  readonly notes: Note[] = [];
  readonly problems: Problem[];
  readonly #tree: Tree = Object.create(null);
  readonly #origins = new Map<string, Origin>();

  constructor(document: Registry2Document) {
    this.document = document;
    this.problems = [...document.problems];
  }

  /** Records a setting that has an equivalent in Berth. */
  honour(path: ConfigPath, target: ConfigPath, value: unknown, remark?: string): void {
    this.imply(path, target, value);
    this.note(path, "honoured", remark === undefined ? showPath(target) : `${showPath(target)}; ${remark}`);
  }

  /** Records what follows from a setting, or from its absence. */
  imply(path: ConfigPath, target: ConfigPath, value: unknown): void {
    plant(this.#tree, target.map(String), value);
    this.nameOrigin(path, target);
  }

  /** Records the name in registry:2 of a key of Berth, for messages about it. */
  nameOrigin(path: ConfigPath, target: ConfigPath): void {
    this.#origins.set(showPath(target), { target, path });
  }

  note(path: ConfigPath, verdict: Verdict, meaning: string): void {
    this.notes.push({ where: this.document.locate(path), setting: showPath(path), verdict, meaning });
  }

  /** Records a setting that Berth cannot start with. */
  refuse(path: ConfigPath, message: string): void {
    this.problems.push({ where: this.document.locate(path), path, message });
  }

  source(): ConfigSource {
    const keyOf = (path: ConfigPath) => this.#originOf(path) ?? path;
    return {
      tree: this.#tree,
      problems: this.problems,
      locate: (path) => this.document.locate(keyOf(path)),
      keyOf,
    };
  }

  #originOf(path: ConfigPath): ConfigPath | undefined {
    for (let length = path.length; length > 0; length--) {
      const origin = this.#origins.get(showPath(path.slice(0, length)));
      if (origin !== undefined) return origin.path;
    }
    return undefined;
  }
}

function plant(tree: Tree, [key = "", ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    tree[key] = value;
    return;
  }
  tree[key] ??= Object.create(null);
  // A section is never also a setting, so the value at its key is a branch.
  plant(tree[key] as Tree, rest, value);
}
