import type { Logger } from "../observability/logger.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Access, Action, Identity } from "../registry/access.js";
import { AccessRefusal } from "../registry/access-refusal.js";
import type { Decision } from "./access-policy.js";
import { type AccessRules, subjectOf, type Wish } from "./access-rules.js";

/** What the rules allow one client. */
export class CallerAccess implements Access {
  readonly identity: Identity;
  readonly #subject: string;
  readonly #rules: AccessRules;
  readonly #log: Logger;
  /** A client mostly asks for the same again, and a comparison is cheaper than a look-up. */
  #last: { readonly wish: Wish; readonly decision: Decision } | undefined;
  #mayAdminister: boolean | undefined;
  /** The same client with the widest token that it could get. */
  #widest: CallerAccess | undefined;

  constructor(identity: Identity, rules: AccessRules, log: Logger) {
    this.identity = identity;
    this.#subject = subjectOf(identity);
    this.#rules = rules;
    this.#log = log;
  }

  get isWelcome(): boolean {
    return this.identity.user !== undefined || this.#rules.policy.opensToAnonymous;
  }

  get mayAdminister(): boolean {
    this.#mayAdminister ??= this.#rules.policy.administers(this.identity);
    return this.#mayAdminister;
  }

  may(action: Action, name: RepositoryName, namespace?: string): boolean {
    const decision = this.#decide(action, name, namespace);
    if (decision.onTrial) {
      const { user } = this.identity;
      const fields = { user, action, repository: name, rule: decision.rule?.place };
      this.#log.warn("a rule on trial would refuse this request", fields);
    }
    return decision.allowed;
  }

  require(action: Action, name: RepositoryName, namespace?: string): void {
    if (this.may(action, name, namespace)) return;
    const { user, ceiling } = this.identity;
    const scope = scopeOf(action, name);
    if (user === undefined) {
      throw new AccessRefusal("UNAUTHORIZED", `authentication is required to ${verbs[action]} ${name}`, { scope });
    }
    if (ceiling?.canBeWidened && this.#mayWithAnotherToken(action, name, namespace)) {
      const message = `a token with the scope ${scope} is needed to ${verbs[action]} ${name}`;
      throw new AccessRefusal("UNAUTHORIZED", message, { scope, isInsufficientScope: true });
    }
    throw new AccessRefusal("DENIED", `${user} may not ${verbs[action]} ${name}`, { scope });
  }

  mayMount(from: RepositoryName, into: RepositoryName): boolean {
    if (this.may("pull", from)) return true;
    const { ceiling } = this.identity;
    if (!ceiling?.canBeWidened || !this.#mayWithAnotherToken("pull", from)) return false;
    const scope = `${scopeOf("push", into)} ${scopeOf("pull", from)}`;
    const message = `a token for ${from} is also needed, to mount a blob from it`;
    throw new AccessRefusal("UNAUTHORIZED", message, { scope, isInsufficientScope: true });
  }

  requireCatalog(): void {
    const { ceiling } = this.identity;
    if (ceiling === undefined || !ceiling.canBeWidened || ceiling.isForCatalog) return;
    const message = `a token with the scope ${catalogScope} is needed to list repositories`;
    throw new AccessRefusal("UNAUTHORIZED", message, { scope: catalogScope, isInsufficientScope: true });
  }

  lists(name: RepositoryName): boolean {
    return this.identity.ceiling?.isForCatalog ? this.#mayWithAnotherToken("pull", name) : this.may("pull", name);
  }

  #decide(action: Action, name: RepositoryName, namespace: string | undefined): Decision {
    const last = this.#last;
    if (last?.wish.action === action && last.wish.name === name && last.wish.namespace === namespace) {
      return last.decision;
    }
    const wish = { action, name, namespace };
    const decision = this.#rules.decide(this.identity, this.#subject, wish);
    this.#last = { wish, decision };
    return decision;
  }

  /** Whether another token would allow it, within the scopes of the credential behind the token. */
  #mayWithAnotherToken(action: Action, name: RepositoryName, namespace?: string): boolean {
    const { ceiling } = this.identity;
    this.#widest ??= new CallerAccess({ ...this.identity, ceiling: ceiling?.widest }, this.#rules, this.#log);
    return this.#widest.#decide(action, name, namespace).allowed;
  }
}

/** Each action in words. */
const verbs: Readonly<Record<Action, string>> = {
  pull: "pull from",
  push: "push to",
  delete: "delete from",
  cache: "download uncached content of",
  admin: "administer",
};

const catalogScope = "registry:catalog:*";

/** The scope that each action needs: a push also pulls, and the right to cache is not a scope. */
const scopes: Readonly<Record<Action, string>> = {
  pull: "pull",
  push: "pull,push",
  delete: "delete",
  cache: "pull",
  admin: "admin",
};

function scopeOf(action: Action, name: RepositoryName): string {
  return `repository:${name}:${scopes[action]}`;
}
