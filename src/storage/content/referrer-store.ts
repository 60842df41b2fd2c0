import { LRUCache } from "lru-cache";
import { BoundedMap } from "../../foundation/bounded-map.js";
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
 * Which manifests of a repository refer to another one: an object for each, which contains the listed descriptor, so
 * that a list reads no manifests, and concurrent pushes need no lock. A descriptor follows from the bytes of its
 * digest, and so can be remembered forever.
 */
export class ReferrerStore {
  readonly #driver: StorageDriver;
  readonly #log: Logger;
  readonly #descriptors = new LRUCache<Digest, Descriptor>({
    maxSize: rememberedBytes,
    sizeCalculation: (descriptor) => 200 + JSON.stringify(descriptor).length,
  });
  /** Subjects of manifests in fallback indexes; `none` for those without a subject. */
  readonly subjectOf = new BoundedMap<Digest, Digest | "none">(rememberedSubjects);
  /** Entries of fallback indexes, by the digest of the index. */
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

  async isRecorded(name: RepositoryName, subject: Digest, digest: Digest): Promise<boolean> {
    return (await this.#driver.stat(layout.referrer(name, subject, digest))) !== undefined;
  }

  /** Whether the repository has records: one that another program wrote, or part of a backup, has none. */
  async isKept(name: RepositoryName): Promise<boolean> {
    return (await this.#driver.list(layout.allReferrers(name))).length > 0;
  }

  /** Records that all referrers of a repository are recorded, even if there are none. */
  async noteWhole(name: RepositoryName): Promise<void> {
    await this.#driver.write({ key: layout.referrersWhole(name), content: Buffer.from("all referrers are recorded") });
  }

  /** Digests of the subjects, whether they exist or not. */
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

  /** Removes the records of manifests that the repository does not hold. */
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
    // Written by `put`, completely or not at all.
    return isOurs ? (record as Descriptor) : undefined;
  } catch {
    return undefined;
  }
}
