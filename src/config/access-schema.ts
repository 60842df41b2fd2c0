import {
  accessAction,
  accessPattern,
  accessScope,
  accessSubject,
  outputFile,
  quotable,
  textsByKey,
} from "./access-kinds.js";
import {
  listOfSections,
  optionalSection,
  optionalSetting,
  requiredSetting,
  section,
  setting,
  type ValueOf,
} from "./definition.js";
import { filePath, listOf, oneOf, registryUrl, text, truth } from "./kinds.js";

const users = section("The users that Berth itself knows, with passwords hashed by bcrypt.", {
  htpasswd: optionalSetting(filePath, {
    example: "/etc/berth/htpasswd",
    meaning:
      "File with a line user:hash each, as `berth user add` and `htpasswd -B` write it; read again when it changes.",
  }),
  hashes: setting(textsByKey, {
    default: {},
    meaning: "Further users with their hashes: {ann: $2y$10$...}.",
  }),
});

const rules = listOfSections(
  {
    meaning: "What users may do: all that a rule allows, and a deny beats it. What no rule allows is refused.",
    default: [{ allow: "pull, push, delete, cache", to: "authenticated", in: "**" }],
    example: { allow: "pull, push", to: "@platform", in: "team/**" },
  },
  {
    allow: setting(listOf(accessAction), {
      default: [],
      meaning: "pull; push (and pull); delete; cache: fetch what is not cached yet; admin: the registry itself.",
    }),
    deny: setting(listOf(accessAction), { default: [], meaning: "The same, refused whatever another rule allows." }),
    to: requiredSetting(listOf(accessSubject), {
      example: "@platform",
      meaning: "Users, @groups, anonymous, authenticated or everyone.",
    }),
    in: setting(listOf(accessPattern), {
      default: ["**"],
      meaning:
        "Patterns of repositories; $" + "{user} in one is the user's name. A cached one has its upstream before it.",
    }),
    audit: setting(truth, {
      default: false,
      meaning:
        "true: what the rule would refuse to users is logged and passes; deny, delete, admin and anonymous do not.",
    }),
  },
);

const identities = listOfSections(
  {
    meaning: "Who its tokens are here: the first of these whose claims fit.",
    default: [],
    example: { user: "$" + "{repository_owner}", scopes: "pull, push:team/*" },
  },
  {
    claims: setting(textsByKey, {
      default: {},
      meaning: "Claims that a token must have, such as {repository_owner_id: 1234, ref: refs/heads/*}.",
    }),
    user: requiredSetting(text, {
      example: "$" + "{repository}",
      meaning: "Name of the user, after the issuer's and a colon; claims in it as $" + "{claim}.",
    }),
    groups: setting(listOf(text), { default: [], meaning: "Groups of the user." }),
    groupsClaim: optionalSetting(text, { example: "groups", meaning: "Claim that lists further groups." }),
    scopes: setting(listOf(accessScope), {
      default: [],
      meaning: "What its tokens are limited to, such as push:team/*; none: to what the rules allow.",
    }),
  },
);

const issuers = listOfSections(
  {
    meaning: "Whose identity tokens are taken as passwords: CI services, Kubernetes, a company's login (OIDC).",
    default: [],
    example: { name: "github", issuer: "https://token.actions.githubusercontent.com", audience: "berth" },
  },
  {
    name: requiredSetting(text, { example: "github", meaning: "Its users are called by it: github:owner/repository." }),
    issuer: requiredSetting(registryUrl, {
      example: "https://gitlab.example.com",
      meaning: "The claim iss of its tokens.",
    }),
    audience: requiredSetting(listOf(text), { example: "berth", meaning: "The claim aud must be one of these." }),
    jwksUrl: optionalSetting(registryUrl, {
      example: "https://gitlab.example.com/oauth/discovery/keys",
      meaning: "Where its keys are; else its discovery document tells.",
    }),
    jwksFile: optionalSetting(filePath, { example: "/etc/berth/jwks.json", meaning: "File with its keys." }),
    caFile: optionalSetting(filePath, {
      example: "/etc/berth/ca.crt",
      meaning: "Authorities of its HTTPS, in PEM format.",
    }),
    bearerTokenFile: optionalSetting(filePath, {
      example: "/var/run/secrets/kubernetes.io/serviceaccount/token",
      meaning: "Token to send when its keys are asked for; read anew each time.",
    }),
    identities,
  },
);

const tokenService = optionalSection(
  "A token service that others run, as in registry:2's auth.token; clients are sent to it.",
  {
    realm: requiredSetting(quotable, {
      example: "https://auth.example.com/token",
      meaning: "Its address, or a path such as /auth/token at the address of this registry.",
    }),
    service: requiredSetting(quotable, { example: "registry.example.com", meaning: "What it knows this registry by." }),
    issuer: requiredSetting(text, { example: "auth.example.com", meaning: "The claim iss of its tokens." }),
    rootCertBundle: optionalSetting(filePath, {
      example: "/etc/berth/auth.crt",
      meaning: "Certificates of its keys, or of what signed those, in PEM format.",
    }),
    jwksFile: optionalSetting(filePath, { example: "/etc/berth/auth.jwks", meaning: "File with its keys." }),
    jwksUrl: optionalSetting(registryUrl, {
      example: "https://auth.example.com/keys",
      meaning: "Where its keys are; fetched again when a new one comes into use.",
    }),
  },
);

const audit = optionalSection("The audit trail: who changed what, in lines of JSON, and which logins failed.", {
  file: requiredSetting(outputFile, {
    example: "/var/log/berth/audit.jsonl",
    meaning: "File to append to, opened again for each line, so that it can be renamed; or stdout.",
  }),
  whenFull: setting(oneOf("log", "refuse"), {
    default: "log",
    meaning:
      "What is done when a line cannot be written. refuse: pushes and deletions fail with 503; log: the log tells.",
  }),
});

/** Who may do what. */
export const access = optionalSection(
  "Who may do what; without it Berth listens on this machine only.",
  {
    open: setting(truth, { default: false, meaning: "true, or access: open: whoever can connect may do everything." }),
    anonymousPull: setting(truth, {
      default: false,
      meaning: "true: whoever can connect may pull what is here; a rule can deny it.",
    }),
    users,
    groups: setting(textsByKey, { default: {}, meaning: "Members by group: {platform: [ann, bob]}." }),
    rules,
    challenge: setting(oneOf("auto", "bearer", "basic"), {
      default: "auto",
      meaning: "How clients are asked for credentials. auto: basic where nothing is anonymous and no issuer is known.",
    }),
    service: setting(quotable, { default: "berth", meaning: "Names this registry in tokens; replicas share it." }),
    tokenKeyFile: optionalSetting(listOf(filePath), {
      example: "/etc/berth/token.key",
      meaning:
        "Keys of tokens, Ed25519 or P-256 in PEM format: the first signs. Without: made and kept in the data folder.",
    }),
    issuers,
    tokenService,
    audit,
  },
  { open: { open: true } },
);

export type AccessConfig = NonNullable<ValueOf<typeof access>>;
