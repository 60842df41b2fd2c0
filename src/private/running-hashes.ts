import type { Cluster } from "../cluster/cluster.js";
import type { HashedBytes } from "../cluster/offers.js";
import { BoundedMap } from "../foundation/bounded-map.js";
import { algorithmOf, type Digest, type DigestAlgorithm, Digester } from "../oci/digest.js";
import { digestOfReader } from "../oci/hash-reader.js";
import type { StagedObject, StagedStat } from "../storage/staging.js";
import { unknownUpload } from "./upload-errors.js";

const rememberedSessions = 10_000;

/**
 * The hash of everything stored, and the state of the stored object at that time, which reveals changes by other
 * processes.
 */
interface RunningHash {
  readonly digester: Digester;
  readonly stored: StagedStat | undefined;
}

/** The hashes of the sessions that this process works on. They can be lost: the bytes are then hashed again. */
export class RunningHashes {
  readonly #hashes = new BoundedMap<string, RunningHash>(rememberedSessions);

  readonly #cluster: Cluster | undefined;

  /** @param cluster other replicas, which may have hashed what a client has sent to them */
  constructor(cluster?: Cluster) {
    this.#cluster = cluster;
    if (cluster !== undefined) cluster.offers.findHash = (bytes) => this.#find(bytes);
  }

  /** The address of this process, for `append`: it has the hash of what was appended. */
  get holder(): string | undefined {
    return this.#cluster?.self;
  }

  start(id: string, algorithm: DigestAlgorithm): void {
    this.#hashes.set(id, { digester: new Digester(algorithm), stored: undefined });
  }

  forget(id: string): void {
    this.#hashes.delete(id);
  }

  /** The hash of the stored bytes, if this process knows it: an empty session needs none. */
  take(id: string, stored: StagedStat | undefined): Digester | undefined {
    const known = this.#hashes.get(id);
    this.#hashes.delete(id);
    if (stored === undefined || stored.size === 0) return new Digester(known?.digester.algorithm);
    const isSame = stored.size === known?.stored?.size && stored.modifiedMs === known.stored.modifiedMs;
    return isSame ? known.digester : undefined;
  }

  /** If a write was cut short, the hash does not match the stored bytes and is dropped. */
  keep(id: string, digester: Digester, stored: StagedStat | undefined): void {
    if (digester.length === (stored?.size ?? 0)) this.#hashes.set(id, { digester, stored });
  }

  /**
   * The digest of the stored bytes: from the running hash, here or at the replica that received them, if it is the
   * claimed one; else by reading them once. A mismatch deletes what the client was told is stored, so memory alone
   * never decides it.
   */
  async digest(id: string, claimed: Digest, content: StagedObject, size: number): Promise<Digest> {
    const digester = this.#hashes.get(id)?.digester;
    this.#hashes.delete(id);
    if (digester?.algorithm === algorithmOf(claimed) && digester.length === size) {
      if (digester.digest() === claimed) return claimed;
    } else if ((await this.#askHolder(id, claimed, content)) === claimed) return claimed;
    const reader = await content.openRead();
    if (reader === undefined) throw unknownUpload(id);
    return digestOfReader(reader, claimed);
  }

  async #askHolder(id: string, claimed: Digest, content: StagedObject): Promise<Digest | undefined> {
    if (this.#cluster === undefined) return undefined;
    const stored = await content.stat();
    if (stored === undefined) return undefined;
    const { size, modifiedMs, appendedBy } = stored;
    return this.#cluster.askHash(appendedBy, { upload: id, algorithm: algorithmOf(claimed), size, modifiedMs });
  }

  #find({ upload, algorithm, size, modifiedMs }: HashedBytes): Digest | undefined {
    const known = this.#hashes.get(upload);
    if (known?.digester.algorithm !== algorithm || known.digester.length !== size) return undefined;
    const isSame = known.stored?.size === size && known.stored.modifiedMs === modifiedMs;
    return isSame ? known.digester.digestSoFar() : undefined;
  }
}
