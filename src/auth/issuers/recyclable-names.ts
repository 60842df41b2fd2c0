import type { ClaimRules } from "./claim-rules.js";

/** Claims that name something which can be given up, and then taken by somebody else. */
const nameClaims: readonly string[] = [
  "actor",
  "ci_config_ref_uri",
  "email",
  "enterprise",
  "job_workflow_ref",
  "namespace_path",
  "preferred_username",
  "project_path",
  "repository",
  "repository_owner",
  "user_email",
  "user_login",
  "workflow_ref",
];

/** `repository_id`, `project_id`, `kubernetes.io/serviceaccount/uid`, and `oid` of Microsoft. */
const idClaim = /(^|[_/.])(id|uid|oid)$/;

/** A `sub` that is made of names: of GitHub's `repo:OWNER@OWNERID/REPO@REPOID:...` it is not (since July 2026). */
const nameSubject = /^(repo|project_path):(?!.*@\d)/;

/** Issuers of which anybody can have tokens. */
const publicHosts: readonly string[] = ["token.actions.githubusercontent.com", "gitlab.com", "accounts.google.com"];

/**
 * What is weak about the claims that make a token somebody's here; `undefined` if nothing is.
 * @param issuer its address
 */
export function weaknessOf(claims: ClaimRules, issuer: string): string | undefined {
  const names = [...claims.keys()];
  if (names.some((name) => idClaim.test(name))) return undefined;
  const recyclable = names.filter((name) => nameClaims.includes(name) || isNameSubject(name, claims));
  if (recyclable.length > 0) {
    return `${recyclable.join(", ")} can pass to somebody else; add a claim on an id, such as repository_id or project_id`;
  }
  if (names.includes("sub") || !publicHosts.includes(new URL(issuer).hostname)) return undefined;
  return `anybody can have a token of ${issuer} that fits; add a claim on an id, such as repository_owner_id`;
}

function isNameSubject(name: string, claims: ClaimRules): boolean {
  return name === "sub" && (claims.get(name) ?? []).some((text) => nameSubject.test(text));
}
