import { showActor } from "../../oci/actor.js";
import type { Digest } from "../../oci/digest.js";
import { ExplainedError } from "../../serving/explained-error.js";
import type { TagChange } from "../../storage/content/tag-change.js";
import { table } from "../cache/table.js";
import { type OpenedTag, openTag } from "./opened-tag.js";

/** What became of a manifest that a tag pointed to. */
type State = "current" | "stored" | "trash" | "gone";

/** Prints the changes of a tag, the newest first. */
export async function showTagHistory(written: string, options: { config?: string; json?: true }): Promise<void> {
  const opened = await openTag(written, options);
  const { name, tag, storage } = opened;
  const current = await storage.tags.find(name, tag);
  const changes = await storage.tags.history.changes(name, tag);
  if (changes.length === 0)
    throw new ExplainedError(`${name} has no tag ${tag}, and there is no record of an earlier one`);
  const states = new Map<Digest, State>();
  for (const { digest } of changes)
    if (!states.has(digest)) states.set(digest, digest === current ? "current" : await stateOf(opened, digest));
  const rows = changes.map((change) => ({ ...change, state: states.get(change.digest) ?? "gone" }));
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ repository: name, tag, current, changes: rows.map(asJson) }, undefined, 2)}\n`
      : table(["TIME", "CHANGE", "DIGEST", "BY", "STATE"], rows.map(asRow)),
  );
}

async function stateOf({ storage, name }: OpenedTag, digest: Digest): Promise<State> {
  if (await storage.manifests.isLinked(name, digest)) return "stored";
  return (await storage.trash.find({ name, kind: "manifest", digest })) === undefined ? "gone" : "trash";
}

type Row = TagChange & { readonly state: State };

function asJson({ atMs, kind, digest, by, state }: Row) {
  return { time: timeOf(atMs), change: kind, digest, by: by && showActor(by), state };
}

function asRow({ atMs, kind, digest, by, state }: Row): string[] {
  return [timeOf(atMs), kind, digest, by === undefined ? "?" : showActor(by), state];
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
