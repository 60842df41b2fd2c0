import type { RepositoryName } from "../oci/repository-name.js";
import { type Action, anonymous, type Identity } from "../registry/access.js";
import type { Rule } from "./rule.js";
import { RuleIndex } from "./rule-index.js";

/** What the rules decide for one request. */
export interface Decision {
  readonly allowed: boolean;
  /** The rule that decided; `undefined` if no rule allows the request. */
  readonly rule: Rule | undefined;
  /** Allowed only because the rule is on trial: `audit: true`. */
  readonly onTrial: boolean;
}

/** The repository of a request. */
export interface Target {
  /** The name in the request, which is also the one in the token's scope. */
  readonly asked: RepositoryName;
  /** The names under which rules know the repository. */
  readonly names: readonly RepositoryName[];
}

/** Actions that a rule on trial never allows, for any client. */
const neverOnTrial: readonly Action[] = ["delete", "admin"];

const noRule: Decision = { allowed: false, rule: undefined, onTrial: false };

/** Decides by the rules: they add up, and a deny overrides every allow. What no rule allows is refused. */
export class AccessPolicy {
  readonly #rules: readonly Rule[];
  readonly #index: RuleIndex;
  /** Whether a client without credentials may do anything at all. */
  readonly opensToAnonymous: boolean;

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
    this.#index = new RuleIndex(rules);
    this.opensToAnonymous = rules.some(
      ({ settings }) =>
        settings.allow.length > 0 && settings.to.some((subject) => subject === "anonymous" || subject === "everyone"),
    );
  }

  /** Whether a client may administer all repositories, and so the registry itself. */
  administers(identity: Identity): boolean {
    if (identity.ceiling?.allowsEverywhere("admin") === false) return false;
    const everywhere = this.#rules.filter((rule) => rule.coversEverything && rule.isFor(identity));
    return everywhere.some((rule) => rule.allows("admin")) && !everywhere.some((rule) => rule.denies("admin"));
  }

  decide(identity: Identity, action: Action, target: Target): Decision {
    const { asked, names } = target;
    const covering = this.#index.covering(names, identity.user);
    const denying = covering.find((rule) => rule.denies(action) && rule.isFor(identity));
    if (denying !== undefined) return { allowed: false, rule: denying, onTrial: false };
    const isWithinCeiling = identity.ceiling?.allows(action, asked) !== false;
    const allowing = isWithinCeiling && covering.find((rule) => rule.allows(action) && rule.isFor(identity));
    if (allowing) return { allowed: true, rule: allowing, onTrial: false };
    const open = this.#decideWithoutCredentials(identity, action, target);
    if (open.allowed) return open;
    return isWithinCeiling ? onTrialOf(covering, identity, action) : noRule;
  }

  /** Credentials that a pull does not need never make it fail, whatever they are limited to. */
  #decideWithoutCredentials(identity: Identity, action: Action, target: Target): Decision {
    const isPull = action === "pull" || action === "cache";
    const isAnonymous = identity.user === undefined && identity.ceiling === undefined;
    return isPull && !isAnonymous && this.opensToAnonymous ? this.decide(anonymous, action, target) : noRule;
  }
}

/** A rule on trial allows what it would refuse, but still requires credentials. */
function onTrialOf(covering: readonly Rule[], identity: Identity, action: Action): Decision {
  if (identity.user === undefined || neverOnTrial.includes(action)) return noRule;
  const rule = covering.find(({ settings }) => settings.audit);
  return rule === undefined ? noRule : { allowed: true, rule, onTrial: true };
}
