import { BoundedMap } from "../foundation/bounded-map.js";
import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { StorageDriver } from "./driver.js";

/** Where a time is stored. */
type KeyOf = (name: RepositoryName, digest: Digest) => string;

interface LastTime {
  readonly name: RepositoryName;
  readonly digest: Digest;
  timeMs: number;
  /** The time that is stored, as far as this process knows. */
  writtenMs: number | undefined;
}

/** What is not remembered has been written, or will be. */
const remembered = 20_000;

/** How old the stored time may become, so that not every event writes, whichever process sees it. */
const writtenEachMs = 60 * 60_000;

/** A write of many is one order to the disk, which others wait behind. */
const writtenAtOnce = 50;

/**
 * When something last happened to manifests of repositories: known at once here, and written from time to time, so that
 * other processes and the next one know it too. Of several processes the latest time counts. Losing one is safe, so
 * writing one costs no sync of the disk.
 */
export class LastTimes {
  readonly #driver: StorageDriver;
  readonly #keyOf: KeyOf;
  readonly #implying: LastTimes | undefined;
  readonly #times = new BoundedMap<string, LastTime>(remembered);
  readonly #due = new Set<LastTime>();

  /** @param implying a time of these says the same about the manifest, so that an earlier one here need not be written */
  constructor(driver: StorageDriver, keyOf: KeyOf, implying?: LastTimes) {
    this.#driver = driver;
    this.#keyOf = keyOf;
    this.#implying = implying;
  }

  /** @param timeMs milliseconds since 1970 */
  note(name: RepositoryName, digest: Digest, timeMs: number): void {
    const id = `${name}@${digest}`;
    const last = this.#times.get(id) ?? this.#remember(id, { name, digest, timeMs, writtenMs: undefined });
    last.timeMs = Math.max(last.timeMs, timeMs);
    if (last.writtenMs === undefined || last.timeMs - last.writtenMs >= writtenEachMs) this.#due.add(last);
  }

  #remember(id: string, last: LastTime): LastTime {
    this.#times.set(id, last);
    return last;
  }

  /** The last time that this process has noted and still remembers. */
  knownHere(name: RepositoryName, digest: Digest): number | undefined {
    return this.#times.get(`${name}@${digest}`)?.timeMs;
  }

  /** In milliseconds since 1970; `undefined` if none is known. */
  async find(name: RepositoryName, digest: Digest): Promise<number | undefined> {
    const here = this.knownHere(name, digest);
    const written = await this.#read(this.#keyOf(name, digest));
    return written === undefined ? here : Math.max(here ?? 0, written);
  }

  async #read(key: string): Promise<number | undefined> {
    const text = (await this.#driver.read(key))?.toString();
    const writtenMs = text === undefined ? Number.NaN : Date.parse(text);
    return Number.isNaN(writtenMs) ? undefined : writtenMs;
  }

  /** Writes what is due. What cannot be written stays due. */
  writeDue(): Promise<void> {
    return this.#write([...this.#due], writtenEachMs);
  }

  /** Writes all that is later than what is stored. */
  writeAll(): Promise<void> {
    return this.#write(
      [...this.#times.values()].filter(({ timeMs, writtenMs }) => timeMs > (writtenMs ?? 0)),
      1,
    );
  }

  /** @param laterBy how much later than the stored time one must be */
  async #write(due: readonly LastTime[], laterBy: number): Promise<void> {
    this.#due.clear();
    for (let start = 0; start < due.length; start += writtenAtOnce) {
      try {
        await this.#writeBatch(due.slice(start, start + writtenAtOnce), laterBy);
      } catch (error) {
        for (const last of due.slice(start)) this.#due.add(last);
        throw error;
      }
    }
  }

  async #writeBatch(batch: readonly LastTime[], laterBy: number): Promise<void> {
    const wanted: { readonly last: LastTime; readonly timeMs: number }[] = [];
    for (const last of batch) {
      const { name, digest, timeMs } = last;
      const impliedMs = this.#implying?.knownHere(name, digest);
      // Another process may have written it, or this one, if that was forgotten.
      const writtenMs =
        impliedMs !== undefined && impliedMs >= timeMs ? timeMs : await this.#read(this.#keyOf(name, digest));
      if (writtenMs === undefined || timeMs - writtenMs >= laterBy) wanted.push({ last, timeMs });
      else last.writtenMs = writtenMs;
    }
    if (wanted.length === 0) return;
    await this.#driver.write(
      ...wanted.map(({ last: { name, digest }, timeMs }) => ({
        key: this.#keyOf(name, digest),
        content: Buffer.from(new Date(timeMs).toISOString()),
        isTrace: true,
      })),
    );
    for (const { last, timeMs } of wanted) last.writtenMs = timeMs;
  }

  /** Call it when the manifest is deleted. */
  async forget(name: RepositoryName, digest: Digest): Promise<void> {
    const id = `${name}@${digest}`;
    const last = this.#times.get(id);
    if (last !== undefined) this.#due.delete(last);
    this.#times.delete(id);
    await this.#driver.remove(this.#keyOf(name, digest));
  }
}
