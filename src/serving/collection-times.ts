import type { Config } from "../config/schema.js";
import type { CollectionTimes } from "../maintenance/unneeded-content.js";
import { safeTimeOf } from "../storage/content/content-links.js";

/** How long unneeded content stays by the settings. */
export function collectionTimesOf({ maintenance: { gc } }: Config): CollectionTimes {
  return { grace: gc.grace, claim: safeTimeOf(gc.claim), trash: gc.trash };
}
