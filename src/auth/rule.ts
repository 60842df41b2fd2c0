import type { Action, Identity } from "../registry/access.js";

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

  constructor(settings: RuleSettings, place: string) {
    this.settings = settings;
    this.place = place;
    this.#subjects = new Set(settings.to);
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
}
