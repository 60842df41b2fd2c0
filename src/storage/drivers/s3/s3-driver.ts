import { join } from "node:path";
import { NextRun } from "../../../foundation/next-run.js";
import type { Logger } from "../../../observability/logger.js";
import type { BlobReader } from "../../../oci/blob-reader.js";
import {
  type ConditionalWrites,
  type FoundObject,
  type KeysFound,
  type LockOptions,
  lookThenWrite,
  type MachineWork,
  type NamesWanted,
  type ObjectStat,
  type ReadObject,
  type StorageDriver,
  smallObjectBytes,
  type Withdrawal,
} from "../../driver.js";
import type { LocalCopies } from "../../local-copies.js";
import { type ManyReads, oneByOne } from "../../many-reads.js";
import type { ObjectContent, Staging } from "../../staging.js";
import { FilesystemDriver } from "../filesystem/filesystem-driver.js";
import { Tombstones } from "../tombstones.js";
import { removeAbandonedUploads } from "./abandoned-uploads.js";
import { BucketStaging } from "./bucket-staging.js";
import { ConditionalObjects } from "./conditional-objects.js";
import type { FolderReading } from "./kept-versions.js";
import { Leases } from "./leases.js";
import { CopiesFolder } from "./local-cache/copies-folder.js";
import { LocalStaging } from "./local-staging.js";
import { ObjectReader } from "./object-reader.js";
import { type OpenedBucket, openBucket, openBucketAsItIs } from "./open-bucket.js";
import { writeInOrder } from "./ordered-writes.js";
import { PartSizes } from "./part-sizes.js";
import { Presence } from "./presence.js";
import { readWithStat } from "./read-with-stat.js";
import { RecentStats } from "./recent-stats.js";
import { removeBelow } from "./removals.js";
import type { S3Bucket } from "./s3-bucket.js";
import type { S3Settings } from "./s3-settings.js";
import { listFolder } from "./sorted-folder.js";
import { stagingOf } from "./staging-folder.js";
import { type StoredObject, statOf } from "./stored-object.js";

const removalPatience = { lookEachMs: 100, giveUpAfterMs: 10_000 };

const searchEachMs = 12 * 60 * 60 * 1000;
const firstSearchMs = 60_000;

interface Parts extends OpenedBucket {
  readonly settings: S3Settings;
  readonly local: FilesystemDriver;
}

/**
 * Objects in a bucket, under the same keys as in a folder. The bucket alone is the truth, for any number of machines;
 * the local disk holds only what can be lost: parts on their way, and downloads that are not complete.
 */
export class S3Driver implements StorageDriver {
  readonly listLagMs = 0;
  readonly conditional: ConditionalWrites | undefined;
  readonly withdrawal: Withdrawal;
  readonly staging: Staging;
  readonly machine: MachineWork;
  readonly many: ManyReads = oneByOne(this);
  readonly copies: LocalCopies | undefined;
  readonly #bucket: S3Bucket;
  readonly #leases: Leases;
  readonly #stats = new NextRun<string, StoredObject | undefined>();
  readonly #recent: RecentStats;
  readonly #presence: Presence;
  readonly #isReadOnly: boolean;
  readonly #reading: FolderReading;

  /** Checks the bucket, and which writes can be relied on. @throws StorageError that says what is wrong */
  static async open(settings: S3Settings, log?: Logger): Promise<S3Driver> {
    const opened = await openBucket(settings, log);
    const local = await FilesystemDriver.open(stagingOf(settings), log);
    const driver = new S3Driver({ ...opened, settings, local });
    if (opened.ability !== "none") driver.#searchAbandoned(log);
    return driver;
  }

  /** Changes nothing in the bucket. */
  static async openAsItIs(settings: S3Settings, log?: Logger): Promise<S3Driver> {
    const opened = await openBucketAsItIs(settings);
    const local = await FilesystemDriver.open(stagingOf(settings), log);
    return new S3Driver({ ...opened, settings, local });
  }

