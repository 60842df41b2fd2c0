import { fromGoDuration } from "./go-duration.js";
import { notHonoured, notNeeded, type Rules, refused } from "./rule.js";
import type { Translation } from "./translation.js";

/** Hosts at which Docker Hub's images are had, under the names that they have there. */
const hubHosts: readonly string[] = [
  "docker.io",
  "hub.docker.com",
  "index.docker.io",
  "mirror.gcr.io",
  "registry-1.docker.io",
  "registry.hub.docker.com",
];

const expiry = notHonoured(
  "what is cached does not expire by its age; proxy.maxSize bounds it, and a tag is asked for again after its tagTtl",
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
    (isEndless ? notNeeded("what is cached never expires by its age") : expiry)(said, translation);
  },
  "proxy.exec": refused(
    "Berth runs no program for credentials: give proxy.username and password, or dockerConfig of the upstream in a file of Berth's",
  ),
  "proxy.cachewritetimeout": notNeeded("what is fetched is stored while clients read it"),
};

/** `proxy.remoteurl` as the one upstream, which has all names. */
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
    const advice = `containerd may call it ${name} in ?ns= and by no other name; more are ns of the upstream in a file of Berth's`;
    translation.note(path, "not honoured", `that any ?ns= will do: ${advice}`);
  }
}

function credentialsOf({ document }: Translation): Readonly<Record<string, unknown>> {
  const [username, password] = [document.find("proxy", "username"), document.find("proxy", "password")];
  return { ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
}

/** Put into the upstream by the rule of its address. */
function ofUpstream(key: string): Rules[string] {
  return ({ path }, translation) => {
    const isCache = translation.document.find("proxy", "remoteurl") !== undefined;
    if (isCache) translation.note(path, "honoured", `proxy.upstreams[0].${key}`);
    else translation.note(path, "not needed", "without proxy.remoteurl nothing is cached");
  };
}
