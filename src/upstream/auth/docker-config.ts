import { readSmallText } from "../../foundation/small-file.js";
import type { Credentials } from "./credentials.js";

/** The name of Docker Hub in the file of `docker login`. */
const hubKey = "https://index.docker.io/v1/";

/**
 * The credentials that `docker login` stored for a registry; `undefined` if it stored none.
 * @throws Error whose message contains no path, since clients may see it
 */
export async function readDockerConfig(path: string, endpoint: URL): Promise<Credentials | undefined> {
  const text = await readSmallText(path).catch((cause) => {
    throw new Error("its docker login file cannot be read", { cause });
  });
  return credentialsIn(text, endpoint);
}

/**
 * Finds a registry in the `auths` of a `config.json`.
 * @throws Error if it is invalid, or the credentials are in a helper program, which Berth does not run
 */
export function credentialsIn(text: string, endpoint: URL): Credentials | undefined {
  const config = parse(text);
  const names = namesOf(endpoint);
  const auths = Object.entries(config.auths ?? {});
  const [, entry] = auths.find(([name]) => names.has(bareName(name))) ?? [];
  const credentials = entry === undefined ? undefined : credentialsOf(entry);
  const helpers = Object.keys(config.credHelpers ?? {}).some((name) => names.has(bareName(name)));
  if (!credentials && (helpers || (entry && config.credsStore))) {
    throw new Error("its docker login file keeps the credentials in a helper program; Berth reads only `auths`");
  }
  return credentials;
}

interface DockerConfig {
  readonly auths?: Readonly<Record<string, unknown>>;
  readonly credHelpers?: Readonly<Record<string, unknown>>;
  readonly credsStore?: unknown;
}

function parse(text: string): DockerConfig {
  try {
    // The parts are checked where they are used.
    return (JSON.parse(text) as DockerConfig | null) ?? {};
  } catch {
    // The parser's message would quote the file.
    throw new Error("its docker login file is not JSON");
  }
}

function credentialsOf(entry: unknown): Credentials | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  if ("identitytoken" in entry && typeof entry.identitytoken === "string" && entry.identitytoken !== "") {
    return { identityToken: entry.identitytoken };
  }
  const auth = "auth" in entry && typeof entry.auth === "string" ? entry.auth : "";
  const decoded = Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "");
  const colon = decoded.indexOf(":");
  if (colon > 0) return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
  if (!("username" in entry && "password" in entry)) return undefined;
  const { username, password } = entry;
  return typeof username === "string" && typeof password === "string" ? { username, password } : undefined;
}

function namesOf(endpoint: URL): ReadonlySet<string> {
  const isHub = endpoint.hostname === "registry-1.docker.io";
  return new Set([endpoint.host, ...(isHub ? [bareName(hubKey), "docker.io"] : [])]);
}

/** Keys are `host` or `https://host`, and may end with `/v1/` or `/v2/`. */
function bareName(key: string): string {
  return key
    .toLowerCase()
    .replace(/^https?:\/\//, "")
    .replace(/\/(v[12]\/?)?$/, "");
}
