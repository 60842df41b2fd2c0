import { accessScope, textsByKey } from "./access-kinds.js";
import { registryUrl } from "./address-kinds.js";
import { listOfSections, optionalSection, optionalSetting, requiredSetting, setting } from "./definition.js";
import { filePath, listOf, text } from "./kinds.js";

const identities = listOfSections(
  {
    meaning: "Maps its tokens to users: the first entry with matching claims applies.",
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
      meaning: "User name, prefixed with the issuer's name and a colon; insert claims with $" + "{claim}.",
    }),
    groups: setting(listOf(text), { default: [], meaning: "Groups of the user." }),
    groupsClaim: optionalSetting(text, { example: "groups", meaning: "Claim with further groups." }),
    scopes: setting(listOf(accessScope), {
      default: [],
      meaning: "Limits of its tokens, such as push:team/*; an empty list: only the rules limit them.",
    }),
  },
);

const login = optionalSection("Lets people sign in to the page there: OpenID Connect with state, nonce and PKCE.", {
  clientId: requiredSetting(text, {
    example: "berth",
    meaning: "The id that the issuer gave Berth; its redirect URI is https://REGISTRY/ui/login/NAME/callback.",
  }),
  clientSecret: optionalSetting(text, { example: "secret", meaning: "Its secret, if it has one.", secret: true }),
  scopes: setting(listOf(text), {
    default: ["openid", "profile", "email"],
    meaning: "What Berth asks the issuer for.",
  }),
});

/** Who else may say who a client is. */
export const issuers = listOfSections(
  {
    meaning:
      "Issuers whose identity tokens (OIDC) are accepted as passwords: CI services, Kubernetes, a company's login.",
    default: [],
    example: { name: "github", issuer: "https://token.actions.githubusercontent.com", audience: "berth" },
  },
  {
    name: requiredSetting(text, { example: "github", meaning: "Prefix of its users: github:owner/repository." }),
    issuer: requiredSetting(registryUrl, {
      example: "https://gitlab.example.com",
      meaning: "The claim iss of its tokens.",
    }),
    audience: requiredSetting(listOf(text), { example: "berth", meaning: "The claim aud must be one of these." }),
    jwksUrl: optionalSetting(registryUrl, {
      example: "https://gitlab.example.com/oauth/discovery/keys",
      meaning: "URL of its keys; by default, the one in its discovery document.",
    }),
    jwksFile: optionalSetting(filePath, { example: "/etc/berth/jwks.json", meaning: "File with its keys." }),
    caFile: optionalSetting(filePath, {
      example: "/etc/berth/ca.crt",
      meaning: "Certificate authorities to trust at the issuer, in PEM format.",
    }),
    bearerTokenFile: optionalSetting(filePath, {
      example: "/var/run/secrets/kubernetes.io/serviceaccount/token",
      meaning: "Token to send when fetching its keys; read again each time.",
    }),
    identities,
    login,
  },
);
