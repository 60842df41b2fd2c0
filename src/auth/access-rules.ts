import { BoundedMap } from "../foundation/bounded-map.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Action, Identity } from "../registry/access.js";
import type { AccessPolicy, Decision } from "./access-policy.js";

/** The names under which rules know a repository, whichever name the client uses. */
export interface RepositoryNames {
  /** @param namespace the registry that the client means, from containerd's `?ns=` */
  namesOf(name: RepositoryName, namespace?: string): readonly RepositoryName[];
  /** All meanings of the name, one for each registry that a client could name, since a scope does not say which. */
  meaningsOf(name: RepositoryName): readonly (readonly RepositoryName[])[];
  /** Whether the repository belongs to an upstream. */
  isCached(name: RepositoryName): boolean;
}

/** What a client wants to do. */
export interface Wish {
  readonly action: Action;
  readonly name: RepositoryName;
  /** The registry that the client means, from containerd's `?ns=`. */
  readonly namespace?: string | undefined;
}

/** A decision takes about 200 bytes. */
const rememberedDecisions = 20_000;

/** The rules, applied to the names that clients use. Each decision is made once. */
export class AccessRules {
  readonly policy: AccessPolicy;
  readonly names: RepositoryNames;
  readonly #decisions = new BoundedMap<string, Decision>(rememberedDecisions);

  constructor(policy: AccessPolicy, names: RepositoryNames) {
    this.policy = policy;
    this.names = names;
  }

  /** @param subject the result of {@link subjectOf} for the identity */
  decide(identity: Identity, subject: string, { action, name, namespace }: Wish): Decision {
    // Neither an action nor a name contains a space; the subject, which comes last, may contain any character.
    const key = namespace === undefined ? `${action} ${name} ${subject}` : `${action} ${name} ?${namespace} ${subject}`;
    const known = this.#decisions.get(key);
    if (known !== undefined) return known;
    const decision = this.policy.decide(identity, action, { asked: name, names: this.names.namesOf(name, namespace) });
    this.#decisions.set(key, decision);
    return decision;
  }
}

/**
 * Everything about a client that rules look at. As JSON, since the name of an issuer's group may contain any character.
 */
export function subjectOf({ user, groups, ceiling }: Identity): string {
  return JSON.stringify([user, groups, ceiling?.key]);
}
