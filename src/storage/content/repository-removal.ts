import type { RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { isOfRepository, layout } from "../layout.js";
import { walkRepositories } from "./catalog.js";

/** Removes all that a repository holds, and none of the repositories whose names begin with its name. */
export async function removeRepository(driver: StorageDriver, name: RepositoryName): Promise<void> {
  await removeOwn(driver, layout.repository(name));
}

/** Removes what is recorded of repositories that came from an upstream and are gone. */
export async function removeRecordsOfGone(driver: StorageDriver): Promise<void> {
  for await (const { name } of walkRepositories(driver, layout.cachedBelow(""))) {
    const held = await driver.list(layout.repository(name));
    if (!held.some(isOfRepository)) await removeOwn(driver, layout.cachedBelow(name));
  }
}

async function removeOwn(driver: StorageDriver, folder: string): Promise<void> {
  const children = await driver.list(folder);
  if (children.every(isOfRepository)) return driver.remove(folder);
  for (const child of children.filter(isOfRepository)) await driver.remove(`${folder}/${child}`);
}
