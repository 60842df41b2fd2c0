import type { ConfigPath } from "../definition.js";
import type { Rules } from "./rule.js";
import type { Translation } from "./translation.js";
import { isMap, type Written } from "./written.js";

/** Access control of registry:2. Berth honours it or does not start. */
export const authRules: Rules = {
  auth: ({ path, written }, translation) => {
    const kinds = isMap(written) ? Object.entries(written) : [[String(written), undefined] as const];
    for (const [kind, below] of kinds) {
      const at = isMap(written) ? [...path, kind] : path;
      const translate = Object.hasOwn(controllers, kind) ? controllers[kind] : undefined;
      if (translate === undefined) translation.refuse(at, `${kind} is unknown; Berth supports htpasswd and token`);
      else translate(at, isMap(below) ? below : {}, translation);
    }
  },
};

type Settings = Readonly<Record<string, Written>>;

const controllers: Readonly<Record<string, (path: ConfigPath, settings: Settings, translation: Translation) => void>> =
  {
    none: (path, _, translation) => translation.note(path, "not needed", "it disables access control"),
    silly: (path, _, translation) =>
      translation.refuse(path, "accepts any credentials: use htpasswd or token, or leave auth out"),
    htpasswd: (path, settings, translation) => {
      translation.imply(path, ["access", "open"], false);
      if (settings.path === undefined)
        translation.refuse([...path, "path"], "is missing: it must name the file of users");
      honourText(path, settings, "path", { target: ["access", "users", "htpasswd"], translation });
      honourText(path, settings, "realm", { target: ["access", "service"], translation });
      // As in registry:2, everyone with a password may do everything, and Basic asks for it.
      translation.imply(path, ["access", "challenge"], "basic");
    },
    token: (path, settings, translation) => {
      translation.imply(path, ["access", "open"], false);
      for (const [key, target] of Object.entries(tokenKeys)) {
        honourText(path, settings, key, { target: ["access", "tokenService", target], translation });
      }
      translateRedirect(path, settings, translation);
      if (settings.signingalgorithms !== undefined) {
        const meaning = "all public-key algorithms are accepted, and none with a shared secret";
        translation.note([...path, "signingalgorithms"], "not needed", meaning);
      }
    },
  };

const tokenKeys: Readonly<Record<string, string>> = {
  service: "service",
  issuer: "issuer",
  rootcertbundle: "rootCertBundle",
  jwks: "jwksFile",
};

interface Honouring {
  readonly target: ConfigPath;
  readonly translation: Translation;
}

function honourText(path: ConfigPath, settings: Settings, key: string, { target, translation }: Honouring): void {
  const written = settings[key];
  if (typeof written === "string" && written !== "") translation.honour([...path, key], target, written);
  else translation.nameOrigin([...path, key], target);
}

/** With `autoredirect`, clients are sent to a path below the address by which they reach the registry. */
function translateRedirect(path: ConfigPath, settings: Settings, translation: Translation): void {
  const target = ["access", "tokenService", "realm"];
  if (String(settings.autoredirect) === "true") {
    const redirectPath = typeof settings.autoredirectpath === "string" ? settings.autoredirectpath : "/auth/token/";
    translation.honour([...path, "autoredirect"], target, redirectPath);
  } else honourText(path, settings, "realm", { target, translation });
}
