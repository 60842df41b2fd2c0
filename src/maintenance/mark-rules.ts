import type { Storage } from "../storage/storage.js";

export interface MarkRules {
  /** Manifests without a tag go, unless one that stays names them or is their subject. */
  readonly deleteUntagged: boolean;
  /** What was stored since, in milliseconds since 1970, stays: somebody may be in the middle of a push. */
  readonly keepSince: number | undefined;
}

/** Whether an object is too young to go. */
export async function isYoung(storage: Storage, key: string, { keepSince }: MarkRules): Promise<boolean> {
  if (keepSince === undefined) return false;
  const stat = await storage.driver.stat(key);
  return stat !== undefined && stat.modifiedMs >= keepSince;
}
