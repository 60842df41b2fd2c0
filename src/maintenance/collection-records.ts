import { isOutOfRoom } from "../oci/storage-error.js";
import { NotedItems } from "../storage/collection-notes.js";
import { CollectionError } from "./collection-lock.js";
import type { CollectionReport } from "./collection-report.js";
import type { RunParts } from "./collection-run.js";
import { isUnreadable } from "./unreadable-content.js";

/** Without what a killed collection was about to remove, any repository may lack a manifest that it needs. */
export async function beginChanges({ changes }: RunParts): Promise<void> {
  try {
    await changes.begin();
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    throw new CollectionError(
      `what an earlier collection was removing when it ended cannot be put back, and anything may need it, so nothing was removed (${error.message})`,
      { cause: error },
    );
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
