import { inParallel } from "../../foundation/in-parallel.js";
import { isDigest } from "../../oci/digest.js";
import { isRepositoryName, type RepositoryName } from "../../oci/repository-name.js";
import { isOfRepository, layout, repositoryFolders } from "../layout.js";
import type { Storage } from "../storage.js";
import { sizesBelow } from "./all-objects.js";
import { BlobCopy } from "./blob-copy.js";
import { CopiedRecord } from "./copied-record.js";
import type { CopyReport } from "./copy-report.js";
import { GroupCopy, type Step } from "./group-copy.js";

const repositoriesAtOnce = 4;

export interface CopySettings {
  readonly report: CopyReport;
  readonly isDryRun: boolean;
  readonly signal: AbortSignal;
}

/**
 * Copies everything that belongs to the content of a storage to another one, while servers use both. A copy that was
 * killed is continued by the next one; a copy after a copy brings what has changed since, and removes from the target
 * what an earlier one had brought and the source no longer has.
 */
export async function copyStorage(source: Storage, target: Storage, settings: CopySettings): Promise<void> {
  const there = await sizesBelow(target.driver, `${layout.root}/blobs`);
  const blobs = new BlobCopy({ source, target, there, ...settings });
  const groups = new GroupCopy({ source, target, blobs, ...settings });
  // Whose content is an upstream's must be known before there is content.
  for (const folder of layout.kept) await groups.copy(folder, [{ folder, changes: "records" }]);
  const names: RepositoryName[] = [];
  for await (const { name } of source.index.repositories()) names.push(name);
  await inParallel(names, repositoriesAtOnce, async (name) => {
    await groups.copy(name, await stepsOf(source, name));
    settings.report.repositories++;
  });
  await copyTrashed(source, blobs);
  await removeGone(groups, target, new Set(names));
  const [first] = names;
  // Servers on the target learn that their list of repositories is old.
  if (first !== undefined && !settings.isDryRun) await target.index.announce(first, "manifests");
}

/** Blobs before manifests, and tags last; what the distribution registry does not know comes between. */
async function stepsOf(source: Storage, name: RepositoryName): Promise<readonly Step[]> {
  const folder = layout.repository(name);
  const tags = layout.tags(name);
  const isCurrent = (key: string) => key.endsWith("/current/link");
  const own = (await source.driver.list(folder)).filter(isOfRepository);
  const others = own.filter((child) => !Object.values<string>(repositoryFolders).includes(child));
  return [
    { folder: layout.layers(name) },
    { folder: layout.revisions(name) },
    // Of what lies there, the key says what it contains: reading all of it again from a bucket would take minutes.
    ...others.map((child) => ({ folder: `${folder}/${child}` })),
    { folder: tags, isIncluded: (key: string) => !isCurrent(key) },
    { folder: tags, isIncluded: isCurrent, changes: "tags" },
  ];
}

/** What is in the trash can be restored only with its bytes. */
async function copyTrashed(source: Storage, blobs: BlobCopy): Promise<void> {
  for await (const record of source.trash.records())
    if (record.content !== undefined && isDigest(record.content)) await blobs.ensure(record.content);
}

/** Repositories that an earlier copy has brought, and that are gone. */
async function removeGone(groups: GroupCopy, target: Storage, names: ReadonlySet<string>): Promise<void> {
  for await (const group of new CopiedRecord(target.driver).groups())
    if (isRepositoryName(group) && !names.has(group)) await groups.copy(group, []);
}
