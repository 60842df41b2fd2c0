import type { ConfigPath } from "./definition.js";
import { type Problem, showPath } from "./problem.js";
import type { ConfigSource, Statement } from "./source.js";

/** Settings that contradict each other. */
export interface BrokenRule {
  /** The setting to change, given or not. */
  readonly path: ConfigPath;
  /** Other settings that make it wrong. The first of all of them that is written determines the line. */
  readonly causedBy: readonly ConfigPath[];
  readonly message: string;
}

/** Collects the problems found while the definition is walked. */
export class Findings {
  readonly #problems = new Map<ConfigSource, Problem[]>();
  readonly #decided = new Map<string, Statement | "wrong">();

  /** @param subject the setting in question, if it is not the one that is written */
  report({ source, path }: Statement, message: string, subject: ConfigPath = path): void {
    const problem = { where: source.locate(path), path: source.keyOf?.(subject) ?? subject, message };
    this.#problems.set(source, [...(this.#problems.get(source) ?? []), problem]);
  }

  /** Remembers which statement decided a setting, or gave a section, for the rules between settings. */
  decided(path: ConfigPath, by: Statement | "wrong"): void {
    this.#decided.set(showPath(path), by);
  }

  /** Reports nothing where the contradiction may only follow from a value that is invalid by itself. */
  reportBroken({ path, causedBy, message }: BrokenRule): void {
    const decisions = [path, ...causedBy].map((concerned) => this.#decided.get(showPath(concerned)));
    if (decisions.includes("wrong")) return;
    const statement = decisions.find((decision) => decision !== undefined && decision !== "wrong");
    if (statement === undefined) throw new Error(`the defaults break a rule: ${showPath(path)}: ${message}`);
    this.report(statement, message, path);
  }

  /** By source, and within a source from its beginning to its end. */
  inReadingOrder(sources: readonly ConfigSource[]): readonly Problem[] {
    return sources.flatMap((source) =>
      [...source.problems, ...(this.#problems.get(source) ?? [])].sort((one, other) =>
        one.where.localeCompare(other.where, "en", { numeric: true }),
      ),
    );
  }
}
