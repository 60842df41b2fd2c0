import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../observability/logger.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { AccessTokenStore } from "./access-token-store.js";
import { AnnouncedTags } from "./cache/announced-tags.js";
import { DownloadStore } from "./cache/download-store.js";
import { LimitNotes } from "./cache/limit-notes.js";
import { ManifestTypes } from "./cache/manifest-types.js";
import { OwnerStore } from "./cache/owner-store.js";
import { SchedulerState } from "./cache/scheduler-state.js";
import { TagChecks } from "./cache/tag-checks.js";
import { CheckRecord } from "./check-record.js";
import { KnowledgeStore } from "./collection-knowledge.js";
import { CollectionNotes } from "./collection-notes.js";
import { CollectionRecord } from "./collection-record.js";
import { BlobHolders } from "./content/blob-holders.js";
import { BlobInspection } from "./content/blob-inspection.js";
import { BlobStore, type MemoryAnswers } from "./content/blob-store.js";
import type { ContentIndex } from "./content/content-index.js";
import { ContentLinks, type Restoration } from "./content/content-links.js";
import { CopyDisk } from "./content/copy-disk.js";
import { HeldClaims } from "./content/held-claims.js";
import { LayoutIndex } from "./content/layout-index.js";
import { LinkStore } from "./content/link-store.js";
import { ManifestStore } from "./content/manifest-store.js";
import { MissingBytes } from "./content/missing-bytes.js";
import { Quarantine } from "./content/quarantine.js";
import { ReferrerRebuild } from "./content/referrer-rebuild.js";
import { ReferrerStore } from "./content/referrer-store.js";
import { RepositoryContent } from "./content/repository-content.js";
import { type MakeRoom, withRoom } from "./content/room-making-stage.js";
import { SampledReads } from "./content/sampled-reads.js";
import { TagStore } from "./content/tag-store.js";
import { Trash } from "./content/trash.js";
import { UploadStore } from "./content/upload-store.js";
import { DayCountStore } from "./day-count-store.js";
import type { DiskRoom } from "./disk-room.js";
import type { LockOptions, StorageDriver } from "./driver.js";
import { EndedSessionStore } from "./ended-session-store.js";
import { EventQueue } from "./event-queue.js";
import { JobStore } from "./job-store.js";
import { KeptNames } from "./kept-names.js";
import { QuotaLedger } from "./quota-ledger.js";
import { RetentionRecord } from "./retention-record.js";
import { UseStore } from "./use-store.js";

/** Links that a server keeps in memory, about 400 bytes each. */
const servedLinks = 20_000;

/** A walk over everything reads each link once. */
export const walkedLinks = 1_000;

/** Everything that is stored, for both modes. Absence is `undefined` throughout. */
export class Storage {
  /** Only for storage/: other code uses the parts below, which know the keys. */
  readonly driver: StorageDriver;
  /** Counts requests answered from memory. */
  readonly answers: MemoryAnswers = { requests: 0, hits: 0 };
  readonly index: ContentIndex;
  readonly links: LinkStore;
  readonly trash: Trash;
  readonly contentLinks: ContentLinks;
  readonly blobs: BlobStore;
  readonly quarantine: Quarantine;
  readonly inspection: BlobInspection;
  readonly sampledReads: SampledReads;
  /** Copies of blobs on the local disk, if the storage is distant. */
  readonly copyDisk: CopyDisk | undefined;
  readonly holders = new BlobHolders();
  readonly missing: MissingBytes;
  readonly manifests: ManifestStore;
  readonly tags: TagStore;
  readonly referrers: ReferrerStore;
  readonly referrerRebuild: ReferrerRebuild;
  readonly heldClaims: HeldClaims;
  readonly uploads: UploadStore;
  readonly owners: OwnerStore;
  readonly tagChecks: TagChecks;
  readonly manifestTypes: ManifestTypes;
  readonly downloads: DownloadStore;
  readonly limits: LimitNotes;
  readonly announced: AnnouncedTags;
  readonly uses: UseStore;
  readonly scheduler: SchedulerState;
  readonly accessTokens: AccessTokenStore;
  readonly endedSessions: EndedSessionStore;
  readonly collections: CollectionRecord;
  readonly checks: CheckRecord;
  readonly collectionNotes: CollectionNotes;
  readonly retentions: RetentionRecord;
  readonly collectionKnowledge: KnowledgeStore;
  readonly events: EventQueue;
  readonly dayCounts: DayCountStore;
  readonly jobs: JobStore;
  readonly keptNames: KeptNames;
  /** Bytes of blobs that this process has added to repositories, or is about to add. */
  #added = 0;
  /** Frees bytes on a full disk for pushed content. Set by the code that knows what can be deleted. */
  makeRoom: MakeRoom = async () => 0;

