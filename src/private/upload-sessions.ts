import { LRUCache } from "lru-cache";
import { algorithmOf, type Digest, type DigestAlgorithm, Digester } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { Chunk, UploadSession, Uploads } from "../registry/repository.js";
import { digestOfReader } from "../storage/content/blob-store.js";
import { isUploadId } from "../storage/content/upload-store.js";
import { LockError, type StagedObject, type StagedStat } from "../storage/driver.js";
import type { Storage } from "../storage/storage.js";
import { hashed, measured } from "./chunk-content.js";
import { type OpenUploadLimits, OpenUploads } from "./open-uploads.js";
import { holdingUpload } from "./upload-claims.js";
import { digestMismatch, outOfOrder, takenOver, unknownUpload } from "./upload-errors.js";

const rememberedSessions = 10_000;

/** The hash of all that was stored, and how that was then: what another process did to it since shows. */
interface RunningHash {
  readonly digester: Digester;
  readonly stored: StagedStat | undefined;
}

/**
 * What this process knows of the sessions it works on. All of it can be lost: the bytes are hashed again then. Shared
 * by all repositories, since ids are unique.
 */
export class RunningUploads {
  readonly hashes = new LRUCache<string, RunningHash>({ max: rememberedSessions });
  /** What a connection is still sending; a newer request for the same session makes it let go. */
  readonly senders = new Map<string, AbortController>();
  readonly open: OpenUploads;

  constructor(storage: Storage, limits: OpenUploadLimits) {
    this.open = new OpenUploads(limits, async (name, id) => {
      if (!(await storage.uploads.removeIfEmpty(name, id))) return "has bytes";
      this.hashes.delete(id);
      return "removed";
    });
  }
}

/** The upload sessions of one repository. */
export class UploadSessions implements Uploads {
  readonly #storage: Storage;
  readonly #name: RepositoryName;
  readonly #running: RunningUploads;
  readonly #beforeStoring: () => Promise<unknown>;

  /** @param beforeStoring called when a blob has the digest that it is said to have, before it is stored under that */
  constructor(storage: Storage, name: RepositoryName, running: RunningUploads, beforeStoring: () => Promise<unknown>) {
    this.#storage = storage;
    this.#name = name;
    this.#running = running;
    this.#beforeStoring = beforeStoring;
  }

  async start(algorithm: DigestAlgorithm, { caller, access }: Context): Promise<UploadSession> {
    await this.#running.open.makeRoom(caller.network);
    const id = await this.#storage.uploads.create(this.#name, new Date(), access?.identity.user);
    this.#running.hashes.set(id, { digester: new Digester(algorithm), stored: undefined });
    this.#running.open.started({ id, name: this.#name, client: caller.network });
    return { id, offset: 0 };
  }

