import { isDeepStrictEqual } from "node:util";
import type { AccessConfig } from "./access-schema.js";
import type { BrokenRule } from "./findings.js";

/** The section; values that are invalid by themselves are missing. */
export type AccessDraft = { readonly [Key in keyof AccessConfig]: AccessConfig[Key] | undefined };

/** Contradictions within `access`. */
export function brokenAccessRules(
  access: AccessDraft | undefined,
  { host, hasCertificates }: Surroundings,
): readonly BrokenRule[] {
  if (access === undefined) return host === undefined || isLoopback(host) ? [] : [nobodyIsAsked(host)];
  return [
    ...(hasCertificates || saysWho(access) ? [] : [nobodyIsKnown]),
    ...openAndGuarded(access),
    ...openAndLimitedByUser(access),
    ...(access.rules ?? []).flatMap(brokenRuleAt),
    ...(access.issuers ?? []).flatMap((_, index, issuers) => brokenIssuer(issuers, index)),
    ...(access.issuers ?? []).flatMap(unwelcomeLogin),
    ...keylessTokenService(access),
  ];
}

interface Surroundings {
  /** The address that Berth listens on. */
  readonly host: string | undefined;
  /** Whether client certificates identify users. */
  readonly hasCertificates: boolean;
}

/**
 * Whether the section says who may do anything. If it says no more than limits, the audit trail or names, nobody could
 * get in, except with an access token, which the default rule is not meant for.
 */
function saysWho({ open, anonymousPull, users, groups, rules, issuers, tokenService }: AccessDraft): boolean {
  return (
    open !== false ||
    anonymousPull !== false ||
    users?.htpasswd !== undefined ||
    [users?.hashes, groups].some((entries) => entries === undefined || Object.keys(entries).length > 0) ||
    !isDeepStrictEqual(rules, defaultRules) ||
    issuers?.length !== 0 ||
    tokenService !== undefined
  );
}

/** The default of `access.rules`. Written in the file, it would say no more. */
const defaultRules: AccessConfig["rules"] = [
  { allow: ["pull", "push", "delete", "cache"], deny: [], to: ["authenticated"], in: ["**"], audit: false },
];

const nobodyIsKnown: BrokenRule = {
  path: ["access"],
  // If one of them is given and wrong, that is reported alone.
  causedBy: ["users.htpasswd", "users.hashes", "groups", "rules", "open", "anonymousPull"].map((key) => [
    "access",
    ...key.split("."),
  ]),
  message:
    'does not say who may do what, so that nobody could pull or push: add "open: true" for everyone who can connect, ' +
    '"users: { htpasswd: FILE }" for those who log in, or, if all log in with access tokens, "rules"',
};

/** Whether only this machine can connect to an address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

function nobodyIsAsked(host: string): BrokenRule {
  const message =
    `lets others connect (${host}), but access is not configured: add "access: { users: { htpasswd: FILE } }" ` +
    'and create users with "berth user add NAME"; or set "access: open" to let everyone who can connect pull, push and delete';
  return { path: ["server", "host"], causedBy: [], message };
}

/** Otherwise, an operator who adds users to a file with `access: open` would believe that passwords are checked. */
function openAndGuarded(access: AccessDraft): BrokenRule[] {
  if (access.open !== true) return [];
  const { users, issuers, tokenService, anonymousPull } = access;
  const guarding: readonly (readonly [string, boolean])[] = [
    ["users", users?.htpasswd !== undefined || Object.keys(users?.hashes ?? {}).length > 0],
    ["issuers", (issuers?.length ?? 0) > 0],
    ["tokenService", tokenService !== undefined],
    ["anonymousPull", anonymousPull === true],
  ];
  const given = guarding.find(([, isGiven]) => isGiven)?.[0];
  if (given === undefined) return [];
  const message = `allows everything to everyone, but ${given} is set too: keep one of them`;
  return [{ path: ["access", "open"], causedBy: [["access", given]], message }];
}

function openAndLimitedByUser({ open, limits }: AccessDraft): BrokenRule[] {
  const given = Object.entries(limits?.perUser ?? {}).find(([, limit]) => limit !== undefined)?.[0];
  if (open !== true || given === undefined) return [];
  const message = "has no effect with access: open, which has no users; set it under perAddress";
  return [{ path: ["access", "limits", "perUser", given], causedBy: [["access", "open"]], message }];
}

function brokenRuleAt(rule: AccessConfig["rules"][number], index: number): BrokenRule[] {
  const { allow = [], deny = [], audit } = rule;
  const path = ["access", "rules", index];
  if (allow.length === 0 && deny.length === 0) {
    return [
      {
        path: [...path, "allow"],
        causedBy: [[...path, "to"]],
        message: "is missing, and so is deny: the rule has no effect",
      },
    ];
  }
  if (audit === true && deny.length > 0) {
    return [
      {
        path: [...path, "audit"],
        causedBy: [],
        message: "works only in rules with allow; deny always applies",
      },
    ];
  }
  return [];
}

/** Otherwise each login would end with a refused token. */
function unwelcomeLogin({ login, audience = [] }: AccessConfig["issuers"][number], index: number): BrokenRule[] {
  if (login?.clientId === undefined || audience.includes(login.clientId)) return [];
  const path = ["access", "issuers", index];
  const message = `must contain login.clientId (${login.clientId}): the tokens of logins are made for it`;
  return [{ path: [...path, "audience"], causedBy: [[...path, "login", "clientId"]], message }];
}

function brokenIssuer(issuers: AccessConfig["issuers"], index: number): BrokenRule[] {
  const [own, path] = [issuers[index], ["access", "issuers", index]];
  const earlier = issuers.slice(0, index);
  const problems: BrokenRule[] = [];
  for (const key of ["name", "issuer"] as const) {
    const place = earlier.findIndex((other) => other[key] !== undefined && other[key] === own?.[key]);
    if (place >= 0)
      problems.push({ path: [...path, key], causedBy: [], message: `is the same as in access.issuers[${place}]` });
  }
  if (own !== undefined && own.identities?.length === 0) {
    const message = "is missing: no token of this issuer would be accepted";
    problems.push({ path: [...path, "identities"], causedBy: [[...path, "name"]], message });
  }
  return problems;
}

function keylessTokenService({ tokenService }: AccessDraft): BrokenRule[] {
  if (tokenService === undefined) return [];
  const { rootCertBundle, jwksFile, jwksUrl } = tokenService;
  if (rootCertBundle !== undefined || jwksFile !== undefined || jwksUrl !== undefined) return [];
  const message = "is missing, and so are jwksFile and jwksUrl: no token could be checked";
  return [
    { path: ["access", "tokenService", "rootCertBundle"], causedBy: [["access", "tokenService", "realm"]], message },
  ];
}
