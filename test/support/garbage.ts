import { findGarbage, type Garbage } from "../../src/maintenance/find-garbage.js";
import { removeGarbage } from "../../src/maintenance/remove-garbage.js";
import type { MarkRules } from "../../src/maintenance/repository-mark.js";
import type { Digest } from "../../src/oci/digest.js";
import type { Storage } from "../../src/storage/storage.js";

export interface Collected {
  readonly garbage: Garbage;
  readonly problems: readonly string[];
  readonly freed: number;
}

/** Collects garbage of a storage that nothing else uses. */
export async function collect(storage: Storage, rules: Partial<MarkRules> = {}): Promise<Collected> {
  const problems: string[] = [];
  const report = {
    marked: (mark: { name: string; problems: readonly string[] }) => {
      problems.push(...mark.problems.map((problem) => `${mark.name}: ${problem}`));
    },
    found: () => {},
  };
  await storage.listsSettled();
  const garbage = await findGarbage(storage, { deleteUntagged: false, ...rules }, report);
  const freed = await removeGarbage(storage, garbage);
  await storage.listsSettled();
  return { garbage, problems, freed };
}

/** All digests with stored bytes, sorted. */
export async function digestsStored(storage: Storage): Promise<Digest[]> {
  const digests: Digest[] = [];
  await storage.listsSettled();
  for await (const { digest } of storage.blobs.all()) digests.push(digest);
  return digests.sort();
}
