import { parseWrittenName } from "../../oci/image-name.js";
import type { Tag } from "../../oci/reference.js";
import { showTime, type TagDecision } from "../../retention/decide-tags.js";
import type { RepositoryPolicy } from "../../retention/policies.js";
import { planRepository } from "../../retention/repository-plan.js";
import { ExplainedError } from "../../serving/explained-error.js";
import { privateNamesOf } from "../../serving/private-names.js";
import { openRetention } from "./opened-retention.js";

/** Shows what happens to the tags of a repository, or to one tag, and why. */
export async function explainRetention(written: string, options: { config?: string; json?: true }): Promise<void> {
  const { name, tag } = parseWrittenName(written);
  const { config, policies, storage, times } = await openRetention(options);
  if (!privateNamesOf(config)(name))
    throw new ExplainedError(
      `${name} is not private here, and policies are for private repositories (see: berth owner)`,
    );
  const policy = policies.of(name);
  const { decisions } = await planRepository(storage, name, policy, times);
  const { manifests: isThere } = await storage.index.kinds(name);
  const explained = tag === undefined ? decisions : decisions.filter((each) => each.tag === tag);
  if (tag !== undefined && explained.length === 0) throw new ExplainedError(whyNot(name, tag));
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ repository: name, policies: policy.names, tags: explained.map(asJson) }, undefined, 2)}\n`
      : `${[isThere ? headOf(name, policy) : headOfAbsent(name, policy), ...explained.flatMap(linesOf)].join("\n")}\n`,
  );
}

function whyNot(name: string, tag: Tag): string {
  return `${name} has no tag ${tag}, or it belongs to another image, such as the tag of a signature, and is deleted with it`;
}

/** Before the first push, the policies that will apply are of use; a mistyped name must not read as if it were kept. */
function headOfAbsent(name: string, { names }: RepositoryPolicy): string {
  const policies = names.length === 0 ? "no policy matches its name" : `policies ${names.join(", ")} would apply`;
  return `${name}: there is no such repository here; ${policies}`;
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
  const verdict = reasons.length === 0 ? "deleted: no rule keeps it" : "stays";
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
