/** One challenge of a `WWW-Authenticate` header. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** By lower-case name; if a name occurs twice, the first one counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** A parameter, a scheme, or a comma, with the blanks after it (RFC 9110, "WWW-Authenticate"). */
const parameterPattern = /([!#$%&'*+.^_`|~\w-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))[ \t]*/y;
const schemePattern = /([!#$%&'*+.^_`|~\w-]+)(?=[ \t]*(?:,|$)|[ \t]+[^ \t=])[ \t]*/y;
const separatorPattern = /,[ \t]*/y;

const maxLength = 8_192;

/**
 * Parses a `WWW-Authenticate` header, in which commas separate both challenges and their parameters, and may also be
 * inside quotes. Parsing stops at the first error.
 */
export function parseChallenges(header: string): Challenge[] {
  const text = header.slice(0, maxLength).trim();
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  const at = { position: 0 };
  while (at.position < text.length) {
    if (next(separatorPattern, text, at)) continue;
    const parameter = next(parameterPattern, text, at);
    const current = challenges.at(-1);
    if (parameter && current) {
      const [, name = "", quoted, bare = ""] = parameter;
      const key = name.toLowerCase();
      if (!current.parameters.has(key)) current.parameters.set(key, quoted?.replace(/\\(.)/g, "$1") ?? bare);
      continue;
    }
    const scheme = parameter ? undefined : next(schemePattern, text, at);
    if (!scheme) break;
    challenges.push({ scheme: (scheme[1] ?? "").toLowerCase(), parameters: new Map() });
  }
  return challenges;
}

/** No registry offers more ways; for each, a token service is asked. */
const mostTokenServices = 4;

/**
 * Tokens before the credentials themselves. A Bearer without a realm cannot be used, so it counts only if it is alone.
 */
export function inOrderOfUse(challenges: readonly Challenge[]): readonly Challenge[] {
  const bearer = challenges.filter(({ scheme }) => scheme === "bearer");
  const basic = challenges.filter(({ scheme }) => scheme === "basic");
  const withRealm = bearer.filter(({ parameters }) => parameters.get("realm"));
  const usable = [...withRealm.slice(0, mostTokenServices), ...basic.slice(0, 1)];
  return usable.length > 0 ? usable : bearer;
}

function next(pattern: RegExp, text: string, at: { position: number }): RegExpExecArray | undefined {
  pattern.lastIndex = at.position;
  const found = pattern.exec(text);
  if (found) at.position = pattern.lastIndex;
  return found ?? undefined;
}
