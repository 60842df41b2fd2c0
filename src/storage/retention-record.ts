import { isRepositoryName, type RepositoryName } from "../oci/repository-name.js";
import type { StorageDriver } from "./driver.js";
import { layout } from "./layout.js";

/** Policies that have been applied once, and the repositories for which that waits for a yes. */
export interface AppliedPolicies {
  readonly waiting: readonly RepositoryName[];
}

/** When retention last ran, and which policies it knows. */
export class RetentionRecord {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** In milliseconds since 1970; `undefined` if it never ran, or that is not known. */
  async lastMs(): Promise<number | undefined> {
    const text = (await this.#driver.read(layout.lastRetention))?.toString();
    const lastMs = text === undefined ? Number.NaN : Date.parse(text);
    return Number.isNaN(lastMs) ? undefined : lastMs;
  }

  async writeLast(timeMs: number): Promise<void> {
    await this.#driver.write({ key: layout.lastRetention, content: Buffer.from(new Date(timeMs).toISOString()) });
  }

  /** @param fingerprint of policies together; `undefined` if they were never applied */
  async applied(fingerprint: string): Promise<AppliedPolicies | undefined> {
    const content = await this.#driver.read(layout.retentionApplied(fingerprint));
    if (content === undefined) return undefined;
    try {
      const { waiting } = JSON.parse(content.toString());
      return Array.isArray(waiting) ? { waiting: waiting.filter(isRepositoryName) } : undefined;
    } catch {
      // As if they had never been applied, which is the careful answer.
      return undefined;
    }
  }

  async writeApplied(fingerprint: string, applied: AppliedPolicies): Promise<void> {
    await this.#driver.write({
      key: layout.retentionApplied(fingerprint),
      content: Buffer.from(JSON.stringify(applied)),
    });
  }

  /** Forgets policies of earlier configurations. */
  async keepOnly(fingerprints: ReadonlySet<string>): Promise<void> {
    const old = (await this.#driver.list(layout.retentionsApplied)).filter((each) => !fingerprints.has(each));
    if (old.length > 0) await this.#driver.remove(...old.map(layout.retentionApplied));
  }
}
