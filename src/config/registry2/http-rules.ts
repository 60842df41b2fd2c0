import { pathPrefix } from "../address-kinds.js";
import { showValue } from "../problem.js";
import type { ClientAuth } from "../tls-rules.js";
import { debugRules } from "./debug-rules.js";
import { fromGoDuration } from "./go-duration.js";
import { corsRules } from "./header-rules.js";
import {
  becomes,
  ifTrue,
  type Meaning,
  notHonoured,
  notNeeded,
  type Rule,
  type Rules,
  refused,
  type Said,
} from "./rule.js";
import type { Translation } from "./translation.js";
import { findWritten, isMap, saysNothing, type Written } from "./written.js";

const asDuration: Meaning<string> = { expected: "a duration such as 30s or 1h30m", parse: fromGoDuration };

/** What an address without a host means to registry:2. */
export const everyAddress = "::";

const addressPattern = /^(?:\[(?<bracketed>[^\]]+)\]|(?<plain>[^:[\]]*)):(?<port>\d+)$/;

/** The section `http`. */
export const httpRules: Rules = {
  "http.addr": ({ path, written }, translation) => {
    const parts = addressPattern.exec(String(written))?.groups;
    if (parts === undefined) {
      const expected = "must be an address with a port, such as :5000 or 127.0.0.1:5000";
      translation.refuse(path, `${expected}, not ${showValue(written)}`);
      return;
    }
    const host = parts.bracketed ?? parts.plain ?? "";
    translation.imply(path, ["server", "host"], host === "" ? everyAddress : host);
    translation.honour(path, ["server", "port"], parts.port, host === "" ? "on every address" : `on ${host}`);
  },
  "http.net": ({ path, written }, translation) => {
    if (written === "tcp") translation.note(path, "not needed", "Berth always listens on TCP");
    else translation.refuse(path, "Berth listens on TCP only: leave it out, and set http.addr to a host and a port");
  },
  "http.host": ({ path, written }, translation) => {
    if (isAddress(written)) translation.honour(path, ["server", "locations"], written);
    else
      translation.note(
        path,
        "not honoured",
        "registry:2 ignores it, because it does not begin with https:// or http://",
      );
  },
  "http.relativeurls": ifTrue(unlessHost("relative"), unlessHost("absolute")),
  "http.secret": notNeeded("the state of an upload is in the storage, not in a signed URL"),
  "http.prefix": ({ path, written }, translation) => {
    const prefix = pathPrefix.parse(written, "");
    if (written === "/") translation.note(path, "not needed", "Berth serves at the root");
    else if (prefix === undefined) translation.refuse(path, `must be ${pathPrefix.expected}`);
    else translation.honour(path, ["server", "prefix"], prefix);
  },
  "http.draintimeout": becomes("server.shutdownGrace", asDuration),
  "http.tls": translateTls,
  ...corsRules,
  ...debugRules,
  "http.http2": notNeeded("Berth speaks HTTP/1.1"),
  "http.h2c.enabled": ifTrue(
    notHonoured("Berth speaks HTTP/1.1; a reverse proxy in front can speak that"),
    notNeeded("Berth speaks HTTP/1.1"),
  ),
};

/** A fixed address prevails (registry/handlers/app.go, `App.context`). */
function unlessHost(style: "relative" | "absolute"): Rule {
  return ({ path }, translation) => {
    if (isAddress(translation.document.find("http", "host")))
      translation.note(path, "not needed", "http.host prevails");
    else translation.honour(path, ["server", "locations"], style);
  };
}

function isAddress(written: Written | undefined): boolean {
  return typeof written === "string" && /^https?:\/\/./.test(written) && URL.canParse(written);
}

/** The names of registry:2 (configuration.go, `ClientAuth`). With clientcas, it requires a certificate by default. */
const clientAuths: Readonly<Record<string, readonly [clientAuth: ClientAuth, remark?: string]>> = {
  "request-client-cert": ["request"],
  "verify-client-cert-if-given": ["request"],
  "require-and-verify-client-cert": ["require"],
  "require-any-client-cert": ["require", "only certificates signed by clientcas are accepted"],
};

const tlsRules: Readonly<Record<string, Rule>> = {
  certificate: becomes("server.tls.cert", { expected: "the path of a file", parse: (text) => text }),
  key: becomes("server.tls.key", { expected: "the path of a file", parse: (text) => text }),
  clientcas: ({ path, written }, translation) => {
    const isListOfFiles = Array.isArray(written) && written.every((item) => typeof item === "string" && item !== "");
    if (isListOfFiles) translation.honour(path, ["server", "tls", "clientCa"], written);
    else translation.refuse(path, `must be a list of files, not ${showValue(written)}`);
  },
  clientauth: ({ path, written }, translation) => {
    const [clientAuth, remark] = Object.hasOwn(clientAuths, String(written))
      ? (clientAuths[String(written)] ?? [])
      : [];
    if (clientAuth === undefined) {
      translation.refuse(path, `must be one of ${Object.keys(clientAuths).join(", ")}, not ${showValue(written)}`);
    } else if (translation.document.find("http", "tls", "clientcas") === undefined) {
      translation.note(path, "not needed", "there are no clientcas to check certificates with");
    } else translation.honour(path, ["server", "tls", "clientAuth"], clientAuth, remark);
  },
  letsencrypt: refused(
    "Berth does not obtain certificates: set http.tls.certificate and key, or let a reverse proxy in front obtain them",
  ),
  minimumtls: ({ path, written }, translation) => {
    const version = /^tls(1\.[0-3])$/.exec(String(written))?.[1];
    if (version === undefined) {
      translation.refuse(path, `must be one of tls1.0, tls1.1, tls1.2, tls1.3, not ${showValue(written)}`);
    } else if (version === "1.2" || version === "1.3") {
      translation.honour(path, ["server", "tls", "minVersion"], version);
    } else translation.note(path, "not honoured", "Berth speaks TLS 1.2 and 1.3, nothing older");
  },
  ciphersuites: notHonoured("the ciphers are those of Node"),
};

/** Certificate and key need each other; errors use the names of registry:2. */
function translateTls({ path, written }: Said, translation: Translation): void {
  translation.nameOrigin([...path, "certificate"], ["server", "tls", "cert"]);
  translation.nameOrigin([...path, "key"], ["server", "tls", "key"]);
  if (!isMap(written)) {
    translation.refuse(path, `must be a section with keys, not ${showValue(written)}`);
    return;
  }
  for (const [key, below] of Object.entries(written)) {
    if (isNothing(below)) continue;
    const rule = Object.hasOwn(tlsRules, key) ? tlsRules[key] : undefined;
    if (rule === undefined) translation.note([...path, key], "unknown", "registry:2 does not know it either");
    else rule({ path: [...path, key], written: below }, translation);
  }
}

/** A section with only empty values, such as `letsencrypt` in many files, sets nothing. */
function isNothing(written: Written): boolean {
  if (!isMap(written)) return saysNothing(written);
  return Object.keys(written).every((key) => findWritten(written, [key]) === undefined);
}
