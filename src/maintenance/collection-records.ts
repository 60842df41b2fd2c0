import { isOutOfRoom, type StorageError } from "../oci/storage-error.js";
import { NotedItems } from "../storage/collection-notes.js";
import type { CollectionReport } from "./collection-report.js";
import type { RunParts } from "./collection-run.js";
import { isUnreadable } from "./unreadable-content.js";

/** @returns why links that a killed collection was removing could not be put back, if so */
export async function beginChanges({ changes }: RunParts): Promise<StorageError | undefined> {
  try {
    await changes.begin();
    return undefined;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return error;
  }
}

/** Without notes of earlier collections, everything unneeded waits once more. */
export async function readNotes({ storage, report }: RunParts): Promise<NotedItems> {
  try {
    return await storage.collectionNotes.read();
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    report.problem(`notes of earlier collections cannot be read, so each grace begins again (${error.message})`);
    return new NotedItems();
  }
}

/** A collection must free space also where nothing more can be written. */
export async function record(report: CollectionReport, what: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!isUnreadable(error) && !isOutOfRoom(error)) throw error;
    report.problem(`the collection could not record ${what} (${error.message})`);
  }
}
