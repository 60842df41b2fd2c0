import { parseDuration } from "../../config/duration.js";
import { beginWork } from "../../maintenance/collection-lock.js";
import { type Digest, parseDigest } from "../../oci/digest.js";
import { ExplainedError } from "../../serving/explained-error.js";
import { OwnChanges } from "../../serving/own-changes.js";
import { type OpenedTag, openTag } from "./opened-tag.js";

interface RestoreOptions {
  readonly config?: string;
  readonly digest: string | undefined;
  /** A time. */
  readonly at?: string;
}

/** Moves a tag to what it pointed to before, also one that was deleted. */
export async function restoreTag(written: string, options: RestoreOptions): Promise<void> {
  const opened = await openTag(written, options);
  const endWork = await beginWork(opened.storage);
  try {
    await restore(opened, await wantedDigest(opened, options));
  } finally {
    await endWork();
    opened.log.flush();
  }
}

async function wantedDigest(opened: OpenedTag, { digest, at }: RestoreOptions): Promise<Digest> {
  if (digest !== undefined) return parseDigest(digest);
  return at === undefined ? previousDigest(opened) : digestAt(opened, timeFrom(at));
}

/** Of a deleted tag, what it pointed to last. */
async function previousDigest({ storage, name, tag }: OpenedTag): Promise<Digest> {
  const current = await storage.tags.find(name, tag);
  const changes = await storage.tags.history.changes(name, tag);
  const previous = changes.find(({ digest }) => digest !== current);
  if (previous === undefined) throw new ExplainedError(`there is no record of what ${name}:${tag} pointed to before`);
  return previous.digest;
}

async function digestAt({ storage, name, tag }: OpenedTag, atMs: number): Promise<Digest> {
  const changes = await storage.tags.history.changes(name, tag);
  const last = changes.find((change) => change.atMs <= atMs);
  const time = new Date(atMs).toISOString();
  if (last === undefined) throw new ExplainedError(`there is no record of ${name}:${tag} at ${time}`);
  if (last.kind === "deleted") throw new ExplainedError(`${name}:${tag} was deleted at ${time}; name the digest`);
  return last.digest;
}

function timeFrom(text: string): number {
  const ago = parseDuration(text);
  const atMs = ago === undefined ? Date.parse(text) : Date.now() - ago;
  if (Number.isNaN(atMs))
    throw new ExplainedError(`${text} is not a time; write it as 2026-01-31T12:00:00Z, or as 2h for two hours ago`);
  return atMs;
}

/** The stored bytes are pushed again: the rules for pushes apply. */
async function restore({ storage, name, tag, config, log }: OpenedTag, digest: Digest): Promise<void> {
  const changes = await OwnChanges.open(config, "command line", { storage, log });
  const repository = await changes.repository(name, "push");
  const found = await storage.manifests.find(name, digest);
  if (found === undefined)
    throw new ExplainedError(
      `${name} no longer has ${digest}, or not all of it; see: berth tag history ${name}:${tag}`,
    );
  // The storage remembers its own bytes.
  const bytes = Buffer.from(found.bytes);
  const pushed = await repository.putManifest(
    { reference: tag, bytes, contentType: found.descriptor.mediaType, tags: [] },
    changes.context,
  );
  const before = pushed.moved[0]?.from;
  process.stdout.write(
    `${name}:${tag} points to ${digest} again${before === undefined ? "" : `, and no longer to ${before}`}\n`,
  );
}
