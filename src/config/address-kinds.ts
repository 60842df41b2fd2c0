import { isIP } from "node:net";
import type { Kind } from "./kinds.js";

/** An address to listen on. Brackets around an IPv6 address, as in URLs, are left out. */
export const hostName: Kind<string> = {
  expected: "an IP address or a host name, without a port",
  parse: (given) => {
    const written = withoutBrackets(given);
    if (typeof written !== "string") return undefined;
    return isIP(written) !== 0 || /^(?=.*[a-z])[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(written) ? written : undefined;
  },
};

/** YAML reads brackets without quotes as a list, and what ends with a colon in it as the key of a section. */
function withoutBrackets(written: unknown): unknown {
  const [item] = Array.isArray(written) && written.length === 1 ? written : [];
  const keys = typeof item === "object" && item !== null ? Object.keys(item) : [];
  const listed = keys.length === 1 ? `${keys[0]}:` : item;
  const inner: unknown = typeof written === "string" ? /^\[(.+)\]$/.exec(written)?.[1] : listed;
  return typeof inner === "string" && isIP(inner) === 6 ? inner : written;
}

/** An address to listen on, with its port. */
export const listenAddress: Kind<string> = {
  expected: "an address with a port such as 127.0.0.1:9464, or :9464 for every address",
  parse: (written) => (typeof written === "string" && splitAddress(written) !== undefined ? written : undefined),
};

const addressPattern = /^(?:\[(?<bracketed>[^\]]+)\]|(?<plain>[^:[\]]*)):(?<port>\d{1,5})$/;

/** Host and port of an address to listen on; without a host, every address. `undefined` if invalid. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } | undefined {
  const { bracketed, plain, port } = addressPattern.exec(address)?.groups ?? {};
  const host = (bracketed ?? plain) || "::";
  const isHost = bracketed === undefined ? hostName.parse(host, "") !== undefined : isIP(bracketed) === 6;
  return isHost && port !== undefined && Number(port) <= 65_535 ? { host, port: Number(port) } : undefined;
}

/** How others reach an address that is listened on. */
export const advertisedAddress: Kind<string> = {
  expected: "an address or a host name, with or without a port, such as 10.0.0.5 or berth-0.berth:5100",
  parse: (written) => (typeof written === "string" && splitAdvertised(written) !== undefined ? written : undefined),
};

/** Host of an address, and its port if it has one. `undefined` if invalid. */
export function splitAdvertised(
  address: string,
): { readonly host: string; readonly port: number | undefined } | undefined {
  const bare = /^\[(.+)\]$/.exec(address)?.[1] ?? address;
  if (hostName.parse(bare, "") !== undefined) return { host: bare, port: undefined };
  const { host, port } = splitAddress(address) ?? {};
  return host === undefined || host === "::" || port === 0 ? undefined : { host, port };
}

/** A path of this server. */
export const urlPath: Kind<string> = {
  expected: "a path that begins with / and has no query, such as /metrics",
  parse: (written) => (typeof written === "string" && /^\/[\w./~-]*$/.test(written) ? written : undefined),
};

/** A path before those of this server, without a slash at the end. */
export const pathPrefix: Kind<string> = {
  expected: "a path such as /registry, and none of Berth's own (/v2, /ui, /healthz, /readyz)",
  parse: (written) => {
    if (typeof written !== "string" || !/^(?:\/[\w~-][\w.~-]*)+\/*$/.test(written)) return undefined;
    return /^\/(?:v2|ui|healthz|readyz)(?:\/|$)/.test(written) ? undefined : written.replace(/\/+$/, "");
  },
};

/** The URL of another registry. */
export const registryUrl: Kind<string> = {
  expected: "an address that begins with https:// or http://, without credentials, ? and #",
  parse: (written) => {
    if (typeof written !== "string" || !/^https?:\/\/[^?#\s]+$/.test(written) || !URL.canParse(written))
      return undefined;
    const { username, password } = new URL(written);
    return username === "" && password === "" ? written : undefined;
  },
};

/** How a response gives a location: relative to the request, absolute as the request was made, or below a fixed URL. */
export const locationStyle: Kind<string> = {
  expected: "relative, absolute, or an address such as https://registry.example.com",
  parse: (written) => {
    if (written === "relative" || written === "absolute") return written;
    return registryUrl.parse(written, "")?.replace(/\/+$/, "");
  },
};

/** An IP address or a network in CIDR notation. */
export const network: Kind<string> = {
  expected: "an IP address or a network such as 10.0.0.0/8",
  parse: (written) => {
    if (typeof written !== "string") return undefined;
    const [, address = "", bits = "0"] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(written) ?? [];
    const version = isIP(address);
    return version !== 0 && Number(bits) <= (version === 4 ? 32 : 128) ? written : undefined;
  },
};

/** What a browser sends as `Origin`, or `*` for all. */
export const origin: Kind<string> = {
  expected: "an origin such as https://ui.example.com (without a path or a slash at the end), or *",
  parse: (written) => {
    if (typeof written !== "string" || written === "*") return written === "*" ? written : undefined;
    return /^https?:/.test(written) && URL.canParse(written) && new URL(written).origin === written
      ? written
      : undefined;
  },
};
