import { stringify } from "yaml";

/** A value on one line of YAML, lists in brackets. */
export function yamlValue(value: unknown): string {
  return stringify(value, { collectionStyle: "flow", flowCollectionPadding: false, lineWidth: 0 }).trimEnd();
}

/** Turns the lines of a section into a list item; comments before its first key stay before the dash. */
export function asItem(lines: readonly string[]): string[] {
  const first = lines.findIndex((line) => !line.startsWith("#"));
  return lines.map((line, index) => {
    if (index < first) return line;
    return index === first ? `- ${line}` : `  ${line}`;
  });
}
