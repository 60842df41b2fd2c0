import { isIPv6 } from "node:net";
import { type Kind, listOf } from "./kinds.js";

/** The name of an upstream: the host that its image names begin with. */
export const registryName: Kind<string> = {
  expected: "a host name in lower case, with its port if it has one, such as docker.io or registry.example.com:5000",
  parse: (written) => {
    if (typeof written !== "string") return undefined;
    const [, host = "", port = "1"] = /^([a-z0-9.-]+)(?::(\d{1,5}))?$/.exec(written) ?? [];
    const isHost = host.split(".").every((label) => /^[a-z0-9]+(-+[a-z0-9]+)*$/.test(label));
    return isHost && Number(port) >= 1 && Number(port) <= 65_535 ? written : undefined;
  },
};

/** The address of a registry: also an IPv6 address, in brackets as in image names. */
export const registryAddress: Kind<string> = {
  expected: `${registryName.expected}, or an IPv6 address such as [2001:db8::1]:5000`,
  parse: (written) => {
    if (typeof written !== "string") return undefined;
    if (isIPv6(written)) return `[${written}]`;
    const [, address = "", port = "1"] = /^\[([0-9a-f:.]+)\](?::(\d{1,5}))?$/i.exec(written) ?? [];
    const isAddress = isIPv6(address) && Number(port) >= 1 && Number(port) <= 65_535;
    return isAddress ? written : registryName.parse(written, "");
  },
};

/** One component of a repository name. */
export const nameComponent: Kind<string> = {
  expected: "a part of a repository name: a-z, 0-9 and between them single separators (. _ __ -), without /",
  parse: (written) =>
    typeof written === "string" && /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/.test(written) ? written : undefined,
};

const patternComponent = /^(\*\*|[a-z0-9*]([a-z0-9*._-]*[a-z0-9*])?)$/;

/** A pattern of repository names. */
export const namePattern: Kind<string> = {
  expected: "a pattern of names such as *, team/* or team/** (* within one part, ** for any number of parts)",
  parse: (written) => (typeof written === "string" && isNamePattern(written) ? written : undefined),
};

/** A pattern of repository names, optionally followed by a colon and a pattern of tags. */
export const contentPattern: Kind<string> = {
  expected: "a pattern of names, or of names and tags, such as library/* or library/nginx:1.*",
  parse: (written) => {
    if (typeof written !== "string") return undefined;
    const [name = "", tag = "*", ...more] = written.split(":");
    return isNamePattern(name) && /^[a-zA-Z0-9*._-]{1,128}$/.test(tag) && more.length === 0 ? written : undefined;
  },
};

const tagPatternText = /^[a-zA-Z0-9_*][a-zA-Z0-9_*.-]{0,127}$/;

/** A pattern of tags. */
export const tagPattern: Kind<string> = {
  expected: "a pattern of tags such as v1.* or * (* stands for any characters)",
  adviceFor: (written) =>
    typeof written === "string" && /[\\^$([|+]/.test(written) ? "regular expressions are not supported" : undefined,
  parse: (written) => {
    const text = typeof written === "number" ? String(written) : written;
    return typeof text === "string" && tagPatternText.test(text) ? text : undefined;
  },
};

const tagException: Kind<string> = {
  ...tagPattern,
  expected: `${tagPattern.expected}, or an exception such as "!v*-rc*"`,
  parse: (written, directory) => {
    if (typeof written !== "string" || !written.startsWith("!")) return tagPattern.parse(written, directory);
    return tagPattern.parse(written.slice(1), directory) && written;
  },
};

/** Patterns of tags, and exceptions, which count wherever they are in the list. */
export const tagPatterns: Kind<readonly string[]> = {
  ...listOf(tagException),
  parse: (written, directory) => {
    const patterns = listOf(tagException).parse(written, directory);
    // There is nothing to make an exception from: the author meant something else.
    return patterns?.length && patterns.every((each) => each.startsWith("!")) ? undefined : patterns;
  },
  adviceFor: (written) =>
    listOf(tagException).parse(written, "") !== undefined
      ? 'say what the exceptions are from, such as ["*", "!dev-*"]'
      : listOf(tagException).adviceFor?.(written),
};

/** The name of a policy. */
export const policyName: Kind<string> = {
  expected: "1 to 64 characters of a-z, A-Z, 0-9, . _ -",
  parse: (written) => (typeof written === "string" && /^[\w.-]{1,64}$/.test(written) ? written : undefined),
};

/** A repository name, or the first components of one. */
export const repositoryPath: Kind<string> = {
  expected: "the first parts of repository names, such as owner or owner/project, without * and without / at its ends",
  parse: (written) =>
    typeof written === "string" && written.split("/").every((part) => nameComponent.parse(part, "") !== undefined)
      ? written
      : undefined,
};

function isNamePattern(text: string): boolean {
  return text.split("/").every((component) => patternComponent.test(component));
}
