import { filePath, type Kind } from "./kinds.js";

/** What a rule may allow: `pull`, `push`, `delete`, `cache` (download what is not cached yet) or `admin`. */
export const accessActions = ["pull", "push", "delete", "cache", "admin"] as const;

export type AccessAction = (typeof accessActions)[number];

export const accessAction: Kind<AccessAction> = {
  expected: `one of ${accessActions.join(", ")}`,
  parse: (written) => accessActions.find((action) => action === written),
};

/** A user of an issuer has the issuer's name as a prefix: `github:owner/repository`. */
const subjectPattern = /^(@[^\s\p{Cc}]{1,255}|[A-Za-z0-9][^\s\p{Cc}]{0,255})$/u;

/** Text that can be quoted in a header. */
export const quotable: Kind<string> = {
  expected: "1 to 255 printable ASCII characters without quotes and backslashes",
  parse: (written) => (typeof written === "string" && /^[ !#-[\]-~]{1,255}$/.test(written) ? written : undefined),
};

/** A file, or `stdout`. */
export const outputFile: Kind<string> = {
  ...filePath,
  expected: "the path of a file, or stdout",
  parse: (written, directory) => (written === "stdout" ? written : filePath.parse(written, directory)),
};

/** The subject of a rule. */
export const accessSubject: Kind<string> = {
  expected: "a user, a @group, anonymous, authenticated or everyone",
  parse: (written) => (typeof written === "string" && subjectPattern.test(written) ? written : undefined),
};

const placeholder = "$" + "{user}";
const patternComponent = /^(\*\*|[a-z0-9*]([a-z0-9*._-]*[a-z0-9*])?)$/;

/** A pattern of repositories, in which `${user}` is the client's name. */
export const accessPattern: Kind<string> = {
  expected: `a pattern of repositories such as team/*, team/** or ${placeholder}/** (* within one part, ** for any number of parts)`,
  parse: (written) => {
    if (typeof written !== "string") return undefined;
    const isPattern = written
      .replaceAll(placeholder, "u")
      .split("/")
      .every((part) => patternComponent.test(part));
    return isPattern ? written : undefined;
  },
};

/** The scope of a token. */
export const accessScope: Kind<string> = {
  expected: "actions and a pattern of repositories, such as push:team/* or pull,delete:team/**",
  parse: (written) => {
    if (typeof written !== "string") return undefined;
    const [words = "", pattern = "", ...more] = written.split(":");
    const areActions = words.split(",").every((word) => accessAction.parse(word, "") !== undefined);
    return areActions && more.length === 0 && accessPattern.parse(pattern, "") !== undefined ? written : undefined;
  },
};

/** A plain object, since workers receive the configuration as JSON. */
export type TextsByKey = Readonly<Record<string, readonly string[]>>;

/** Keys with one string or several, such as groups and members; as text, in JSON. */
export const textsByKey: Kind<TextsByKey> = {
  expected: "keys with a text or a list of texts each",
  parse: (said) => {
    const written = typeof said === "string" ? jsonOf(said) : said;
    if (typeof written !== "object" || written === null || Array.isArray(written)) return undefined;
    const entries = Object.entries(written).map(([key, value]: [string, unknown]) => [key, textsOf(value)] as const);
    const known = entries.filter((entry): entry is [string, readonly string[]] => entry[1] !== undefined);
    return known.length === entries.length ? Object.freeze(Object.fromEntries(known)) : undefined;
  },
};

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function textsOf(value: unknown): readonly string[] | undefined {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts = values.map((each) => (typeof each === "number" || typeof each === "boolean" ? String(each) : each));
  return texts.every((text): text is string => typeof text === "string") ? texts : undefined;
}
