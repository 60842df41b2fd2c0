import { parseTag, type Tag } from "../../oci/reference.js";
import { parseRepositoryName } from "../../oci/repository-name.js";
import { showTime, type TagDecision } from "../../retention/decide-tags.js";
import type { RepositoryPolicy } from "../../retention/policies.js";
import { planRepository } from "../../retention/repository-plan.js";
import { ExplainedError } from "../../serving/explained-error.js";
import { privateNamesOf } from "../../serving/private-names.js";
import { openRetention } from "./opened-retention.js";

/** Says what becomes of the tags of a repository, or of one tag, and why. */
export async function explainRetention(written: string, options: { config?: string; json?: true }): Promise<void> {
  const colon = written.indexOf(":", written.lastIndexOf("/") + 1);
  const name = parseRepositoryName(colon < 0 ? written : written.slice(0, colon));
  const tag = colon < 0 ? undefined : parseTag(written.slice(colon + 1));
  const { config, policies, storage, times } = await openRetention(options);
  if (!privateNamesOf(config)(name))
    throw new ExplainedError(
      `${name} is not private here, and policies are for private repositories (see: berth owner)`,
    );
  const policy = policies.of(name);
  const { decisions } = await planRepository(storage, name, policy, times);
  const explained = tag === undefined ? decisions : decisions.filter((each) => each.tag === tag);
  if (tag !== undefined && explained.length === 0) throw new ExplainedError(whyNot(name, tag));
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ repository: name, policies: policy.names, tags: explained.map(asJson) }, undefined, 2)}\n`
      : `${[headOf(name, policy), ...explained.flatMap(linesOf)].join("\n")}\n`,
  );
}

function whyNot(name: string, tag: Tag): string {
  return `${name} has no tag ${tag}, or it belongs to another image, such as the tag of a signature, and goes with that`;
}

function headOf(name: string, { names, untaggedKeepMs }: RepositoryPolicy): string {
  if (names.length === 0) return `${name}: no policy matches, so everything is kept`;
  const untagged =
    untaggedKeepMs === undefined
      ? "untagged manifests are kept"
      : `untagged manifests are kept for ${Math.round(untaggedKeepMs / 60_000)} minutes`;
  return `${name}: policies ${names.join(", ")}; ${untagged}`;
}

function linesOf({ tag, reasons, pushedMs, pulledMs }: TagDecision): string[] {
  const times = `pushed ${timeOf(pushedMs)}${pulledMs === undefined ? "" : `, pulled ${timeOf(pulledMs)}`}`;
  const verdict = reasons.length === 0 ? "goes: no rule keeps it" : "stays";
  return [`${tag} ${verdict} (${times})`, ...reasons.map((reason) => `  ${reason}`)];
}

function asJson({ tag, digest, pushedMs, pulledMs, reasons }: TagDecision) {
  return {
    tag,
    digest,
    pushed: pushedMs && new Date(pushedMs).toISOString(),
    pulled: pulledMs && new Date(pulledMs).toISOString(),
    stays: reasons.length > 0,
    reasons,
  };
}

function timeOf(ms: number | undefined): string {
  return ms === undefined ? "at an unknown time" : showTime(ms);
}
