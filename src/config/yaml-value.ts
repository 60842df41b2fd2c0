import { stringify } from "yaml";

/** A value on one line of YAML, lists in brackets. */
export function yamlValue(value: unknown): string {
  return stringify(value, { collectionStyle: "flow", flowCollectionPadding: false, lineWidth: 0 }).trimEnd();
}