  /**
   * @param cacheBytes memory for manifests and small blobs together
   * @param rememberedLinks how many links are kept in memory
   */
  constructor(driver: StorageDriver, cacheBytes: number, log: Logger, rememberedLinks = servedLinks) {
    this.driver = driver;
    this.links = new LinkStore(driver, log, rememberedLinks);
    this.trash = new Trash(driver);
    this.contentLinks = new ContentLinks(driver, this, this.#restoration());
    this.index = new LayoutIndex(driver, this.links);
    // Whole bytes: an LRU cache accepts no fractions.
    const half = Math.floor(cacheBytes / 2);
    this.quarantine = new Quarantine(driver);
    this.inspection = new BlobInspection(driver);
    this.sampledReads = new SampledReads(this, log);
    this.copyDisk = driver.copies && new CopyDisk(driver.copies, log);
    this.blobs = new BlobStore(this, half, log);
    this.manifests = new ManifestStore(this, half, log);
    this.tags = new TagStore(driver, this);
    this.referrers = new ReferrerStore(driver, log);
    this.referrerRebuild = new ReferrerRebuild(this);
    this.heldClaims = new HeldClaims(driver, this.contentLinks);
    this.uploads = new UploadStore(driver, this.heldClaims, (bytes) => this.makeRoom(bytes));
    this.owners = new OwnerStore(driver);
    this.tagChecks = new TagChecks(driver);
    this.manifestTypes = new ManifestTypes(driver);
    this.announced = new AnnouncedTags(driver);
    this.downloads = new DownloadStore(driver);
    this.missing = new MissingBytes(log);
    this.limits = new LimitNotes(driver);
    this.uses = new UseStore(driver);
    this.scheduler = new SchedulerState(driver);
    this.accessTokens = new AccessTokenStore(driver);
    this.endedSessions = new EndedSessionStore(driver);
    this.collections = new CollectionRecord(driver);
    this.checks = new CheckRecord(driver);
    this.collectionNotes = new CollectionNotes(driver);
    this.retentions = new RetentionRecord(driver);
    this.collectionKnowledge = new KnowledgeStore(driver);
    this.events = new EventQueue(driver);
    this.dayCounts = new DayCountStore(driver);
    this.jobs = new JobStore(driver);
    this.keptNames = new KeptNames(driver);
  }

  #restoration(): Restoration {
    return {
      claimReferences: async ({ name, kind, digest }, content) =>
        kind === "blob" || this.repository(name).claimReferences(digest, content),
      record: async ({ name, kind, digest }) => {
        if (kind === "manifest") await this.repository(name).recordReferrer(digest);
      },
    };
  }

  /** What the repositories of each quota use. It remembers nothing. */
  get quotaLedger(): QuotaLedger {
    return new QuotaLedger(this.driver);
  }

  /** Content of a repository, whether or not the repository exists. */
  repository(name: RepositoryName): RepositoryContent {
    return new RepositoryContent(this, name);
  }

  /** The same content, with a memory of its own: a walk over everything must not push out what clients ask for. */
  forWalk(log: Logger): Storage {
    const storage = new Storage(this.driver, 0, log, walkedLinks);
    storage.contentLinks.claimMs = this.contentLinks.claimMs;
    return storage;
  }

  /** Runs an action that writes little, and can be repeated; on a full disk again, after freeing space. */
  withRoom<Result>(action: () => Promise<Result>): Promise<Result> {
    return withRoom((bytes) => this.makeRoom(bytes), action);
  }

  get addedBytes(): number {
    return this.#added;
  }

  /**
   * Counts bytes that are being added to the cache, and those that were; call it with a negative number when they are no
   * longer on their way.
   */
  noteArriving(bytes: number): void {
    this.#added += bytes;
  }

  /** Waits until lists show every earlier write. Call it before removing something on the basis of a list. */
  async listsSettled(): Promise<void> {
    if (this.driver.listLagMs > 0) await delay(this.driver.listLagMs);
  }

  /** @see StorageDriver.withLock */
  withLock<Result>(
    name: string,
    action: (lost: AbortSignal) => Promise<Result>,
    options?: LockOptions,
  ): Promise<Result> {
    return this.driver.withLock(name, action, options);
  }

  /** Space of the disk; `undefined` if there is none that could fill. */
  async room(): Promise<DiskRoom | undefined> {
    return this.driver.room?.();
  }

  /** Tells other processes that this one is working on the storage. @returns a function that removes the mark */
  markWork(): Promise<() => Promise<void>> {
    return this.driver.markWork();
  }

  /** Whether any process is working on the storage. */
  isWorkedOn(): Promise<boolean> {
    return this.driver.isWorkedOn();
  }
}
