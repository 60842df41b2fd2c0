import { loadConfig } from "../../config/load.js";
import { trashedLinks, type UndeleteTarget, undelete } from "../../maintenance/undelete.js";
import { createLogger } from "../../observability/winston-logger.js";
import { parseDigest } from "../../oci/digest.js";
import { parseRepositoryName } from "../../oci/repository-name.js";
import { ExplainedError } from "../../serving/explained-error.js";
import type { TrashedLink } from "../../storage/content/trash.js";
import type { Storage } from "../../storage/storage.js";
import { table } from "../cache/table.js";
import { openCollectedStorage } from "./collected-storage.js";

interface TrashOptions {
  readonly config?: string | undefined;
}

/** Prints what can be restored. */
export async function listTrash(options: TrashOptions): Promise<void> {
  const rows = (await trashedLinks(await open(options))).map(({ link, sinceMs }) => [
    link.name,
    link.kind,
    link.digest,
    new Date(sinceMs).toISOString(),
  ]);
  process.stdout.write(
    rows.length === 0 ? "the trash is empty\n" : table(["REPOSITORY", "KIND", "DIGEST", "DELETED"], rows),
  );
}

/** Restores all that is named, and says what of it was not there. */
export async function undeleteAll(names: readonly string[], options: TrashOptions): Promise<void> {
  const storage = await open(options);
  const missing: string[] = [];
  const targets = names.map((written) => [written, targetOf(written)] as const);
  for (const [written, target] of targets) {
    const restored = await undelete(storage, target);
    for (const trashed of restored) process.stdout.write(`${lineOf(trashed)}\n`);
    if (restored.length === 0) missing.push(`${written} is not in the trash`);
  }
  if (missing.length > 0) throw new ExplainedError("not everything could be restored (see: berth gc trash)", missing);
}

function targetOf(written: string): UndeleteTarget {
  const [name = "", digest] = written.split("@");
  if (name.includes(":"))
    throw new ExplainedError(`${written} names a tag, and the trash holds content`, [
      `berth tag restore ${name} brings the tag back, and what it pointed to with it`,
      "berth gc undelete takes a repository, or a digest of one: team/app, team/app@sha256:...",
    ]);
  return { name: parseRepositoryName(name), digest: digest === undefined ? undefined : parseDigest(digest) };
}

function lineOf({ link: { name, kind, digest } }: TrashedLink): string {
  return `${name}: ${kind} restored: ${digest}`;
}

async function open({ config: file }: TrashOptions): Promise<Storage> {
  const { config } = await loadConfig({ file, environment: process.env, directory: process.cwd() });
  return openCollectedStorage(config, createLogger(config.log, process.stderr));
}
