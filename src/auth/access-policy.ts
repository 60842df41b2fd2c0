import { LRUCache } from "lru-cache";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Action, Identity } from "../registry/access.js";
import type { Rule } from "./rule.js";

/** What the rules say of one request. */
export interface Decision {
  readonly allowed: boolean;
  /** The rule that decided; `undefined` where no rule allows the request. */
  readonly rule: Rule | undefined;
  /** Allowed only because the rule is in its trial: `audit: true`. */
  readonly onTrial: boolean;
}

/** The repository that a request is about. */
export interface Target {
  /** The name in the request, which is also the one that the client asked a token for. */
  readonly asked: RepositoryName;
  /** The names that rules know the repository by. */
  readonly names: readonly RepositoryName[];
}

/** A decision takes some 200 bytes. */
const rememberedDecisions = 20_000;

/** What a rule on trial never lets pass, whoever asks. */
const neverOnTrial: readonly Action[] = ["delete", "admin"];

const noRule: Decision = { allowed: false, rule: undefined, onTrial: false };

/** Decides by the rules: the union of what they allow, and a deny beats it. What no rule allows is refused. */
export class AccessPolicy {
  readonly #rules: readonly Rule[];
  readonly #decisions = new LRUCache<string, Decision>({ max: rememberedDecisions });

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  /** Whether a client without credentials may do anything at all. */
  get opensToAnonymous(): boolean {
    return this.#rules.some(
      ({ settings }) =>
        settings.allow.length > 0 && settings.to.some((subject) => subject === "anonymous" || subject === "everyone"),
    );
  }

  decide(identity: Identity, action: Action, target: Target): Decision {
    const { user, groups, ceiling } = identity;
    // As JSON, since a group that an issuer names may hold any character.
    const key = JSON.stringify([user, groups, ceiling?.key, action, target.asked, target.names]);
    const known = this.#decisions.get(key);
    if (known !== undefined) return known;
    const decision = this.#decide(identity, action, target);
    this.#decisions.set(key, decision);
    return decision;
  }

  #decide(identity: Identity, action: Action, { asked, names }: Target): Decision {
    if (identity.ceiling?.allows(action, asked) === false) return noRule;
    const covering = this.#rules.filter((rule) => rule.covers(names, identity));
    const denying = covering.find((rule) => rule.denies(action) && rule.isFor(identity));
    if (denying !== undefined) return { allowed: false, rule: denying, onTrial: false };
    const allowing = covering.find((rule) => rule.allows(action) && rule.isFor(identity));
    if (allowing !== undefined) return { allowed: true, rule: allowing, onTrial: false };
    return onTrialOf(covering, identity, action);
  }
}

/** A rule on trial lets pass what it would refuse, but credentials are demanded all the same. */
function onTrialOf(covering: readonly Rule[], identity: Identity, action: Action): Decision {
  if (identity.user === undefined || neverOnTrial.includes(action)) return noRule;
  const rule = covering.find(({ settings }) => settings.audit);
  return rule === undefined ? noRule : { allowed: true, rule, onTrial: true };
}
