import type { ClaimRules } from "./claim-rules.js";

/** Claims whose names can be given up, and then taken by someone else. */
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

/** A `sub` that consists of names; not GitHub's `repo:OWNER@OWNERID/REPO@REPOID:...` (since July 2026). */
const nameSubject = /^(repo|project_path):(?!.*@\d)/;

/** Issuers from which anyone can get tokens. */
const publicHosts: readonly string[] = ["token.actions.githubusercontent.com", "gitlab.com", "accounts.google.com"];

/**
 * Why the claims of an identity rule are weak; `undefined` if they are not.
 * @param issuer its URL
 */
export function weaknessOf(claims: ClaimRules, issuer: string): string | undefined {
  const names = [...claims.keys()];
  if (names.some((name) => idClaim.test(name))) return undefined;
  const recyclable = names.filter((name) => nameClaims.includes(name) || isNameSubject(name, claims));
  if (recyclable.length > 0) {
    return `${recyclable.join(", ")} can pass to someone else; add a claim on an id, such as repository_id or project_id`;
  }
  if (names.includes("sub") || !publicHosts.includes(new URL(issuer).hostname)) return undefined;
  return `anyone can get a matching token from ${issuer}; add a claim on an id, such as repository_owner_id`;
}

function isNameSubject(name: string, claims: ClaimRules): boolean {
  return name === "sub" && (claims.get(name) ?? []).some((text) => nameSubject.test(text));
}
