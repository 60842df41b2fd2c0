import { LRUCache } from "lru-cache";
import type { Logger } from "../../observability/logger.js";
import type { Descriptor } from "../../oci/descriptor.js";
import { type Digest, digestAlgorithms, isDigest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";
import type { ReadAllowance } from "./read-allowance.js";

const rememberedBytes = 16 * 1024 * 1024;
const rememberedSubjects = 50_000;
const rememberedChildren = 200_000;

/**
 * Which manifests of a repository refer to another one: an object for each, which holds the descriptor that is listed,
 * so that a list reads no manifests, and pushes at once need no lock. A descriptor says what the bytes of its digest
 * say, and so is remembered for ever.
 */
export class ReferrerStore {
  readonly #driver: StorageDriver;
  readonly #log: Logger;
  readonly #descriptors = new LRUCache<Digest, Descriptor>({
    maxSize: rememberedBytes,
    sizeCalculation: (descriptor) => 200 + JSON.stringify(descriptor).length,
  });
  /** What manifests refer to that a fallback index names; `none` for those that refer to nothing. */
  readonly subjectOf = new LRUCache<Digest, Digest | "none">({ max: rememberedSubjects });
  /** What fallback indexes name, by their digests. */
  readonly childrenOf = new LRUCache<Digest, readonly Digest[]>({
    maxSize: rememberedChildren,
    sizeCalculation: (children) => children.length + 1,
  });

  constructor(driver: StorageDriver, log: Logger) {
    this.#driver = driver;
    this.#log = log;
  }

  async put(name: RepositoryName, subject: Digest, referrer: Descriptor): Promise<void> {
    const key = layout.referrer(name, subject, referrer.digest);
    await this.#driver.write({ key, content: Buffer.from(JSON.stringify(referrer)) });
    this.#descriptors.set(referrer.digest, referrer);
  }

  async remove(name: RepositoryName, subject: Digest, digest: Digest): Promise<void> {
    await this.#driver.remove(layout.referrer(name, subject, digest));
  }

  /** Whether the repository has a place for records: one that another program wrote, or a part of a backup, has none. */
  async isKept(name: RepositoryName): Promise<boolean> {
    return (await this.#driver.list(layout.allReferrers(name))).length > 0;
  }

  /** Notes that all referrers of a repository are recorded, even if there are none. */
  async noteWhole(name: RepositoryName): Promise<void> {
    await this.#driver.write({ key: layout.referrersWhole(name), content: Buffer.from("all referrers are recorded") });
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

  /** Removes the records of manifests that the repository does not hold, whoever removed them. */
  async removeDangling(name: RepositoryName, isHeld: (digest: Digest) => Promise<boolean>): Promise<void> {
    for (const subject of await this.subjects(name)) {
      for (const digest of await this.list(name, subject))
        if (!(await isHeld(digest))) await this.remove(name, subject, digest);
      if ((await this.list(name, subject)).length === 0) await this.#driver.remove(layout.referrers(name, subject));
    }
  }

  async find(
    name: RepositoryName,
    subject: Digest,
    { digest, allowance }: { readonly digest: Digest; readonly allowance: ReadAllowance },
  ): Promise<Descriptor | undefined> {
    const known = this.#descriptors.get(digest);
    if (known !== undefined) return known;
    const bytes = await this.#driver.read(layout.referrer(name, subject, digest));
    if (bytes === undefined) return undefined;
    allowance.take(bytes.length);
    const record = parseRecord(bytes, digest);
    if (record === undefined)
      this.#log.warn("record of a referrer is damaged and counts as absent", { repository: name, digest });
    else this.#descriptors.set(digest, record);
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
