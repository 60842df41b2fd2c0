import { isIP } from "node:net";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { parseDuration } from "./duration.js";
import { parseSize } from "./size.js";

/**
 * The possible values of a setting. Every kind also parses its values from text, as the environment gives them.
 * (Not zod: it takes 60 ms to load, of the 500 ms that Berth takes to start, and knows neither sources nor lines.)
 */
export interface Kind<Value> {
  /** Describes a valid value; follows "must be". */
  readonly expected: string;
  /** What to do about an invalid value, where that is not obvious; a sentence without its full stop. */
  adviceFor?(written: unknown): string | undefined;
  /**
   * Parses what was written; `undefined` if it is invalid.
   * @param directory the base of relative paths
   */
  parse(written: unknown, directory: string): Value | undefined;
}

/** The smallest and the largest valid value, as they would be written. */
interface Range {
  readonly from: string;
  readonly to: string;
}

/** Longer delays overflow Node's 32-bit timers, which then fire at once. */
export const longestTimer = "24d";

/** Any text. Numbers must be quoted, because YAML would drop the leading zeros of a password. */
export const text: Kind<string> = {
  expected: "text (in quotes if it looks like a number)",
  parse: (written) => (typeof written === "string" && written !== "" ? written : undefined),
};

/** A shell would expand it, and no one means a folder of that name. */
function isForShells(path: string): boolean {
  return /(^|\/)\$[A-Za-z_]|\$\{/.test(path) || /^~[^/]/.test(path);
}

/** A file or folder, made absolute. `~` is the home folder, as in shells. */
export const filePath: Kind<string> = {
  expected: "the path of a file or folder",
  adviceFor: (written) =>
    typeof written === "string" && isForShells(written)
      ? "write the path out: variables and ~user are not expanded, only ~/"
      : undefined,
  parse: (written, directory) => {
    if (typeof written !== "string" || written === "" || written.includes("\0")) return undefined;
    if (isForShells(written)) return undefined;
    return resolve(directory, written.replace(/^~(?=$|\/)/, homedir()));
  },
};

const truths: readonly string[] = ["true", "yes", "on", "y"];
const lies: readonly string[] = ["false", "no", "off", "n"];

/** `true` or `false`, or another YAML 1.1 word for them, as registry:2 and Docker Compose accept. */
export const truth: Kind<boolean> = {
  expected: "true or false",
  parse: (written) => {
    if (typeof written === "boolean") return written;
    if (typeof written !== "string") return undefined;
    if (truths.includes(written.toLowerCase())) return true;
    return lies.includes(written.toLowerCase()) ? false : undefined;
  },
};

/** An address to listen on. */
export const hostName: Kind<string> = {
  expected: "an IP address or a host name, without a port",
  parse: (written) => {
    if (typeof written !== "string") return undefined;
    return isIP(written) !== 0 || /^(?=.*[a-z])[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(written) ? written : undefined;
  },
};

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

/** A path of this server. */
export const urlPath: Kind<string> = {
  expected: "a path that begins with / and has no query, such as /metrics",
  parse: (written) => (typeof written === "string" && /^\/[\w./~-]*$/.test(written) ? written : undefined),
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

/** One of a few words. */
export function oneOf<const Word extends string>(...words: readonly Word[]): Kind<Word> {
  return { expected: `one of ${words.join(", ")}`, parse: (written) => words.find((word) => word === written) };
}

/** What an event can tell. */
export const eventAction = oneOf("push", "mount", "delete");

/** What an event tells only if a receiver asks for it. */
export const furtherEventAction = oneOf("pull", "quota", "collection");

/** How events are written. */
export const eventFormat = oneOf("distribution", "cloudevents");

/** A version of TLS, which YAML parses as a number. */
export const tlsVersion: Kind<"1.2" | "1.3"> = {
  expected: "1.2 or 1.3",
  parse: (written) => {
    const version = String(written);
    return version === "1.2" || version === "1.3" ? version : undefined;
  },
};

/** An integer in a range that includes both ends. */
export function wholeNumber(from: number, to: number): Kind<number> {
  return {
    expected: `a whole number from ${from} to ${to}`,
    parse: (written) => {
      const number = typeof written === "string" && /^\d{1,15}$/.test(written) ? Number(written) : written;
      return typeof number === "number" && Number.isInteger(number) && number >= from && number <= to
        ? number
        : undefined;
    },
  };
}

/** A span of time, in milliseconds. */
export function duration({ from, to }: Range): Kind<number> {
  return {
    expected: `a duration from ${from} to ${to} such as 90s, 1h30m or 7d`,
    parse: (written) => (typeof written === "string" ? within(parseDuration, { from, to }, written) : undefined),
  };
}

/** A number of bytes. */
export function size({ from, to }: Range): Kind<number> {
  return {
    expected: `a size from ${from} to ${to} such as 64KiB, 4MiB or a number of bytes`,
    parse: (written) => {
      const isWritten = typeof written === "string" || typeof written === "number";
      return isWritten ? within(parseSize, { from, to }, String(written)) : undefined;
    },
  };
}

/** A list of values of one kind; as text, separated by commas. */
export function listOf<Value>(kind: Kind<Value>): Kind<readonly Value[]> {
  const itemsOf = (written: unknown): unknown =>
    typeof written === "string" ? written.split(",").map((item) => item.trim()) : written;
  return {
    expected: `a list, each item ${kind.expected}`,
    adviceFor: (written) => {
      const items = itemsOf(written);
      return Array.isArray(items)
        ? items.map((item) => kind.adviceFor?.(item)).find((advice) => advice !== undefined)
        : undefined;
    },
    parse: (written, directory) => {
      const items = itemsOf(written);
      if (!Array.isArray(items)) return undefined;
      const values = items.map((item) => kind.parse(item, directory)).filter((value) => value !== undefined);
      return values.length === items.length ? values : undefined;
    },
  };
}

function within(parse: (text: string) => number | undefined, range: Range, written: string): number | undefined {
  const value = parse(written);
  if (value === undefined) return undefined;
  return value >= (parse(range.from) ?? 0) && value <= (parse(range.to) ?? 0) ? value : undefined;
}
