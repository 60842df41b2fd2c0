import { fromGoDuration } from "./go-duration.js";
import { notHonoured, notNeeded, type Rules, refused } from "./rule.js";
import type { Translation } from "./translation.js";

/** Hosts that serve Docker Hub's images under their original names. */
const hubHosts: readonly string[] = [
  "docker.io",
  "hub.docker.com",
  "index.docker.io",
  "mirror.gcr.io",
  "registry-1.docker.io",
  "registry.hub.docker.com",
];

const expiry = notHonoured(
  "cached content does not expire by age unless proxy.maxAge says so; proxy.maxSize limits it, and a tag is checked again after its tagTtl",
);

/** The section `proxy`. */
export const proxyRules: Rules = {
  "proxy.remoteurl": ({ path, written }, translation) => {
    if (typeof written === "string" && URL.canParse(written)) translateUpstream(written, translation);
    else translation.refuse(path, "must be an address that begins with https:// or http://");
  },
  "proxy.username": ofUpstream("username"),
  "proxy.password": ofUpstream("password"),
  "proxy.ttl": (said, translation) => {
    const isEndless = typeof said.written === "string" && fromGoDuration(said.written) === "0s";
    (isEndless ? notNeeded("cached content never expires by age") : expiry)(said, translation);
  },
  "proxy.exec": refused(
    "Berth runs no credential helpers: set proxy.username and password, or the upstream's dockerConfig in a file of Berth",
  ),
  "proxy.cachewritetimeout": notNeeded("downloads are stored while clients read them"),
};

/** Turns `proxy.remoteurl` into the only upstream, which owns all names. */
function translateUpstream(url: string, translation: Translation): void {
  const path = ["proxy", "remoteurl"];
  const upstream = ["proxy", "upstreams"];
  const { host } = new URL(url);
  const isHub = hubHosts.includes(host);
  const name = isHub ? "docker.io" : host.replaceAll(/[[\]]/g, "");
  const item = {
    name,
    url,
    ...(name.includes(":") && { prefix: name.replaceAll(/:+/g, "-").replace(/^-/, "") }),
    ...credentialsOf(translation),
    adopt: true,
  };
  translation.honour(path, upstream, [item]);
  for (const key of ["username", "password"]) translation.nameOrigin(["proxy", key], [...upstream, 0, key]);
  translation.imply(path, ["proxy", "default"], name);
  translation.imply(path, ["mode"], "proxy");
  if (!isHub) {
    const advice = `containerd must send ?ns=${name}; more names go to the upstream's ns in a file of Berth`;
    translation.note(path, "not honoured", `not every ?ns= is accepted: ${advice}`);
  }
}

function credentialsOf({ document }: Translation): Readonly<Record<string, unknown>> {
  const [username, password] = [document.find("proxy", "username"), document.find("proxy", "password")];
  return { ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
}

/** A setting that the rule of the upstream's address uses. */
function ofUpstream(key: string): Rules[string] {
  return ({ path }, translation) => {
    const isCache = translation.document.find("proxy", "remoteurl") !== undefined;
    if (isCache) translation.note(path, "honoured", `proxy.upstreams[0].${key}`);
    else translation.note(path, "not needed", "without proxy.remoteurl nothing is cached");
  };
}
