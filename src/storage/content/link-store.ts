import { BoundedMap } from "../../foundation/bounded-map.js";
import type { Logger } from "../../observability/logger.js";
import { algorithmOf, type Digest, isDigest } from "../../oci/digest.js";
import type { ObjectStat, StorageDriver } from "../driver.js";
import type { ObjectContent } from "../staging.js";

/** A link as it is written, to be stored together with its target. */
export function linkTo(key: string, digest: Digest): ObjectContent {
  return { key, content: Buffer.from(digest) };
}

interface KnownLink {
  readonly version: string;
  readonly digest: Digest;
}

/** A link, and when it was written. */
export interface FoundLink {
  readonly digest: Digest;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** The longest digest has 135 characters; anything longer is not a link and need not be read. */
const longestBytes = 200;

/** Links: small objects that contain a digest. Their keys say what a repository holds and what a tag points to. */
export class LinkStore {
  readonly #driver: StorageDriver;
  readonly #log: Logger;
  readonly #known: BoundedMap<string, KnownLink>;

  /** @param remembered how many links are kept in memory */
  constructor(driver: StorageDriver, log: Logger, remembered: number) {
    this.#known = new BoundedMap(remembered);
    this.#driver = driver;
    this.#log = log;
  }

  /**
   * The link at a key. It counts as missing if another program or a power failure left it empty or
   * truncated, or if it contains another digest than its key; a trailing newline is ignored.
   */
  async find(key: string): Promise<FoundLink | undefined> {
    const known = this.#known.get(key);
    if (known === undefined && this.#driver.readWithStat !== undefined) return this.#readWithStat(key);
    return this.#linkOf(key, known, await this.#driver.stat(key));
  }

  /** The same for an answer to a pull, which need not show what another process changed a moment ago. */
  async findRecent(key: string): Promise<FoundLink | undefined> {
    const known = this.#known.get(key);
    if (known === undefined && this.#driver.readWithStat !== undefined) return this.#readWithStat(key);
    return this.#linkOf(key, known, await (this.#driver.statRecently ?? this.#driver.stat).call(this.#driver, key));
  }

  /** Several links with one order to the driver; `undefined` for those that need a look of their own. */
  async findMany(keys: readonly string[]): Promise<readonly (Digest | undefined)[]> {
    const contents = await this.#driver.many.read(keys, longestBytes);
    return keys.map((key, index) => digestIn(key, contents[index]));
  }

  async #linkOf(
    key: string,
    known: KnownLink | undefined,
    stat: ObjectStat | undefined,
  ): Promise<FoundLink | undefined> {
    if (stat === undefined) return undefined;
    const digest = known !== undefined && known.version === stat.version ? known.digest : await this.#read(key, stat);
    return digest && { digest, modifiedMs: stat.modifiedMs };
  }

  /** What is not known must be read in any case, and the read says its stat as well. */
  async #readWithStat(key: string): Promise<FoundLink | undefined> {
    const found = await this.#driver.readWithStat?.(key, longestBytes);
    const digest = found && this.#digestIn(key, found.content ?? Buffer.alloc(0), found.stat);
    return digest && { digest, modifiedMs: found.stat.modifiedMs };
  }

  async #read(key: string, stat: ObjectStat): Promise<Digest | undefined> {
    const bytes = stat.size > longestBytes ? Buffer.alloc(0) : await this.#driver.read(key);
    return bytes && this.#digestIn(key, bytes, stat);
  }

  #digestIn(key: string, bytes: Buffer, stat: ObjectStat): Digest | undefined {
    const digest = digestIn(key, bytes);
    if (digest === undefined)
      this.#log.warn("link is damaged and counts as absent; a push repairs it", { key, bytes: stat.size });
    else if (stat.version !== undefined) this.#known.set(key, { version: stat.version, digest });
    return digest;
  }

  async put(key: string, digest: Digest): Promise<void> {
    await this.#driver.write(linkTo(key, digest));
  }
}

function digestIn(key: string, bytes: Buffer | undefined): Digest | undefined {
  const text = bytes?.toString("latin1").trim();
  return text !== undefined && isDigest(text) && mayHold(key, text) ? text : undefined;
}

/**
 * A link below a digest contains that digest. Below sha512, distribution writes the sha256 under which the bytes are.
 */
function mayHold(key: string, held: Digest): boolean {
  const named = /\/(sha256|sha512)\/([0-9a-f]+)\/link$/.exec(key);
  if (named === null || held === `${named[1]}:${named[2]}`) return true;
  return named[1] === "sha512" && algorithmOf(held) === "sha256";
}
