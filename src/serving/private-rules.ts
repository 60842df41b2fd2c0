import type { Config } from "../config/schema.js";
import type { Logger } from "../observability/logger.js";
import { Policies } from "../retention/policies.js";
import type { Storage } from "../storage/storage.js";

/** The rules of private repositories by the settings: those of `private`, and what retention policies guard. */
export function privateRulesOf({ private: own, retention }: Config) {
  const policies = new Policies(retention.policies);
  return policies.areNone ? own : { ...own, guardedTagsOf: policies.of.bind(policies) };
}

/** Says where the storage cannot decide which of two first pushes of an immutable tag wins. */
export function warnOfWeakStorage({ retention: { policies } }: Config, { driver }: Storage, log: Logger): void {
  const immutable = policies.filter((policy) => policy.immutable.length > 0).map(({ name }) => name);
  if (immutable.length === 0 || driver.conditional !== undefined) return;
  log.warn(
    "the storage has no conditional writes: if two clients push an immutable tag for the first time at the same moment, only a lock decides who is first",
    { policies: immutable },
  );
}
