import type { RepositoryName } from "../oci/repository-name.js";
import type { Action, Identity } from "../registry/access.js";
import { NamePatterns } from "../registry/name-patterns.js";

/** One rule of the configuration. */
export interface RuleSettings {
  readonly allow: readonly Action[];
  readonly deny: readonly Action[];
  /** Users, `@groups`, `anonymous`, `authenticated` or `everyone`. */
  readonly to: readonly string[];
  /** Patterns of repositories; `${user}` stands for the client's name. */
  readonly in: readonly string[];
  /** `true`: what the rule would refuse is logged and allowed. */
  readonly audit: boolean;
}

/** The placeholder for the user's name in a pattern. */
export const userPlaceholder = "$" + "{user}";

/** Values that may replace `${user}`: a slash or a star would reach beyond the user's own repositories. */
const componentPattern = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/;

/** Words with a meaning in rules, which cannot be user names. */
export const reservedSubjects: readonly string[] = ["anonymous", "authenticated", "everyone"];

/** An issuer may name its users freely, except with words and signs that mean something else in a rule. */
function isUserName(user: string): boolean {
  return !user.startsWith("@") && !reservedSubjects.includes(user);
}

/** A rule of the configuration, compiled. */
export class Rule {
  readonly settings: RuleSettings;
  /** Its path in the configuration, for messages: `access.rules[3]`. */
  readonly place: string;
  readonly #subjects: ReadonlySet<string>;
  readonly #fixed: NamePatterns;
  readonly #personal: readonly string[];

  constructor(settings: RuleSettings, place: string) {
    this.settings = settings;
    this.place = place;
    this.#subjects = new Set(settings.to);
    this.#fixed = new NamePatterns(settings.in.filter((pattern) => !pattern.includes(userPlaceholder)));
    this.#personal = settings.in.filter((pattern) => pattern.includes(userPlaceholder));
  }

  /** Push implies pull: before a push, a client checks what exists (distribution grants both too). */
  allows(action: Action): boolean {
    const { allow } = this.settings;
    return allow.includes(action) || (action === "pull" && allow.includes("push"));
  }

  denies(action: Action): boolean {
    return this.settings.deny.includes(action);
  }

  /** Whether the rule applies to this client. */
  isFor({ user, groups }: Identity): boolean {
    const subjects = this.#subjects;
    if (subjects.has("everyone") || subjects.has(user === undefined ? "anonymous" : "authenticated")) return true;
    if (user === undefined) return false;
    return (isUserName(user) && subjects.has(user)) || groups.some((group) => subjects.has(`@${group}`));
  }

  /** Whether the rule is about all repositories. */
  get coversEverything(): boolean {
    return this.settings.in.includes("**");
  }

  /** @param names the names under which rules know the repository */
  covers(names: readonly RepositoryName[], { user }: Identity): boolean {
    return names.some((name) => this.#fixed.find(name) !== undefined) || this.#coversOwn(names, user);
  }

  #coversOwn(names: readonly RepositoryName[], user: string | undefined): boolean {
    if (this.#personal.length === 0 || user === undefined || !componentPattern.test(user)) return false;
    const patterns = new NamePatterns(this.#personal.map((pattern) => pattern.replaceAll(userPlaceholder, user)));
    return names.some((name) => patterns.find(name) !== undefined);
  }
}
