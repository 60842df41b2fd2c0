import {
  type ConfigPath,
  type Members,
  type Section,
  type SectionList,
  type Setting,
  withDefaults,
} from "./definition.js";
import { type BrokenRule, Findings } from "./findings.js";
import { filePath } from "./kinds.js";
import { secretOfFileKey } from "./known-keys.js";
import { ConfigError, showValue } from "./problem.js";
import {
  type ResolvedList,
  type ResolvedNode,
  type ResolvedSection,
  type ResolvedSetting,
  valuesOf,
} from "./resolved.js";
import type { SecretFile } from "./secret-files.js";
import type { ConfigSource, Statement } from "./source.js";
import { describeUnknownKey } from "./unknown-key.js";
import { yamlValue } from "./yaml-value.js";

/** The sources of settings, and the rules that they must obey. */
export interface Resolving {
  /** Later sources override earlier ones. */
  readonly sources: readonly ConfigSource[];
  /** The base of relative paths. */
  readonly directory: string;
  /** The files that the sources name for secrets, by absolute path. */
  readonly secretFiles?: ReadonlyMap<string, SecretFile>;
  /** Finds contradictions. Values that are invalid by themselves are `undefined`. */
  readonly rules?: (values: unknown) => readonly BrokenRule[];
}

/**
 * Finds the value of every setting: from the last source that gives it, or else the default.
 * @throws ConfigError with everything that is wrong in any of the sources
 */
export function resolveSettings(root: Section, resolving: Resolving): ResolvedSection {
  const { sources, rules } = resolving;
  const findings = new Findings();
  const statements = sources.map((source) => ({ source, path: [], key: "", value: source.tree }));
  const resolved = new Resolver(root, resolving, findings).resolveSection(root, [], statements);
  for (const broken of rules?.(valuesOf(resolved)) ?? []) findings.reportBroken(broken);
  const problems = findings.inReadingOrder(sources);
  if (problems.length > 0) throw new ConfigError(problems);
  return resolved;
}

class Resolver {
  readonly #root: Section;
  readonly #directory: string;
  readonly #secretFiles: ReadonlyMap<string, SecretFile>;
  readonly #findings: Findings;

  constructor(root: Section, { directory, secretFiles = new Map() }: Resolving, findings: Findings) {
    this.#root = root;
    this.#directory = directory;
    this.#secretFiles = secretFiles;
    this.#findings = findings;
  }

  resolveSection(section: Section, path: ConfigPath, statements: readonly Statement[]): ResolvedSection {
    const below = statements.flatMap((statement) => this.#statementsBelow(section, statement));
    if (section.optional && below.length === 0) return { type: "section", section, members: undefined };
    if (below[0] !== undefined) {
      this.#findings.decided(path, below[0]);
      this.#reportMissing(section, path, below, below[0]);
    }
    return this.#resolveMembers(section, path, below);
  }

  #resolveMembers(section: Section, path: ConfigPath, below: readonly Statement[]): ResolvedSection {
    const members = Object.entries(section.members).map(([key, node]): [string, ResolvedNode] => {
      const said = below.filter((statement) => statement.key === key);
      return [key, this.#resolveNode(node, [...path, key], said)];
    });
    return { type: "section", section, members: new Map(members) };
  }

  /** @param reason the statement that makes it required */
  #reportMissing(section: Section, path: ConfigPath, below: readonly Statement[], reason: Statement): void {
    for (const [key, node] of Object.entries(section.members)) {
      if (node.type !== "setting" || !node.required || below.some((statement) => statement.key === key)) continue;
      this.#findings.report(reason, `is missing; it must be ${node.kind.expected}`, [...path, key]);
    }
  }

