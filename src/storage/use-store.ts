import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { StorageDriver } from "./driver.js";
import { LastTimes } from "./last-times.js";
import { layout } from "./layout.js";

/**
 * When manifests of repositories were last pulled, and when they were last used: clients that have a manifest only ask
 * whether it is still current, which is a use of a cached one, and no pull.
 */
export class UseStore {
  readonly #driver: StorageDriver;
  /** Whether it is written since when pulls are recorded. */
  #hasBegun = false;
  /** A client got the manifest. */
  readonly pulls: LastTimes;
  /** A client has the manifest, or will pull it. */
  readonly checks: LastTimes;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
    this.pulls = new LastTimes(driver, layout.manifestPulled);
    this.checks = new LastTimes(driver, layout.manifestUsed, this.pulls);
  }

  /** In milliseconds since 1970, at most an hour too early after a restart; `undefined` if no pull is known. */
  lastPull(name: RepositoryName, digest: Digest): Promise<number | undefined> {
    return this.pulls.find(name, digest);
  }

  /** The last pull or check, in the same way. */
  async lastUse(name: RepositoryName, digest: Digest): Promise<number | undefined> {
    const times = await Promise.all([this.pulls.find(name, digest), this.checks.find(name, digest)]);
    const known = times.filter((time) => time !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  }

  /** Since when pulls are recorded here, in milliseconds since 1970: what was pulled before is not known. */
  async sinceMs(): Promise<number | undefined> {
    const text = (await this.#driver.read(layout.pullsRecorded))?.toString();
    const sinceMs = text === undefined ? Number.NaN : Date.parse(text);
    return Number.isNaN(sinceMs) ? undefined : sinceMs;
  }

  async #begin(): Promise<void> {
    if (this.#hasBegun) return;
    if ((await this.sinceMs()) === undefined)
      await this.#driver.write({ key: layout.pullsRecorded, content: Buffer.from(new Date().toISOString()) });
    this.#hasBegun = true;
  }

  /** Writes what is due. What cannot be written stays due. */
  async writeDue(): Promise<void> {
    await this.#begin();
    await this.pulls.writeDue();
    await this.checks.writeDue();
  }

  /** Writes all that is not written yet, before the process ends. */
  async writeAll(): Promise<void> {
    await this.pulls.writeAll();
    await this.checks.writeAll();
  }

  /** Call it when the manifest is deleted. */
  async forget(name: RepositoryName, digest: Digest): Promise<void> {
    await this.pulls.forget(name, digest);
    await this.checks.forget(name, digest);
  }
}
