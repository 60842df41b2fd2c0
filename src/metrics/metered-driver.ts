import type { BlobReader } from "../oci/blob-reader.js";
import type {
  ConditionalWrites,
  LockOptions,
  MachineWork,
  NamesWanted,
  ObjectStat,
  StorageDriver,
  Withdrawal,
} from "../storage/driver.js";
import type { LocalCopies } from "../storage/local-copies.js";
import type { ManyReads } from "../storage/many-reads.js";
import { type ObjectContent, StagedDecorator, type StagedObject, type Staging } from "../storage/staging.js";
import type { StorageAction } from "./storage-metrics.js";
import type { HistogramCell } from "./tallies.js";

export type ActionCells = Readonly<Record<StorageAction, HistogramCell>>;

/** A driver with timing. Waiting for a lock, or for the bytes of a client, is not counted as its work. */
export class MeteredDriver implements StorageDriver {
  readonly listLagMs: number;
  readonly conditional: ConditionalWrites | undefined;
  readonly withdrawal: Withdrawal;
  readonly staging: Staging;
  readonly machine: MachineWork;
  readonly many: ManyReads;
  readonly copies: LocalCopies | undefined;
  // Made once: a pull looks at them several times.
  readonly statRecently: StorageDriver["statRecently"];
  readonly readWithStat: StorageDriver["readWithStat"];
  readonly openRecently: StorageDriver["openRecently"];
  readonly #driver: StorageDriver;
  readonly #cells: ActionCells;

  constructor(driver: StorageDriver, cells: ActionCells) {
    this.#driver = driver;
    this.#cells = cells;
    this.listLagMs = driver.listLagMs;
    this.conditional = driver.conditional;
    const { staging, withdrawal, statRecently, readWithStat, openRecently } = driver;
    this.statRecently = statRecently && ((key) => this.#timed("Stat", statRecently.call(driver, key)));
    this.readWithStat =
      readWithStat && ((key, atMost) => this.#timed("GetContent", readWithStat.call(driver, key, atMost)));
    this.openRecently = openRecently && ((key) => this.#timed("Reader", openRecently.call(driver, key)));
    this.withdrawal = {
      placesOf: (key, note) => withdrawal.placesOf(key, note),
      withdraw: (key, note) => this.#timed("Move", withdrawal.withdraw(key, note)),
      release: (key, note) => this.#timed("Move", withdrawal.release(key, note)),
      erase: (key, note) => this.#timed("Delete", withdrawal.erase(key, note)),
      keep: (key, note) => this.#timed("Stat", withdrawal.keep(key, note)),
    };
    this.staging = this.#meteredStaging(staging);
    // Not timed: a call answers thousands of questions, and only walks in the background ask so.
    this.many = driver.many;
    this.copies = driver.copies;
    this.machine = {
      staging: this.#meteredStaging(driver.machine.staging),
      withLock: (name, action, options) => driver.machine.withLock(name, action, options),
    };
  }

  get room(): StorageDriver["room"] {
    return this.#driver.room?.bind(this.#driver);
  }

  stat(key: string): Promise<ObjectStat | undefined> {
    return this.#timed("Stat", this.#driver.stat(key));
  }

  read(key: string, atMost?: number): Promise<Buffer | undefined> {
    return this.#timed("GetContent", this.#driver.read(key, atMost));
  }

  write(...objects: readonly ObjectContent[]): Promise<void> {
    return this.#timed("PutContent", this.#driver.write(...objects));
  }

  openRead(key: string): Promise<BlobReader | undefined> {
    return this.#timed("Reader", this.#driver.openRead(key));
  }

  remove(...keys: readonly string[]): Promise<void> {
    return this.#timed("Delete", this.#driver.remove(...keys));
  }

  list(key: string, wanted?: NamesWanted): Promise<readonly string[]> {
    return this.#timed("List", this.#driver.list(key, wanted));
  }

  get prune(): StorageDriver["prune"] {
    const { prune } = this.#driver;
    return prune && ((keys, upTo) => this.#timed("Delete", prune.call(this.#driver, keys, upTo)));
  }

  listVersion(key: string): Promise<string | undefined> {
    return this.#timed("Stat", this.#driver.listVersion(key));
  }

  withLock<Result>(
    name: string,
    action: (lost: AbortSignal) => Promise<Result>,
    options?: LockOptions,
  ): Promise<Result> {
    return this.#driver.withLock(name, action, options);
  }

  writeUnderLock<Result>(
    name: string,
    objects: readonly ObjectContent[],
    look: () => Promise<Result>,
  ): Promise<Result> {
    return this.#timed("PutContent", this.#driver.writeUnderLock(name, objects, look));
  }

  markWork(): Promise<() => Promise<void>> {
    return this.#driver.markWork();
  }

  isWorkedOn(): Promise<boolean> {
    return this.#driver.isWorkedOn();
  }

  #meteredStaging(staging: Staging): Staging {
    const { direct, refusesRivals } = staging;
    return {
      at: (key) => new MeteredStage(staging.at(key), this.#cells.Writer),
      ...(direct && { direct: (key: string) => new MeteredStage(direct(key), this.#cells.Writer) }),
      ...(refusesRivals && { refusesRivals }),
      list: (key, wanted) => this.#timed("List", staging.list(key, wanted)),
      remove: (key) => this.#timed("Delete", staging.remove(key)),
    };
  }

  #timed<Result>(action: StorageAction, work: Promise<Result>): Promise<Result> {
    return timed(this.#cells[action], work);
  }
}

/** Only the last step of a write is timed: the rest runs at the pace of a client or an upstream. */
class MeteredStage extends StagedDecorator {
  readonly #writer: HistogramCell;

  constructor(staged: StagedObject, writer: HistogramCell) {
    super(staged);
    this.#writer = writer;
  }

  override commit(key: string, beside?: readonly ObjectContent[], notes?: readonly string[]): Promise<void> {
    return timed(this.#writer, super.commit(key, beside, notes));
  }
}

/** The caller gets the driver's own promise: one more around each would cost a small answer up to a hundredth. */
function timed<Result>(cell: HistogramCell, work: Promise<Result>): Promise<Result> {
  const startedAt = performance.now();
  const observe = () => cell.observe((performance.now() - startedAt) / 1000);
  work.then(observe, observe);
  return work;
}
