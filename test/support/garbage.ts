import { collect as collectGarbage } from "../../src/maintenance/collect.js";
import type { Collection, CollectionReport } from "../../src/maintenance/collection-report.js";
import type { RepositoryMark } from "../../src/maintenance/repository-mark.js";
import { atOnce, type CollectionTimes, type Stay } from "../../src/maintenance/unneeded-content.js";
import type { Digest } from "../../src/oci/digest.js";
import type { Unneeded } from "../../src/storage/collection-notes.js";
import type { Storage } from "../../src/storage/storage.js";

/** What a collection said. */
export class RecordedCollection implements CollectionReport {
  readonly problems: string[] = [];
  readonly went: string[] = [];
  readonly stayed: { readonly item: Unneeded; readonly stay: Stay }[] = [];

  /** Repositories that were read. */
  readonly read: string[] = [];

  repositories(): void {}

  marked({ name }: RepositoryMark): void {
    this.read.push(name);
  }

  found(): void {}

  goes(item: Parameters<CollectionReport["goes"]>[0]): void {
    this.went.push(item.kind === "repository" ? `repository ${item.name}` : `${item.kind} ${item.digest}`);
  }

  stays(item: Unneeded, stay: Stay): void {
    this.stayed.push({ item, stay });
  }

  problem(problem: string): void {
    this.problems.push(problem);
  }

  /** Why an item stays, or `undefined` if it was not said to. */
  whyStays(kind: Unneeded["kind"], digest: Digest): Stay["why"] | undefined {
    return this.stayed.find(({ item }) => item.kind === kind && item.digest === digest)?.stay.why;
  }
}

export function collectionSettings(report: CollectionReport, times: CollectionTimes = atOnce, deleteUntagged = false) {
  return { deleteUntagged, times, report, pace: async () => {} };
}

export interface Collected extends Collection {
  readonly problems: readonly string[];
  readonly report: RecordedCollection;
}

/** Collects garbage of a storage that nothing else uses. */
export async function collect(
  storage: Storage,
  { deleteUntagged = false }: { readonly deleteUntagged?: boolean } = {},
): Promise<Collected> {
  const report = new RecordedCollection();
  const collection = await collectGarbage(storage, collectionSettings(report, atOnce, deleteUntagged));
  await storage.listsSettled();
  return { ...collection, problems: report.problems, report };
}

/** All digests with stored bytes, sorted. */
export async function digestsStored(storage: Storage): Promise<Digest[]> {
  const digests: Digest[] = [];
  await storage.listsSettled();
  for await (const { digest } of storage.blobs.all()) digests.push(digest);
  return digests.sort();
}
