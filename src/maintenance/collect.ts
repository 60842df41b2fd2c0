import type { Storage } from "../storage/storage.js";
import { changesAlone, changesBeside, noChanges } from "./collection-changes.js";
import { whileCollecting } from "./collection-lock.js";
import type { Collection, CollectionReport } from "./collection-report.js";
import { CollectionRun } from "./collection-run.js";
import { atOnce, type CollectionTimes } from "./unneeded-content.js";

export interface CollectionSettings {
  /** Whether to delete manifests without a tag, unless a kept one references them or is their subject. */
  readonly deleteUntagged: boolean;
  /** How long unneeded content stays beside servers. Alone, it goes at once. */
  readonly times: CollectionTimes;
  readonly report: CollectionReport;
  /** Called between two steps: waits as long as others should go first. @throws if the collection is to end */
  pace(): Promise<void>;
}

/**
 * Collects garbage. If nothing else uses the storage, unneeded content goes at once, as with registry:2. Beside
 * servers, it goes when it has been unneeded for some time and no client counts on it (`link-removal.ts`).
 * @throws CollectionError if another collection runs, or what an earlier one was removing cannot be put back
 */
export function collect(storage: Storage, settings: CollectionSettings): Promise<Collection> {
  return whileCollecting(storage, {
    alone: (lost) => collectAlone(storage, settings, lost),
    beside: (lost) => collectHolding(storage, settings, lost),
  });
}

/** Collects garbage beside servers, this one among them. @throws CollectionError if another collection runs */
export function collectBeside(storage: Storage, settings: CollectionSettings): Promise<Collection> {
  return whileCollecting(storage, { beside: (lost) => collectHolding(storage, settings, lost) });
}

/**
 * What {@link collect} would do; changes nothing.
 * @param startMs the time of the storage, in milliseconds since 1970, which cannot be learned without a write
 */
export async function planCollection(
  storage: Storage,
  settings: CollectionSettings,
  startMs: number = Date.now(),
): Promise<Collection> {
  const isAlone = !(await storage.isWorkedOn());
  return run(storage, settings, { isAlone, changes: noChanges, lost: new AbortController().signal, startMs });
}

async function collectAlone(storage: Storage, settings: CollectionSettings, lost: AbortSignal): Promise<Collection> {
  const startMs = await storage.collections.storageTimeMs();
  return run(storage, settings, { isAlone: true, changes: changesAlone(storage), lost, startMs });
}

async function collectHolding(storage: Storage, settings: CollectionSettings, lost: AbortSignal): Promise<Collection> {
  const startMs = await storage.collections.storageTimeMs();
  return run(storage, settings, { isAlone: false, changes: changesBeside(storage), lost, startMs });
}

interface How {
  readonly isAlone: boolean;
  readonly changes: CollectionRun["changes"];
  /** Aborted when another collection may run. */
  readonly lost: AbortSignal;
  readonly startMs: number;
}

async function run(
  storage: Storage,
  settings: CollectionSettings,
  { isAlone, changes, lost, startMs }: How,
): Promise<Collection> {
  const startedAt = performance.now();
  const started = await CollectionRun.begin({
    ...settings,
    storage,
    changes,
    isAlone,
    times: isAlone ? { ...atOnce, untaggedKeepOf: settings.times.untaggedKeepOf } : settings.times,
    // Not by the clock of this machine, which may jump.
    now: () => startMs + performance.now() - startedAt,
    pace: async () => {
      lost.throwIfAborted();
      await settings.pace();
    },
  });
  return started.perform();
}
