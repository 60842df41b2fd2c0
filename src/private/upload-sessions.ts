import { BoundedMap } from "../foundation/bounded-map.js";
import { algorithmOf, type Digest, type DigestAlgorithm, Digester } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { LockError } from "../oci/storage-error.js";
import type { Context } from "../registry/context.js";
import type { Chunk, UploadSession, Uploads } from "../registry/repository.js";
import { digestOfReader } from "../storage/content/blob-store.js";
import { isUploadId } from "../storage/content/upload-store.js";
import { OffsetMismatchError, type StagedObject, type StagedStat } from "../storage/staging.js";
import type { Storage } from "../storage/storage.js";
import { hashed, measured } from "./chunk-content.js";
import { type OpenUploadLimits, OpenUploads } from "./open-uploads.js";
import { holdingUpload } from "./upload-claims.js";
import { digestMismatch, outOfOrder, takenOver, unknownUpload } from "./upload-errors.js";

const rememberedSessions = 10_000;

/**
 * The hash of everything stored, and the state of the stored object at that time, which reveals changes by other
 * processes.
 */
interface RunningHash {
  readonly digester: Digester;
  readonly stored: StagedStat | undefined;
}

interface Arriving {
  readonly id: string;
  readonly chunk: Chunk;
  readonly signal: AbortSignal;
}

/**
 * What this process knows about the sessions it works on. It can all be lost: the bytes are then hashed again. Shared
 * by all repositories, since session ids are unique.
 */
export class RunningUploads {
  readonly hashes = new BoundedMap<string, RunningHash>(rememberedSessions);
  /** The connections that are sending; a newer request for the same session aborts the older one. */
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

  /** @param beforeStoring called when a blob matches its claimed digest, before it is stored under that digest */
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
    return this.#alone(id, context, async (signal) => {
      const content = this.#storage.uploads.content(this.#name, id);
      return { id, offset: await this.#append(content, { id, chunk, signal }) };
    });
  }

  finish(id: string, digest: Digest, chunk: Chunk, context: Context): Promise<void> {
    return this.#alone(id, context, async (signal, lost) => {
      const content = this.#storage.uploads.content(this.#name, id);
      const size = await this.#append(content, { id, chunk, signal });
      const actual = await this.#digest(id, digest, content, size);
      if (actual !== digest) {
        await this.#forget(id);
        throw digestMismatch(digest, actual, size);
      }
      await this.#beforeStoring();
      // Another process may be appending by now.
      lost.throwIfAborted();
      await this.#storage.repository(this.#name).addBlob(digest, content);
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

  /** @returns the offset at which the session now ends */
  async #append(content: StagedObject, { id, chunk, signal }: Arriving): Promise<number> {
    const before = await content.stat();
    const offset = before?.size ?? (await this.#offset(id));
    // Checked before anything is read or verified; the session stays (distribution-spec, "Pushing a blob in chunks").
    if (chunk.range !== undefined && chunk.range.start !== offset) throw outOfOrder(id, offset);
    const digester = this.#takeDigester(id, before);
    this.#running.open.filled(id);
    try {
      return await content.append(offset, hashed(measured(chunk, signal), digester));
    } catch (error) {
      // Another process has appended meanwhile.
      throw error instanceof OffsetMismatchError ? outOfOrder(id, error.offset) : error;
    } finally {
      const stored = await content.stat();
      if (digester !== undefined) this.#keepDigester(id, digester, stored);
      if (stored === undefined || stored.size === 0) this.#running.open.emptied(id);
    }
  }

  /** The hash of the stored bytes, if this process knows it: an empty session needs none. */
  #takeDigester(id: string, stored: StagedStat | undefined): Digester | undefined {
    const known = this.#running.hashes.get(id);
    this.#running.hashes.delete(id);
    if (stored === undefined || stored.size === 0) return new Digester(known?.digester.algorithm);
    const isSame = stored.size === known?.stored?.size && stored.modifiedMs === known.stored.modifiedMs;
    return isSame ? known.digester : undefined;
  }

  /** If a write was cut short, the hash does not match the stored bytes and is dropped. */
  #keepDigester(id: string, digester: Digester, stored: StagedStat | undefined): void {
    if (digester.length === (stored?.size ?? 0)) this.#running.hashes.set(id, { digester, stored });
  }

  async #offset(id: string): Promise<number> {
    const offset = isUploadId(id) ? await this.#storage.uploads.offset(this.#name, id) : undefined;
    if (offset === undefined) throw unknownUpload(id);
    return offset;
  }

  /** The digest of the stored bytes: from the running hash, or by reading them once. */
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

  /** A session belongs to the user who opened it; for other users it does not exist, whatever they may push. */
  async #requireOwn(id: string, { access }: Context): Promise<void> {
    // Checked before the storage is used: a made-up id must not become part of a key.
    if (!isUploadId(id)) throw unknownUpload(id);
    if (access === undefined) return;
    const openedBy = await this.#storage.uploads.openedBy(this.#name, id);
    if (openedBy !== undefined && openedBy !== access.identity.user) throw unknownUpload(id);
  }

  /**
   * Runs one request at a time on a session. The newest wins: a client that reconnects must not wait for its own dead
   * connection, so that one is aborted, and the bytes it brought stay.
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
