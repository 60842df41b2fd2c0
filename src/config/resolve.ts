import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type ConfigPath, fileKeyOf, type Section, type Setting } from "./definition.js";
import { ConfigError, messageOf, type Problem, showValue } from "./problem.js";
import type { ConfigSource } from "./source.js";
import { describeUnknownKey } from "./unknown-key.js";

/** A setting with the value that holds. */
export interface ResolvedSetting {
  readonly type: "setting";
  readonly setting: Setting;
  readonly value: unknown;
  /** The value as it was written, which for durations and sizes is text. */
  readonly written: unknown;
  /** Where it was written; `undefined` if it is the default. */
  readonly where: string | undefined;
}

/** A section with what holds in it; no members if it is optional and nothing of it is written. */
export interface ResolvedSection {
  readonly type: "section";
  readonly section: Section;
  readonly members: ReadonlyMap<string, ResolvedSetting | ResolvedSection> | undefined;
}

/** What one source says of one key. */
interface Statement {
  readonly source: ConfigSource;
  /** As it is written, which for a secret may be the key that names a file. */
  readonly path: ConfigPath;
  readonly key: string;
  readonly value: unknown;
}

/**
 * Finds the value of every setting: what the last source says that says anything, else the default.
 * @param directory what relative paths are relative to
 * @throws ConfigError with all that is wrong in any of the sources
 */
export function resolveSettings(root: Section, sources: readonly ConfigSource[], directory: string): ResolvedSection {
  const resolver = new Resolver(root, directory);
  const statements = sources.map((source) => ({ source, path: [], key: "", value: source.tree }));
  const resolved = resolver.resolveSection(root, [], statements);
  const problems = sources.flatMap((source) =>
    [...source.problems, ...resolver.problemsOf(source)].sort(inReadingOrder),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  return resolved;
}

/** The plain, frozen values of what was resolved. */
export function valuesOf({ members }: ResolvedSection): unknown {
  if (members === undefined) return undefined;
  const values = [...members].map(([key, node]) => [key, node.type === "section" ? valuesOf(node) : node.value]);
  return Object.freeze(Object.fromEntries(values));
}

function inReadingOrder(one: Problem, other: Problem): number {
  return one.where.localeCompare(other.where, "en", { numeric: true });
}

/** Walks the definition and collects the problems that it meets. */
class Resolver {
  readonly #root: Section;
  readonly #directory: string;
  readonly #problems = new Map<ConfigSource, Problem[]>();

  constructor(root: Section, directory: string) {
    this.#root = root;
    this.#directory = directory;
  }

  problemsOf(source: ConfigSource): readonly Problem[] {
    return this.#problems.get(source) ?? [];
  }

  resolveSection(section: Section, path: ConfigPath, statements: readonly Statement[]): ResolvedSection {
    const below = statements.flatMap((statement) => this.#statementsBelow(section, statement));
    const first = below[0];
    if (section.optional && first === undefined) return { type: "section", section, members: undefined };
    const members = Object.entries(section.members).map(([key, node]): [string, ResolvedSetting | ResolvedSection] => {
      const said = below.filter((statement) => statement.key === key);
      if (node.type === "section") return [key, this.resolveSection(node, [...path, key], said)];
      const last = said.at(-1);
      if (last !== undefined) return [key, this.#resolveStatement(node, last)];
      if (node.required && first !== undefined) {
        this.#report(first, `is missing; it must be ${node.kind.expected}`, [...path, key]);
      }
      return [key, this.#resolveDefault(node)];
    });
    return { type: "section", section, members: new Map(members) };
  }

  #statementsBelow(section: Section, statement: Statement): Statement[] {
    const { source, path, value } = statement;
    if (value === undefined || value === null) return [];
    if (typeof value !== "object" || Array.isArray(value)) {
      this.#report(statement, `must be a section with keys, not ${showValue(value)}`);
      return [];
    }
    return Object.entries(value).flatMap(([written, below]) => {
      const next = { source, path: [...path, written], key: written, value: below };
      if (Object.hasOwn(section.members, written)) return [next];
      const key = secretOfFileKey(section, written);
      if (key === undefined) this.#report(next, describeUnknownKey(next.path, section, this.#root));
      else if (Object.hasOwn(value, key)) this.#report(next, `${key} is given too; keep one of them`);
      else return [{ ...next, key }];
      return [];
    });
  }

  #resolveStatement(setting: Setting, statement: Statement): ResolvedSetting {
    const written = statement.path.at(-1) === statement.key ? statement.value : this.#readSecret(statement);
    const value = written === undefined ? undefined : this.#parse(setting, written);
    if (written !== undefined && value === undefined) {
      const instead = setting.secret ? "" : `, not ${showValue(written)}`;
      this.#report(statement, `must be ${setting.kind.expected}${instead}`);
    }
    return { type: "setting", setting, value, written, where: statement.source.locate(statement.path) };
  }

  #resolveDefault(setting: Setting): ResolvedSetting {
    const written = setting.default;
    const value = written === undefined ? undefined : this.#parse(setting, written);
    return { type: "setting", setting, value, written, where: undefined };
  }

  /** Without the line end that editors and `echo` leave. */
  #readSecret(statement: Statement): string | undefined {
    const { value } = statement;
    if (typeof value !== "string") {
      this.#report(statement, `must be the path of a file, not ${showValue(value)}`);
      return undefined;
    }
    try {
      return readFileSync(resolve(this.#directory, value), "utf8").replace(/\r?\n$/, "");
    } catch (error) {
      this.#report(statement, `cannot be read: ${messageOf(error)}`);
      return undefined;
    }
  }

  #parse(setting: Setting, written: unknown): unknown {
    const value = setting.kind.parse(written, this.#directory);
    return Array.isArray(value) ? Object.freeze(value) : value;
  }

  #report({ source, path }: Statement, message: string, subject: ConfigPath = path): void {
    const problem = { where: source.locate(path), path: subject, message };
    this.#problems.set(source, [...this.problemsOf(source), problem]);
  }
}

function secretOfFileKey(section: Section, written: string): string | undefined {
  return Object.entries(section.members).find(
    ([key, node]) => node.type === "setting" && node.secret && fileKeyOf(key) === written,
  )?.[0];
}
