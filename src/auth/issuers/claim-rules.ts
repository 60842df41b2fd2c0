/** The required values of claims: one or several each; `*` matches any characters. */
export type ClaimRules = ReadonlyMap<string, readonly string[]>;

/** Claims of an identity token, as the issuer wrote them. */
export type Claims = Readonly<Record<string, unknown>>;

/** A claim by its path: `kubernetes.io/namespace` reaches into an object, unless a claim has that whole name. */
export function claimAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const part of path.split("/")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Claims)[part];
  }
  return value;
}

/** A claim as text: issuers write numbers and booleans as such or as text (GitLab as text). */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** The values of a claim that may be a list. */
export function textsOf(value: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.map(textOf).filter((text) => text !== undefined);
}

/** Whether all rules are satisfied. A missing claim never satisfies one. */
export function satisfies(claims: Claims, rules: ClaimRules): boolean {
  return [...rules].every(([path, wanted]) => {
    const texts = textsOf(claimAt(claims, path));
    return texts.some((text) => wanted.some((pattern) => fits(text, pattern)));
  });
}

/** Runs in linear time: matches greedily, and backtracks only to the last star. */
export function fits(text: string, pattern: string): boolean {
  let [at, place, star, restart] = [0, 0, -1, 0];
  while (at < text.length) {
    if (pattern[place] === "*") {
      star = place++;
      restart = at;
    } else if (place < pattern.length && pattern[place] === text[at]) {
      at++;
      place++;
    } else if (star >= 0) {
      place = star + 1;
      at = ++restart;
    } else return false;
  }
  while (pattern[place] === "*") place++;
  return place === pattern.length;
}

/** Inserts claims for placeholders such as `${repository_owner}`; `undefined` if one is missing. */
export function fillIn(template: string, claims: Claims): string | undefined {
  let isComplete = true;
  const filled = template.replaceAll(/\$\{([^}]+)\}/g, (_, path: string) => {
    const text = textOf(claimAt(claims, path));
    isComplete &&= text !== undefined;
    return text ?? "";
  });
  return isComplete ? filled : undefined;
}
