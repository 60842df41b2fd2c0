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

function isBelowHome(path: string): boolean {
  return path === "~" || path.startsWith("~/");
}

/** Node throws if there is no `HOME` and no entry for the user, as for any user of a container (`docker run --user`). */
function homeFolder(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}

/** A file or folder, made absolute. `~` is the home folder, as in shells. */
export const filePath: Kind<string> = {
  expected: "the path of a file or folder",
  adviceFor: (written) => {
    if (typeof written !== "string") return undefined;
    if (isForShells(written)) return "write the path out: variables and ~user are not expanded, only ~/";
    return isBelowHome(written) ? "write the path out: this user has no home folder" : undefined;
  },
  parse: (written, directory) => {
    if (typeof written !== "string" || written === "" || written.includes("\0")) return undefined;
    if (isForShells(written)) return undefined;
    if (!isBelowHome(written)) return resolve(directory, written);
    const home = homeFolder();
    return home === undefined ? undefined : resolve(home, written.slice("~/".length));
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

/** One of a few words. */
export function oneOf<const Word extends string>(...words: readonly Word[]): Kind<Word> {
  return { expected: `one of ${words.join(", ")}`, parse: (written) => words.find((word) => word === written) };
}

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