  #resolveNode(node: Members[string], path: ConfigPath, said: readonly Statement[]): ResolvedNode {
    if (node.type === "section") return this.resolveSection(node, path, said);
    const last = said.at(-1);
    if (node.type === "list") return last ? this.#resolveList(node, path, last) : this.#resolveDefaultList(node, path);
    return last ? this.#resolveSetting(node, path, last) : this.#resolveDefault(node);
  }

  #resolveList(list: SectionList, path: ConfigPath, statement: Statement): ResolvedList {
    const { source, value } = statement;
    const where = source.locate(path);
    // A key with nothing below it, as in the example file.
    if (value === null && list.default.length === 0) return this.#resolveDefaultList(list, path);
    if (!Array.isArray(value)) {
      this.#findings.decided(path, "wrong");
      this.#findings.report(statement, `must be a list of sections, such as [${showExample(list)}]`);
      return { type: "list", list, items: [], where };
    }
    this.#findings.decided(path, statement);
    const items = value.map((item: unknown, index) =>
      this.#resolveItem(list, { source, path: [...path, index], key: "", value: item }),
    );
    return { type: "list", list, items, where };
  }

  #resolveItem(list: SectionList, statement: Statement): ResolvedSection {
    const { path, value } = statement;
    if (value !== null && !isMap(value)) {
      this.#findings.report(statement, `must be a section with keys, such as ${showExample(list)}`);
      return this.#resolveMembers(list.item, path, []);
    }
    const below = this.#statementsBelow(list.item, statement);
    this.#reportMissing(list.item, path, below, statement);
    return this.#resolveMembers(list.item, path, below);
  }

  #resolveDefaultList(list: SectionList, path: ConfigPath): ResolvedList {
    const items = list.default.map((values, index) =>
      this.resolveSection(withDefaults(list.item, values), [...path, index], []),
    );
    return { type: "list", list, items, where: undefined };
  }

  #statementsBelow(section: Section, statement: Statement): Statement[] {
    const { source, path } = statement;
    const { words = {} } = section;
    const value =
      typeof statement.value === "string" && Object.hasOwn(words, statement.value)
        ? words[statement.value]
        : statement.value;
    if (value === undefined || value === null) return [];
    if (!isMap(value)) {
      this.#findings.report(statement, `must be a section with keys, not ${showValue(value)}`);
      return [];
    }
    return Object.entries(value).flatMap(([written, below]) => {
      const next = { source, path: [...path, written], key: written, value: below };
      if (Object.hasOwn(section.members, written)) return [next];
      const key = secretOfFileKey(section, written);
      if (key === undefined) this.#findings.report(next, describeUnknownKey(next.path, section, this.#root));
      else if (Object.hasOwn(value, key)) this.#findings.report(next, `${key} is given too; keep one of them`);
      else return [{ ...next, key }];
      return [];
    });
  }

  #resolveSetting(setting: Setting, path: ConfigPath, statement: Statement): ResolvedSetting {
    const where = statement.source.locate(statement.path);
    const written = statement.path.at(-1) === statement.key ? statement.value : this.#readSecret(statement);
    const isNull = setting.nullable && (written === null || written === "null");
    const value = written === undefined || isNull ? undefined : this.#parse(setting, written);
    const isWrong = value === undefined && !isNull;
    this.#findings.decided(path, isWrong ? "wrong" : statement);
    if (isWrong && written !== undefined) {
      const instead = setting.secret ? "" : `, not ${showValue(written)}`;
      const expected = setting.nullable ? `${setting.kind.expected}, or null` : setting.kind.expected;
      const advice = setting.kind.adviceFor?.(written);
      this.#findings.report(statement, `must be ${expected}${instead}${advice === undefined ? "" : `; ${advice}`}`);
    }
    return { type: "setting", setting, value, written, where };
  }

  #resolveDefault(setting: Setting): ResolvedSetting {
    const written = setting.default;
    const value = written === undefined ? undefined : this.#parse(setting, written);
    return { type: "setting", setting, value, written, where: undefined };
  }

  /** Without the newline that editors and `echo` append. */
  #readSecret(statement: Statement): string | undefined {
    const { value } = statement;
    const path = filePath.parse(value, this.#directory);
    if (path === undefined) {
      this.#findings.report(statement, `must be ${filePath.expected}, not ${showValue(value)}`);
      return undefined;
    }
    const file = this.#secretFiles.get(path) ?? { problem: "cannot be read" };
    if ("text" in file) return file.text.replace(/\r?\n$/, "");
    this.#findings.report(statement, file.problem);
    return undefined;
  }

  #parse(setting: Setting, written: unknown): unknown {
    const value = setting.kind.parse(written, this.#directory);
    return Array.isArray(value) ? Object.freeze(value) : value;
  }
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Shown instead of what is written, which may contain secrets. */
function showExample({ example }: SectionList): string {
  const keys = Object.entries(example).map(([key, value]) => `${key}: ${yamlValue(value)}`);
  return `{${keys.join(", ")}}`;
}
