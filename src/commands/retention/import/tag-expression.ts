/** A pattern of tags that matches at least what a regular expression does. */
export interface WiderPattern {
  readonly pattern: string;
  /** Whether it matches just the same. */
  readonly isExact: boolean;
}

/**
 * The patterns for a regular expression: what a pattern cannot say becomes `*`. An expression that is not anchored
 * matches anywhere, as in Go.
 */
export function patternsOf(expression: string): readonly WiderPattern[] {
  return alternativesOf(expression).map(patternOf);
}

/** The parts between `|` that are in no group and no class. */
function alternativesOf(expression: string): string[] {
  const parts: string[] = [""];
  let depth = 0;
  for (const token of tokensOf(expression)) {
    if (token === "(") depth++;
    if (token === ")") depth--;
    if (token === "|" && depth === 0) parts.push("");
    else parts[parts.length - 1] += token;
  }
  return parts;
}

/** Escapes and classes as a whole, all else by character. */
function tokensOf(expression: string): string[] {
  return expression.match(/\\.|\[\^?\]?[^\]]*\]|[\s\S]/g) ?? [];
}

function patternOf(expression: string): WiderPattern {
  const tokens = tokensOf(expression);
  const isStart = tokens[0] === "^";
  const isEnd = tokens.at(-1) === "$";
  const inside = tokens.slice(isStart ? 1 : 0, isEnd ? -1 : undefined);
  const { text, isExact } = translated(inside);
  const whole = `${isStart ? "" : "*"}${text}${isEnd ? "" : "*"}`.replaceAll(/\*+/g, "*");
  return { pattern: whole === "" ? "*" : whole, isExact: isExact && whole !== "" };
}

function translated(tokens: readonly string[]): { text: string; isExact: boolean } {
  let text = "";
  let isExact = true;
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] ?? "";
    const next = tokens[index + 1] ?? "";
    const isRepeated = /^[*+?{]$/.test(next);
    const literal = /^\\[^A-Za-z0-9]$/.test(token) ? token.slice(1) : token;
    if (token === "." && next === "*") text += "*";
    else if (/^[\w.-]$/.test(literal) && token !== "." && !isRepeated) text += literal;
    else {
      text += "*";
      isExact = false;
    }
    if (token === "(") index = afterGroup(tokens, index) - 1;
    if (isRepeated || token === "(") index = afterRepetition(tokens, index + 1) - 1;
  }
  return { text, isExact };
}

function afterGroup(tokens: readonly string[], start: number): number {
  let depth = 0;
  for (let index = start; index < tokens.length; index++) {
    if (tokens[index] === "(") depth++;
    if (tokens[index] === ")" && --depth === 0) return index + 1;
  }
  return tokens.length;
}

/** Behind `*`, `+`, `?` or `{2,3}`, and a `?` that makes it lazy. */
function afterRepetition(tokens: readonly string[], start: number): number {
  let index = start;
  if (tokens[index] === "{") {
    const end = tokens.indexOf("}", index);
    index = end < 0 ? tokens.length : end + 1;
  } else if (/^[*+?]$/.test(tokens[index] ?? "")) index++;
  return tokens[index] === "?" ? index + 1 : index;
}
