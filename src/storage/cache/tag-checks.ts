import { BoundedMap } from "../../foundation/bounded-map.js";
import type { Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";

// The memory for each entry is allocated from the start.
const rememberedTags = 20_000;

/** The possible difference between the clocks of machines that share a directory. */
const clockSkewMs = 60_000;

/** When an upstream last confirmed what a tag points to. Losing this is safe: the tag then counts as old. */
export class TagChecks {
  readonly #driver: StorageDriver;
  readonly #checked = new BoundedMap<string, number>(rememberedTags);

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /**
   * Milliseconds since the upstream confirmed the tag, in this process or another.
   * @param enough an age below this need not be the latest
   */
  async age(name: RepositoryName, tag: Tag, enough: number): Promise<number | undefined> {
    const age = Date.now() - (this.#checked.get(`${name}:${tag}`) ?? Number.NaN);
    if (age < enough && age > -clockSkewMs) return Math.max(0, age);
    const readAge = Date.now() - ((await this.readCheckedAt(name, tag)) ?? Number.NaN);
    // A confirmation in the future is due to a wrong clock: the tag would count as fresh until then.
    return readAge > -clockSkewMs ? Math.max(0, readAge) : undefined;
  }

  /** In milliseconds since 1970; may be older than what another process knows. */
  async checkedAt(name: RepositoryName, tag: Tag): Promise<number | undefined> {
    return this.#checked.get(`${name}:${tag}`) ?? this.readCheckedAt(name, tag);
  }

  /** The same, read from the storage: another process may have asked the upstream meanwhile. */
  async readCheckedAt(name: RepositoryName, tag: Tag): Promise<number | undefined> {
    const text = (await this.#driver.read(layout.tagChecked(name, tag)))?.toString();
    const time = text === undefined ? Number.NaN : Date.parse(text);
    if (Number.isNaN(time)) return undefined;
    this.#checked.set(`${name}:${tag}`, time);
    return time;
  }

  async recordCheck(name: RepositoryName, tag: Tag, timeMs: number): Promise<void> {
    this.#checked.set(`${name}:${tag}`, timeMs);
    await this.#driver.write({
      key: layout.tagChecked(name, tag),
      content: Buffer.from(new Date(timeMs).toISOString()),
    });
  }

  /** Call it when the tag is deleted. */
  async forgetCheck(name: RepositoryName, tag: Tag): Promise<void> {
    this.#checked.delete(`${name}:${tag}`);
    await this.#driver.remove(layout.tagChecked(name, tag));
  }
}
