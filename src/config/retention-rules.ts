import type { BrokenRule } from "./findings.js";

/** Retention policies; values that are invalid by themselves are missing. */
export interface RetentionDraft {
  readonly policies: readonly { readonly name: string | undefined }[];
}

/** Policies whose names do not tell them apart. */
export function brokenRetentionRules({ policies }: RetentionDraft): readonly BrokenRule[] {
  return policies.flatMap(({ name }, index) => {
    const first = policies.findIndex((other) => other.name === name);
    if (name === undefined || first === index) return [];
    const message = `${name} is the name of retention.policies[${first}], too`;
    return [{ path: ["retention", "policies", index, "name"], causedBy: [], message }];
  });
}
