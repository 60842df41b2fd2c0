import { BoundedMap } from "../foundation/bounded-map.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Action, Identity } from "../registry/access.js";
import type { AccessPolicy, Decision } from "./access-policy.js";

/** The names that rules know a repository by, whichever way the client asks for it. */
export interface RepositoryNames {
  /** @param namespace the registry that the client means, from containerd's `?ns=` */
  namesOf(name: RepositoryName, namespace?: string): readonly RepositoryName[];
  /** What the name may mean, one for each registry that a client could name: a scope does not say which. */
  meaningsOf(name: RepositoryName): readonly (readonly RepositoryName[])[];
  /** Whether the repository is one of an upstream. */
  isCached(name: RepositoryName): boolean;
}

/** What a client wants to do. */
export interface Wish {
  readonly action: Action;
  readonly name: RepositoryName;
  /** The registry that the client means, from containerd's `?ns=`. */
  readonly namespace?: string | undefined;
}

/** A decision takes some 200 bytes. */
const rememberedDecisions = 20_000;

/** The rules, applied to the names that clients use; each decision is made once. */
export class AccessRules {
  readonly policy: AccessPolicy;
  readonly names: RepositoryNames;
  readonly #decisions = new BoundedMap<string, Decision>(rememberedDecisions);

  constructor(policy: AccessPolicy, names: RepositoryNames) {
    this.policy = policy;
    this.names = names;
  }

  /** @param subject what {@link subjectOf} gives for the identity */
  decide(identity: Identity, subject: string, { action, name, namespace }: Wish): Decision {
    // Neither an action nor a name has a blank, and the subject, which comes last, may have any character.
    const key = namespace === undefined ? `${action} ${name} ${subject}` : `${action} ${name} ?${namespace} ${subject}`;
    const known = this.#decisions.get(key);
    if (known !== undefined) return known;
    const decision = this.policy.decide(identity, action, { asked: name, names: this.names.namesOf(name, namespace) });
    this.#decisions.set(key, decision);
    return decision;
  }
}

/** All of a client that rules look at. As JSON, since a group that an issuer names may hold any character. */
export function subjectOf({ user, groups, ceiling }: Identity): string {
  return JSON.stringify([user, groups, ceiling?.key]);
}
