import type { Storage } from "../storage/storage.js";
import { whileCollecting } from "./collection-lock.js";
import { findGarbage, type GarbageReport } from "./find-garbage.js";
import { removeGarbage } from "./remove-garbage.js";
import type { MarkRules } from "./repository-mark.js";

export interface CollectionSettings {
  readonly rules: MarkRules;
  readonly report: GarbageReport;
}

/** The result of a collection. */
export interface Collection {
  /** Size of the blobs that nothing needs. */
  readonly bytes: number;
}

/**
 * Collects garbage in three steps: makes sure that nothing else uses the storage (`collection-lock.ts`), marks what any
 * repository needs, which finds what none does (`find-garbage.ts`), and sweeps that (`remove-garbage.ts`).
 * @throws CollectionError if another collection runs, the storage is in use, or not everything can be accounted for
 */
export async function collect(storage: Storage, { rules, report }: CollectionSettings): Promise<Collection> {
  return whileCollecting(storage, async () => {
    // The pushes of a server that has just ended must be visible, or their content would be swept.
    await storage.listsSettled();
    const garbage = await findGarbage(storage, rules, report);
    const bytes = await removeGarbage(storage, garbage);
    await storage.collections.write();
    return { bytes };
  });
}

/** What {@link collect} would do; may run while a server uses the storage. Marks, and changes nothing. */
export async function planCollection(storage: Storage, { rules, report }: CollectionSettings): Promise<Collection> {
  const { bytes } = await findGarbage(storage, rules, report);
  return { bytes };
}
