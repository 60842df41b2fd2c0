import type { Config } from "../config/schema.js";
import type { CollectionTimes } from "../maintenance/unneeded-content.js";
import type { Storage } from "../storage/storage.js";

/** How long unneeded content stays by the settings. */
export function collectionTimesOf({ maintenance: { gc } }: Config, storage: Storage): CollectionTimes {
  return { grace: gc.grace, claim: storage.contentLinks.safeMs, trash: gc.trash };
}
