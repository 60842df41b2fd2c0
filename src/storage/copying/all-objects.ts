import type { FoundObject, StorageDriver } from "../driver.js";

/** All objects below a key, with few requests where the storage can list them so. */
export async function* allObjects(driver: StorageDriver, key: string): AsyncIterable<FoundObject> {
  if (driver.all !== undefined) yield* driver.all(key);
  else for (const name of await driver.list(key)) yield* atOrBelow(driver, `${key}/${name}`);
}

async function* atOrBelow(driver: StorageDriver, key: string): AsyncIterable<FoundObject> {
  const names = await driver.list(key);
  for (const name of names) yield* atOrBelow(driver, `${key}/${name}`);
  if (names.length > 0) return;
  const stat = await driver.stat(key);
  if (stat !== undefined) yield { key, size: stat.size };
}

/** The same, in memory: sizes by key. */
export async function sizesBelow(driver: StorageDriver, key: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for await (const { key: found, size } of allObjects(driver, key)) sizes.set(found, size);
  return sizes;
}
