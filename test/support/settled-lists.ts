import { setTimeout as delay } from "node:timers/promises";
import type { NamesWanted, StorageDriver } from "../../src/storage/driver.js";

/** A list that shows everything done before, however far the lists of the storage lag behind. */
export async function listed(driver: StorageDriver, key: string, wanted?: NamesWanted): Promise<readonly string[]> {
  if (driver.listLagMs > 0) await delay(driver.listLagMs + 1);
  return driver.list(key, wanted);
}