  async get(id: string, context: Context): Promise<UploadSession> {
    await this.#requireOwn(id, context);
    return { id, offset: await this.#offset(id) };
  }

  append(id: string, chunk: Chunk, context: Context): Promise<UploadSession> {
    return this.#alone(id, context, async (signal) => ({ id, offset: await this.#append(id, chunk, signal) }));
  }

  finish(id: string, digest: Digest, chunk: Chunk, context: Context): Promise<void> {
    return this.#alone(id, context, async (signal, lost) => {
      const size = await this.#append(id, chunk, signal);
      const content = this.#storage.uploads.content(this.#name, id);
      const actual = await this.#digest(id, digest, content, size);
      if (actual !== digest) {
        await this.#forget(id);
        throw digestMismatch(digest, actual, size);
      }
      await this.#beforeStoring();
      // Another process may be appending by now.
      lost.throwIfAborted();
      await this.#storage.addBlob(this.#name, digest, content);
      await this.#storage.uploads.close(this.#name, id);
      this.#running.open.ended(id);
      context.log.info("blob pushed", { repository: this.#name, digest, size });
    });
  }

  async cancel(id: string, context: Context): Promise<void> {
    await this.#alone(id, context, async () => {
      await this.#offset(id);
      await this.#forget(id);
    });
  }

  /** @returns where the session ends then */
  async #append(id: string, chunk: Chunk, signal: AbortSignal): Promise<number> {
    const offset = await this.#offset(id);
    // Decided before anything is read or verified, and the session lives on (distribution-spec, "Pushing a blob in chunks").
    if (chunk.range !== undefined && chunk.range.start !== offset) throw outOfOrder(id, offset);
    const content = this.#storage.uploads.content(this.#name, id);
    const digester = this.#takeDigester(id, await content.stat());
    this.#running.open.filled(id);
    try {
      return await content.append(offset, hashed(measured(chunk, signal), digester));
    } finally {
      const stored = await content.stat();
      if (digester !== undefined) this.#keepDigester(id, digester, stored);
      if (stored === undefined || stored.size === 0) this.#running.open.emptied(id);
    }
  }

  /** The hash of what is stored, if this process knows it: of nothing everybody does. */
  #takeDigester(id: string, stored: StagedStat | undefined): Digester | undefined {
    const known = this.#running.hashes.get(id);
    this.#running.hashes.delete(id);
    if (stored === undefined || stored.size === 0) return new Digester(known?.digester.algorithm);
    const isSame = stored.size === known?.stored?.size && stored.modifiedMs === known.stored.modifiedMs;
    return isSame ? known.digester : undefined;
  }

  /** A hash of other bytes than those stored, by a write that was cut short, is useless. */
  #keepDigester(id: string, digester: Digester, stored: StagedStat | undefined): void {
    if (digester.length === (stored?.size ?? 0)) this.#running.hashes.set(id, { digester, stored });
  }

  async #offset(id: string): Promise<number> {
    const offset = isUploadId(id) ? await this.#storage.uploads.offset(this.#name, id) : undefined;
    if (offset === undefined) throw unknownUpload(id);
    return offset;
  }

  /** Of what is stored: from the hash that ran along, or by reading it once where that is missing. */
  async #digest(id: string, claimed: Digest, content: StagedObject, size: number): Promise<Digest> {
    const digester = this.#running.hashes.get(id)?.digester;
    this.#running.hashes.delete(id);
    if (digester?.algorithm === algorithmOf(claimed) && digester.length === size) return digester.digest();
    const reader = await content.openRead();
    if (reader === undefined) throw unknownUpload(id);
    return digestOfReader(reader, claimed);
  }

  async #forget(id: string): Promise<void> {
    this.#running.hashes.delete(id);
    await this.#storage.uploads.remove(this.#name, id);
    this.#running.open.ended(id);
  }

  /** A session belongs to the user who opened it: to others it is not there, whatever they may push. */
  async #requireOwn(id: string, { access }: Context): Promise<void> {
    // Before anything is asked of the storage: what a client made up is no part of a key.
    if (!isUploadId(id)) throw unknownUpload(id);
    if (access === undefined) return;
    const openedBy = await this.#storage.uploads.openedBy(this.#name, id);
    if (openedBy !== undefined && openedBy !== access.identity.user) throw unknownUpload(id);
  }

  /**
   * One request at a time works on a session. The newest wins: a client that comes back after a lost connection must
   * not wait for its own dead one, so that one is made to let go, and what it brought stays.
   */
  async #alone<Result>(
    id: string,
    context: Context,
    action: (signal: AbortSignal, lost: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    await this.#requireOwn(id, context);
    this.#running.senders.get(id)?.abort(takenOver());
    const sender = new AbortController();
    this.#running.senders.set(id, sender);
    const letGo = () => sender.abort(takenOver());
    try {
      return await holdingUpload(this.#storage.uploads, id, letGo, (lost) =>
        action(AbortSignal.any([sender.signal, context.signal, lost]), lost),
      );
    } catch (error) {
      // Another process may have written at the same time.
      if (error instanceof LockError) this.#running.hashes.delete(id);
      throw error;
    } finally {
      if (this.#running.senders.get(id) === sender) this.#running.senders.delete(id);
    }
  }
}
