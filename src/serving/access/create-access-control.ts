import { AccessControl, type ChallengeScheme } from "../../auth/access-control.js";
import { AccessPolicy } from "../../auth/access-policy.js";
import { AccessRules } from "../../auth/access-rules.js";
import type { AuditTrail } from "../../auth/audit/audit-trail.js";
import { Authenticator } from "../../auth/authenticator.js";
import { BrowserLogin } from "../../auth/issuers/browser-login.js";
import { type IssuerSettings, Issuers } from "../../auth/issuers/issuers.js";
import { PageSessions } from "../../auth/page-sessions.js";
import { Passwords } from "../../auth/passwords/passwords.js";
import { Rule, type RuleSettings } from "../../auth/rule.js";
import { TokenService } from "../../auth/token-service.js";
import { AccessTokens } from "../../auth/tokens/access-tokens.js";
import { CookieTokens } from "../../auth/tokens/cookie-tokens.js";
import { RegistryTokens } from "../../auth/tokens/registry-tokens.js";
import { SessionTokens } from "../../auth/tokens/session-tokens.js";
import { Users } from "../../auth/users.js";
import type { AccessConfig } from "../../config/access-schema.js";
import type { ConfigWatch } from "../../config/config-watch.js";
import type { Config } from "../../config/schema.js";
import type { Logger } from "../../observability/logger.js";
import type { Storage } from "../../storage/storage.js";
import { openExternalTokens } from "./external-tokens.js";
import { repositoryNamesOf } from "./repository-names.js";
import { tokenKeysOf } from "./token-key-file.js";
import { readUserFile, usersOfSettings, watchUserFile } from "./user-file.js";

/** The access control of a configuration. */
export interface Guard {
  readonly control: AccessControl;
  /** Of the web page. */
  readonly sessions: PageSessions;
  readonly passwords: Passwords;
  /** Starts to watch files: a guard that is never used watches none. */
  start(): void;
  /** Stops watching files. */
  close(): void;
}

export interface Surroundings {
  readonly storage: Storage;
  readonly audit: AuditTrail | undefined;
  readonly log: Logger;
  /** Seed of the token key if no key can be stored. */
  readonly tokenSeed: Buffer;
  /** Of the previous configuration, if it had any: what it knows of passwords and of guesses stays known. */
  readonly passwords: Passwords | undefined;
}

/** @param access of the configuration, which is not open */
export async function createGuard(
  config: Config,
  access: AccessConfig,
  { storage, audit, log, tokenSeed, passwords = new Passwords() }: Surroundings,
): Promise<Guard> {
  const { users, start, close } = await openUsers(access, log);
  const policy = policyOf(access);
  const rules = new AccessRules(policy, repositoryNamesOf(config));
  const keys = await tokenKeysOf(config, tokenSeed, log);
  const registryTokens = new RegistryTokens(access.service, keys);
  const cookies = new CookieTokens(access.service, keys);
  const sessionTokens = new SessionTokens(cookies, storage.endedSessions);
  const authenticator = new Authenticator({
    users,
    passwords,
    accessTokens: new AccessTokens(storage.accessTokens),
    registryTokens,
    sessionTokens,
    issuers: new Issuers(access.issuers.map(issuerOf), log),
    externalTokens: await openExternalTokens(access, log),
  });
  const tokens = new TokenService({ rules, tokens: registryTokens });
  const parts = {
    authenticator,
    rules,
    tokens,
    scheme: schemeOf(access, policy),
    audit,
    service: access.tokenService?.service ?? access.service,
    realm: access.tokenService?.realm,
  };
  const control = new AccessControl(parts, log);
  const logins = access.issuers.flatMap(loginAt);
  const sessions = new PageSessions({ control, sessions: sessionTokens, cookies, logins, audit }, log);
  return { control, sessions, passwords, start, close };
}

/** The rules of the configuration, including those that a single setting stands for. */
export function policyOf({ rules, anonymousPull }: AccessConfig): AccessPolicy {
  const written = rules.map((rule, index) => new Rule(rule, `access.rules[${index}]`));
  return new AccessPolicy(anonymousPull ? [...written, new Rule(anonymousPullRule, "access.anonymousPull")] : written);
}

/** Without `cache`: anyone could use up the upstream's quota. */
const anonymousPullRule: RuleSettings = { allow: ["pull"], deny: [], to: ["everyone"], in: ["**"], audit: false };

/** Docker and podman pull without credentials only if they are asked for a token (access-control, 1.1). */
function schemeOf({ challenge, issuers, tokenService }: AccessConfig, policy: AccessPolicy): ChallengeScheme {
  if (tokenService !== undefined) return "Bearer";
  if (challenge !== "auto") return challenge === "basic" ? "Basic" : "Bearer";
  return policy.opensToAnonymous || issuers.length > 0 ? "Bearer" : "Basic";
}

function issuerOf(issuer: AccessConfig["issuers"][number]): IssuerSettings {
  const identities = issuer.identities.map((rule) => ({ ...rule, claims: new Map(Object.entries(rule.claims)) }));
  return { ...issuer, identities };
}

function loginAt({ name, issuer, caFile, login }: AccessConfig["issuers"][number]): readonly BrowserLogin[] {
  return login === undefined ? [] : [new BrowserLogin({ name, issuer, caFile, ...login })];
}

interface OpenedUsers {
  readonly users: Users;
  start(): void;
  close(): void;
}

/** The users of the file and of the settings; the settings take precedence. */
async function openUsers({ users: settings, ...access }: AccessConfig, log: Logger): Promise<OpenedUsers> {
  const written = usersOfSettings(settings.hashes);
  const groups = new Map(Object.entries(access.groups));
  const { htpasswd } = settings;
  if (htpasswd === undefined) return { users: new Users(written, groups), start: () => {}, close: () => {} };
  const withWritten = (read: ReadonlyMap<string, string>) => new Map([...read, ...written]);
  const users = new Users(withWritten(await readUserFile(htpasswd, log)), groups);
  let watch: ConfigWatch | undefined;
  const start = () => {
    watch = watchUserFile(htpasswd, (read) => users.replace(withWritten(read)), log);
  };
  return { users, start, close: () => watch?.close() };
}
