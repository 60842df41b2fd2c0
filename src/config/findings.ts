import type { ConfigPath } from "./definition.js";
import { type Problem, showPath } from "./problem.js";
import type { ConfigSource, Statement } from "./source.js";

/** Settings that do not fit together. */
export interface BrokenRule {
  /** The key to change, written or not. */
  readonly path: ConfigPath;
  /** Other keys because of which it is wrong; the first of all these that is written tells the line. */
  readonly causedBy: readonly ConfigPath[];
  readonly message: string;
}

/** The problems that are found on the way through the definition. */
export class Findings {
  readonly #problems = new Map<ConfigSource, Problem[]>();
  /** By path. */
  readonly #decided = new Map<string, Statement | "wrong">();

  /** @param subject the key in question, if it is not the one that is written */
  report({ source, path }: Statement, message: string, subject: ConfigPath = path): void {
    const problem = { where: source.locate(path), path: source.keyOf?.(subject) ?? subject, message };
    this.#problems.set(source, [...(this.#problems.get(source) ?? []), problem]);
  }

  /** Remembers by what a key was decided, which rules between settings ask for. */
  decided(path: ConfigPath, by: Statement | "wrong"): void {
    this.#decided.set(showPath(path), by);
  }

  /** Says nothing where it may only follow from what is wrong by itself. */
  reportBroken({ path, causedBy, message }: BrokenRule): void {
    const decisions = [path, ...causedBy].map((concerned) => this.#decided.get(showPath(concerned)));
    if (decisions.includes("wrong")) return;
    const statement = decisions.find((decision) => decision !== undefined && decision !== "wrong");
    if (statement === undefined) throw new Error(`the defaults break a rule: ${showPath(path)}: ${message}`);
    this.report(statement, message, path);
  }

  /** Source by source, each from its beginning to its end. */
  inReadingOrder(sources: readonly ConfigSource[]): readonly Problem[] {
    return sources.flatMap((source) =>
      [...source.problems, ...(this.#problems.get(source) ?? [])].sort((one, other) =>
        one.where.localeCompare(other.where, "en", { numeric: true }),
      ),
    );
  }
}