  private constructor({ bucket, ability, reading, settings, local }: Parts) {
    this.#bucket = bucket;
    this.#reading = reading;
    this.#isReadOnly = ability === "none";
    this.#recent = new RecentStats((key) => this.#head(key), settings.tagFreshness);
    const conditional = ability === "safe" ? new ConditionalObjects(bucket) : undefined;
    this.conditional = conditional;
    const { localCache } = settings;
    this.copies = localCache && new CopiesFolder(localCache.root, localCache.maxSize);
    this.withdrawal = new Tombstones(this, removalPatience);
    this.#leases = new Leases(bucket, conditional);
    this.#presence = new Presence(bucket);
    const sizes = new PartSizes(settings);
    const write = (...objects: readonly ObjectContent[]) => this.write(...objects);
    this.staging = new BucketStaging({
      bucket,
      conditional,
      sizes,
      folder: join(stagingOf(settings), "parts"),
      write,
    });
    this.machine = {
      staging: new LocalStaging({ bucket, sizes, files: local.staging, write }),
      withLock: (name, action, options) => local.withLock(name, action, options),
    };
  }

  async stat(key: string): Promise<ObjectStat | undefined> {
    return statOf(await this.#head(key));
  }

  async statRecently(key: string): Promise<ObjectStat | undefined> {
    return statOf(await this.#recent.stat(key));
  }

  async read(key: string, atMost = smallObjectBytes): Promise<Buffer | undefined> {
    return (await this.readWithStat(key, atMost))?.content;
  }

  readWithStat(key: string, atMost: number): Promise<ReadObject | undefined> {
    return readWithStat(this.#bucket, key, atMost);
  }

  openRead(key: string): Promise<BlobReader | undefined> {
    return ObjectReader.open(this.#bucket, key);
  }

  openRecently(key: string): Promise<BlobReader | undefined> {
    return ObjectReader.openRecently(this.#bucket, key);
  }

  write(...objects: readonly ObjectContent[]): Promise<void> {
    return writeInOrder(objects, ({ key, content }) =>
      this.#bucket.put(key, content).finally(() => this.#recent.forget(key)),
    );
  }

  remove(...keys: readonly string[]): Promise<void> {
    return removeBelow(this.#bucket, keys, (key) => this.#recent.forget(key));
  }

  list(key: string, wanted?: NamesWanted): Promise<readonly string[]> {
    return listFolder(this.#bucket, key, wanted, this.#reading);
  }

  async keysFrom(key: string, child: string, atMost: number): Promise<KeysFound> {
    const begin = `${key}/`;
    const { objects, next } = await this.#bucket.list(begin, { after: `${begin}${child}/`, limit: atMost });
    return { keys: objects.map((object) => object.key.slice(begin.length)), isEnd: next === undefined };
  }

  all(key: string): AsyncIterable<FoundObject> {
    return this.#bucket.all(`${key}/`);
  }

  /** A list has no version; asking for one would cost as much as the list. */
  async listVersion(): Promise<undefined> {
    return undefined;
  }

  withLock<Result>(
    name: string,
    action: (lost: AbortSignal) => Promise<Result>,
    options?: LockOptions,
  ): Promise<Result> {
    // If nothing can be changed, there is nothing to guard against other machines.
    if (this.#isReadOnly) return this.machine.withLock(name, action, options);
    return this.#leases.withLock(name, action, options);
  }

  writeUnderLock<Result>(
    name: string,
    objects: readonly ObjectContent[],
    look: () => Promise<Result>,
  ): Promise<Result> {
    return lookThenWrite(this, name, objects, look);
  }

  async markWork(): Promise<() => Promise<void>> {
    if (this.#isReadOnly) return async () => {};
    return this.#presence.mark();
  }

  isWorkedOn(): Promise<boolean> {
    return this.#presence.isAnyone();
  }

  /** Links are asked for with every pull: many clients that pull the same image share a request. */
  #head(key: string): Promise<StoredObject | undefined> {
    return this.#stats.run(key, () => this.#bucket.head(key));
  }

  /** One machine at a time is enough; if it fails, the next search finds the same. */
  #searchAbandoned(log: Logger | undefined): void {
    const search = () =>
      this.withLock("abandoned uploads", () => removeAbandonedUploads(this.#bucket, log), { waitMs: 0 }).catch(
        (cause: unknown) => log?.debug("the search for abandoned uploads failed", { cause }),
      );
    setTimeout(() => void search(), firstSearchMs).unref();
    setInterval(() => void search(), searchEachMs).unref();
  }
}
