import type { StorageError } from "../../oci/storage-error.js";
import { isUnreadable } from "../unreadable-content.js";
import type { Suspect } from "./suspect.js";

export const adviceForDisk = "find out what is wrong with the disk or the bucket, then run berth fsck again";

/**
 * A place that could not be read, so that nothing is known of what is there.
 * @param again does the same once more: what it finds is then part of the check
 */
export function unreadablePlace(place: string, error: StorageError, again: () => Promise<unknown>): Suspect {
  return {
    flaw: "unreadable",
    isDamage: true,
    place,
    what: `it cannot be read, so what is there was not checked (${error.message})`,
    advice: adviceForDisk,
    confirm: () => isStillUnreadable(again),
  };
}

export async function isStillUnreadable(read: () => Promise<unknown>): Promise<boolean> {
  try {
    await read();
    return false;
  } catch (error) {
    if (isUnreadable(error)) return true;
    throw error;
  }
}
