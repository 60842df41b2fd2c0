import { BoundedMap } from "../foundation/bounded-map.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { NamePatterns } from "../registry/name-patterns.js";
import type { Rule } from "./rule.js";

/** The placeholder for the user's name in a pattern. */
const userPlaceholder = "$" + "{user}";

/** Values that may replace `${user}`: a slash or a star would reach beyond the user's own repositories. */
const componentPattern = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/;

const noRules: readonly Rule[] = [];

/** Users whose own patterns are remembered. */
const rememberedUsers = 1_000;

/** Patterns, and the positions of the rules that each is part of. */
interface PatternIndex {
  readonly patterns: NamePatterns;
  readonly positions: ReadonlyMap<string, readonly number[]>;
}

/**
 * Finds the rules for a repository by one tree of all patterns: trying a thousand rules one by one would take
 * milliseconds for each new name, and a request for a token can have a hundred.
 */
export class RuleIndex {
  readonly #rules: readonly Rule[];
  readonly #fixed: PatternIndex;
  /** Patterns with a placeholder, and the positions of their rules. */
  readonly #personal: readonly (readonly [pattern: string, position: number])[];
  readonly #ofUser = new BoundedMap<string, PatternIndex>(rememberedUsers);

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
    const patterns = rules.flatMap(({ settings }, position) =>
      settings.in.map((pattern) => [pattern, position] as const),
    );
    this.#fixed = indexOf(patterns.filter(([pattern]) => !pattern.includes(userPlaceholder)));
    this.#personal = patterns.filter(([pattern]) => pattern.includes(userPlaceholder));
  }

  /**
   * The rules that apply to a repository and this user, in the order of the configuration.
   * @param names the names under which rules know the repository
   */
  covering(names: readonly RepositoryName[], user: string | undefined): readonly Rule[] {
    const own = this.#ownOf(user);
    const found = new Set<number>();
    for (const { patterns, positions } of own === undefined ? [this.#fixed] : [this.#fixed, own]) {
      for (const name of names) {
        for (const pattern of patterns.findAll(name)) for (const each of positions.get(pattern) ?? []) found.add(each);
      }
    }
    if (found.size === 0) return noRules;
    return [...found].sort((one, other) => one - other).flatMap((position) => this.#rules[position] ?? []);
  }

  #ownOf(user: string | undefined): PatternIndex | undefined {
    if (this.#personal.length === 0 || user === undefined || !componentPattern.test(user)) return undefined;
    const known = this.#ofUser.get(user);
    if (known !== undefined) return known;
    const own = indexOf(
      this.#personal.map(([pattern, position]) => [pattern.replaceAll(userPlaceholder, user), position]),
    );
    this.#ofUser.set(user, own);
    return own;
  }
}

function indexOf(patterns: readonly (readonly [pattern: string, position: number])[]): PatternIndex {
  const positions = new Map<string, number[]>();
  for (const [pattern, position] of patterns) {
    const known = positions.get(pattern);
    if (known === undefined) positions.set(pattern, [position]);
    else known.push(position);
  }
  return { patterns: new NamePatterns([...positions.keys()]), positions };
}
