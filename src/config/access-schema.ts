import { accessAction, accessPattern, accessSubject, outputFile, quotable, textsByKey } from "./access-kinds.js";
import { registryUrl } from "./address-kinds.js";
import {
  listOfSections,
  optionalSection,
  optionalSetting,
  requiredSetting,
  section,
  setting,
  type ValueOf,
} from "./definition.js";
import { issuers } from "./issuers-schema.js";
import { duration, filePath, listOf, oneOf, size, text, truth, wholeNumber } from "./kinds.js";

const users = section("Users with passwords, hashed by bcrypt.", {
  htpasswd: optionalSetting(filePath, {
    example: "/etc/berth/htpasswd",
    meaning:
      "File with one user:hash per line, as written by `berth user add` or `htpasswd -B`; read again when it changes.",
  }),
  hashes: setting(textsByKey, {
    default: {},
    meaning: "Further users and their hashes: {ann: $2y$10$...}.",
  }),
});

const rules = listOfSections(
  {
    meaning: "What users may do. Deny overrides allow; what no rule allows is refused.",
    default: [{ allow: "pull, push, delete, cache", to: "authenticated", in: "**" }],
    example: { allow: "pull, push", to: "@platform", in: "team/**" },
  },
  {
    allow: setting(listOf(accessAction), {
      default: [],
      meaning:
        "pull; push (includes pull); delete; cache: download what is not cached yet; admin: the registry itself.",
    }),
    deny: setting(listOf(accessAction), {
      default: [],
      meaning: "The same actions; they are refused even if other rules allow them.",
    }),
    to: requiredSetting(listOf(accessSubject), {
      example: "@platform",
      meaning: "Users, @groups, anonymous, authenticated or everyone.",
    }),
    in: setting(listOf(accessPattern), {
      default: ["**"],
      meaning:
        "Patterns of repositories; $" +
        "{user} stands for the user's name. Cached repositories begin with their upstream.",
    }),
    audit: setting(truth, {
      default: false,
      meaning: "true: what the rule would refuse is logged and allowed, except deny, delete, admin and anonymous.",
    }),
  },
);

const tokenService = optionalSection(
  "An external token service, as in registry:2's auth.token; clients are sent there.",
  {
    realm: requiredSetting(quotable, {
      example: "https://auth.example.com/token",
      meaning: "Its address, or a path such as /auth/token at the address of this registry.",
    }),
    service: requiredSetting(quotable, { example: "registry.example.com", meaning: "Its name for this registry." }),
    issuer: requiredSetting(text, { example: "auth.example.com", meaning: "The claim iss of its tokens." }),
    rootCertBundle: optionalSetting(filePath, {
      example: "/etc/berth/auth.crt",
      meaning: "Certificates of its keys, or of their issuers, in PEM format.",
    }),
    jwksFile: optionalSetting(filePath, { example: "/etc/berth/auth.jwks", meaning: "File with its keys." }),
    jwksUrl: optionalSetting(registryUrl, {
      example: "https://auth.example.com/keys",
      meaning: "URL of its keys; fetched again when a token uses a new key.",
    }),
  },
);

const audit = optionalSection("The audit trail: changes and failed logins, as lines of JSON.", {
  file: requiredSetting(outputFile, {
    example: "/var/log/berth/audit.jsonl",
    meaning: "File to append to, or stdout. The file is reopened for each line, so it can be rotated by renaming.",
  }),
  whenFull: setting(oneOf("log", "refuse"), {
    default: "log",
    meaning:
      "What happens when a line cannot be written. refuse: pushes and deletions get 503; log: the line goes to the log.",
  }),
});

/** The same for addresses and for users. */
const useLimits = {
  requests: optionalSetting(wholeNumber(1, 1_000_000), {
    example: "600",
    meaning: "Requests per minute; after a quiet minute, a client may send that many at once.",
  }),
  transfers: optionalSetting(wholeNumber(1, 1_000_000), {
    example: "20",
    meaning: "Blobs downloaded or uploaded at once.",
  }),
  bandwidth: optionalSetting(size({ from: "64KiB", to: "1TiB" }), {
    example: "50MiB",
    meaning: "Bytes of blobs and manifests per second, downloads and uploads together.",
  }),
};

const limits = section(
  "How much one client may use, per worker; no limit by default. Pushes over a limit are delayed, never refused.",
  {
    perAddress: section("Each IPv4 address, and each /64 network of IPv6; also works with open: true.", useLimits),
    perUser: section("Each user, across all addresses.", useLimits),
    maxDelay: setting(duration({ from: "0s", to: "45s" }), {
      default: "10s",
      meaning: "How long a pull over a limit may wait before it gets 429.",
    }),
  },
);

/** Access control. */
export const access = optionalSection(
  "Who may do what. Without it, Berth listens on this machine only.",
  {
    open: setting(truth, {
      default: false,
      meaning: "true: everyone who can connect may do everything; access: open is short for it.",
    }),
    anonymousPull: setting(truth, {
      default: false,
      meaning: "true: everyone who can connect may pull stored content; a rule can deny it.",
    }),
    users,
    groups: setting(textsByKey, { default: {}, meaning: "Groups and their members: {platform: [ann, bob]}." }),
    rules,
    challenge: setting(oneOf("auto", "bearer", "basic"), {
      default: "auto",
      meaning: "How clients are asked for credentials. auto: basic if nothing is anonymous and there is no issuer.",
    }),
    service: setting(quotable, {
      default: "berth",
      meaning: "Name of this registry in tokens; replicas must share it.",
    }),
    tokenKeyFile: optionalSetting(listOf(filePath), {
      example: "/etc/berth/token.key",
      meaning:
        "Keys of tokens, Ed25519 or P-256 in PEM format; the first signs. By default, Berth creates one with its data.",
    }),
    issuers,
    tokenService,
    audit,
    limits,
  },
  { open: { open: true } },
);

export type AccessConfig = NonNullable<ValueOf<typeof access>>;
