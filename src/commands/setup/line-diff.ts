const contextLines = 2;

/** The changed lines, `-` for removed and `+` for added, with some context. */
export function lineDiff(before: string, after: string): string[] {
  const old = linesOf(before);
  const now = linesOf(after);
  const same = commonLength(old, now);
  const sameAtEnd = commonLength(old.slice(same).reverse(), now.slice(same).reverse());
  const around = (lines: readonly string[]) => lines.map((line) => `  ${line}`);
  return [
    ...around(old.slice(Math.max(0, same - contextLines), same)),
    ...old.slice(same, old.length - sameAtEnd).map((line) => `- ${line}`),
    ...now.slice(same, now.length - sameAtEnd).map((line) => `+ ${line}`),
    ...around(now.slice(now.length - sameAtEnd).slice(0, contextLines)),
  ];
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

function commonLength(one: readonly string[], other: readonly string[]): number {
  const length = one.findIndex((line, index) => line !== other[index]);
  return length < 0 ? one.length : length;
}
