import { fromGoDuration } from "../../../config/registry2/go-duration.js";
import {
  countIn,
  type ImportedKeep,
  type ImportedPolicies,
  type ImportedPolicy,
  isMap,
  isNamePattern,
  isTagPattern,
  mapsIn,
  textsIn,
  type Written,
  withoutBraces,
} from "./imported-policies.js";
import { patternsOf } from "./tag-expression.js";

/** The conditions of `keepTags` that Berth has. */
const durations = ["pushedWithin", "pulledWithin"] as const;

/** Translates `storage.retention` of zot's configuration. */
export function importZot(document: Written): ImportedPolicies | undefined {
  const { storage } = document;
  const places = isMap(storage)
    ? [storage, ...Object.values(isMap(storage.subPaths) ? storage.subPaths : {})]
    : [document];
  const retentions = places.flatMap((place) => (isMap(place) && isMap(place.retention) ? [place.retention] : []));
  if (retentions.length === 0) return undefined;
  const remarks: string[] = [];
  const policies = retentions.flatMap((retention) =>
    mapsIn(retention.policies).flatMap((policy, index) => policyOf(policy, retention, `policies[${index}]`, remarks)),
  );
  if (policies.length > 1)
    remarks.push("zot applies only the first policy that matches a repository; in Berth all that match add up");
  return { policies: policies.map((policy, index) => ({ ...policy, name: `zot-${index + 1}` })), remarks };
}

function policyOf(policy: Written, { delay }: Written, place: string, remarks: string[]): ImportedPolicy[] {
  const repositories = textsIn(policy.repositories)
    .flatMap(withoutBraces)
    .filter((pattern) => {
      if (isNamePattern(pattern)) return true;
      remarks.push(`${place}: the pattern of repositories ${pattern} has no equivalent and is left out`);
      return false;
    });
  if (repositories.length === 0) return [];
  if (policy.keepUntagged !== undefined)
    remarks.push(`${place}: keepUntagged has no equivalent: what is pulled or pushed again stays in Berth, too`);
  const keep = mapsIn(policy.keepTags).map((rule, index) => keepOf(rule, `${place}.keepTags[${index}]`, remarks));
  if (Array.isArray(policy.keepTags) && keep.length === 0)
    remarks.push(`${place}: keepTags is empty, which deletes all tags in zot, and none in Berth`);
  // zot deletes untagged manifests unless told otherwise.
  const untagged = policy.deleteUntagged === false ? {} : { untagged: { keepFor: durationOf(delay) ?? "24h" } };
  // Without keepTags, zot keeps all tags there, whatever later policies say.
  const all = policy.keepTags === undefined ? [{ tags: ["*"] }] : keep;
  return [{ name: "", repositories, ...(all.length > 0 && { keep: all }), ...untagged }];
}

function keepOf(rule: Written, place: string, remarks: string[]): ImportedKeep {
  const tags = textsIn(rule.patterns).flatMap((expression) => tagsOf(expression, place, remarks));
  const named = tags.length === 0 ? {} : { tags: [...new Set(tags)] };
  if (rule.mostRecentlyPulledCount !== undefined) {
    remarks.push(`${place}: mostRecentlyPulledCount has no equivalent, so all tags of its patterns are kept`);
    return { tags: named.tags ?? ["*"] };
  }
  const newest = countIn(rule.mostRecentlyPushedCount);
  const times = durations.flatMap((key) => {
    const time = durationOf(rule[key]);
    if (rule[key] !== undefined && time === undefined)
      remarks.push(`${place}: ${key} is not a duration and is left out`);
    return time === undefined ? [] : [[key, time] as const];
  });
  const conditions = { ...(newest !== undefined && { newest }), ...Object.fromEntries(times) };
  return Object.keys(conditions).length === 0 ? { tags: named.tags ?? ["*"] } : { ...named, ...conditions };
}

function tagsOf(expression: string, place: string, remarks: string[]): string[] {
  return patternsOf(expression).map(({ pattern, isExact }) => {
    const usable = isTagPattern(pattern) ? pattern : "*";
    if (!isExact || usable !== pattern)
      remarks.push(`${place}: the expression ${expression} became the pattern ${usable}, which keeps more`);
    return usable;
  });
}

/** As Berth writes it; `undefined` for what is no duration, or shorter than any of ours. */
function durationOf(written: unknown): string | undefined {
  const duration = typeof written === "string" ? fromGoDuration(written) : undefined;
  return duration !== undefined && /[dhm]|\ds/.test(duration.replaceAll(/\d+ms$/g, "")) && !/^0/.test(duration)
    ? duration
    : undefined;
}
