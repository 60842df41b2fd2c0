import type { RepositoryName } from "../../oci/repository-name.js";
import { isOutOfRoom } from "../../oci/storage-error.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";
import type { ContentLinks } from "./content-links.js";

/**
 * Claims that uploads keep alive. A client that was told that it need not upload a layer may upload another one for
 * days: as long as that session is open, no claim of its repository ends that was alive when the session began. When
 * such a session ends, a record gives the client another claim's time for the manifest.
 */
export class HeldClaims {
  readonly #driver: StorageDriver;
  readonly #links: ContentLinks;

  constructor(driver: StorageDriver, links: ContentLinks) {
    this.#driver = driver;
    this.#links = links;
  }

  /** Call it before a session ends. Short ones need no record. */
  async hold(name: RepositoryName, sessionStartMs: number): Promise<void> {
    if (!this.#links.isWorn(sessionStartMs)) return;
    const sinceMs = Math.min(sessionStartMs, (await this.since(name, Date.now())) ?? sessionStartMs);
    try {
      await this.#driver.write({
        key: layout.heldClaims(name),
        content: Buffer.from(JSON.stringify({ name, sinceMs })),
      });
    } catch (error) {
      // The upload itself is stored: it must not fail for this.
      if (!isOutOfRoom(error)) throw error;
    }
  }

  /**
   * When the earliest of the ended sessions began whose claims are still held, in milliseconds since 1970; 0 if that
   * cannot be read.
   */
  async since(name: RepositoryName, nowMs: number): Promise<number | undefined> {
    const key = layout.heldClaims(name);
    const stat = await this.#driver.stat(key);
    if (stat === undefined || nowMs - stat.modifiedMs > this.#links.safeMs) return undefined;
    const sinceMs = Number(/"sinceMs":([\d.]+)\}$/.exec((await this.#driver.read(key))?.toString() ?? "")?.[1]);
    return Number.isNaN(sinceMs) ? 0 : sinceMs;
  }
}
