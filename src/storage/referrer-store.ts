import type { Logger } from "../observability/logger.js";
import type { Descriptor } from "../oci/descriptor.js";
import { type Digest, digestAlgorithms, isDigest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { StorageDriver } from "./driver.js";
import { layout } from "./layout.js";
import { readableBytes } from "./manifest-store.js";

/** Which manifests of a repository refer to another one: an object for each, so that pushes at once need no lock. */
export class ReferrerStore {
  readonly #driver: StorageDriver;
  readonly #log: Logger;

  constructor(driver: StorageDriver, log: Logger) {
    this.#driver = driver;
    this.#log = log;
  }

  async put(name: RepositoryName, subject: Digest, referrer: Descriptor): Promise<void> {
    const key = layout.referrer(name, subject, referrer.digest);
    await this.#driver.write({ key, content: Buffer.from(JSON.stringify(referrer)) });
  }

  async remove(name: RepositoryName, subject: Digest, digest: Digest): Promise<void> {
    await this.#driver.remove(layout.referrer(name, subject, digest));
  }

  /** Digests of what is referred to, whether it is there or not. */
  async subjects(name: RepositoryName): Promise<Digest[]> {
    const subjects: string[] = [];
    for (const algorithm of digestAlgorithms) {
      const folders = await this.#driver.list(layout.subjectsOf(name, algorithm));
      subjects.push(...folders.map((hex) => `${algorithm}:${hex}`));
    }
    return subjects.filter(isDigest);
  }

  /** Digests of the referrers, in code point order. */
  async list(name: RepositoryName, subject: Digest): Promise<Digest[]> {
    const names = await this.#driver.list(layout.referrers(name, subject));
    return names.map((file) => file.replace("-", ":")).filter(isDigest);
  }

  async find(name: RepositoryName, subject: Digest, digest: Digest): Promise<Descriptor | undefined> {
    const bytes = await this.#driver.read(layout.referrer(name, subject, digest), readableBytes);
    if (bytes === undefined) return undefined;
    const record = parseRecord(bytes, digest);
    if (record === undefined)
      this.#log.warn("record of a referrer is damaged and counts as absent", { repository: name, digest });
    return record;
  }
}

function parseRecord(bytes: Buffer, digest: Digest): Descriptor | undefined {
  try {
    const record: unknown = JSON.parse(bytes.toString());
    const isOurs = typeof record === "object" && record !== null && "digest" in record && record.digest === digest;
    // Written by `put`, whole or not at all.
    return isOurs ? (record as Descriptor) : undefined;
  } catch {
    return undefined;
  }
}
