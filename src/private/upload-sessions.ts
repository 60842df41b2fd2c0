import type { Digest, DigestAlgorithm } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { LockError, StorageError } from "../oci/storage-error.js";
import type { Context } from "../registry/context.js";
import type { Chunk, UploadSession, Uploads } from "../registry/repository.js";
import { isUploadId } from "../storage/content/upload-store.js";
import { OffsetMismatchError, type StagedObject, type StagedStat } from "../storage/staging.js";
import type { Storage } from "../storage/storage.js";
import { hashed, measured } from "./chunk-content.js";
import { withProvedBlob } from "./proved-blob.js";
import type { RunningUploads } from "./running-uploads.js";
import type { StoringRules } from "./storing-rules.js";
import { holdingUpload } from "./upload-claims.js";
import { digestMismatch, outOfOrder, takenOver, unknownUpload } from "./upload-errors.js";

interface Arriving {
  readonly chunk: Chunk;
  readonly signal: AbortSignal;
}

/** A session, and what had arrived of it when a request began. */
interface OpenSession {
  readonly id: string;
  readonly content: StagedObject;
  readonly before: StagedStat | undefined;
}

/** Makes proved content part of the repository. */
type Store = (whole: StagedObject, size: number) => Promise<void>;

/** The upload sessions of one repository. */
export class UploadSessions implements Uploads {
  readonly #storage: Storage;
  readonly #name: RepositoryName;
  readonly #running: RunningUploads;
  readonly #storing: StoringRules;

  constructor(storage: Storage, name: RepositoryName, running: RunningUploads, storing: StoringRules) {
    this.#storage = storage;
    this.#name = name;
    this.#running = running;
    this.#storing = storing;
  }

  async start(algorithm: DigestAlgorithm, { caller, access }: Context): Promise<UploadSession> {
    await this.#running.open.makeRoom(caller.network);
    const id = await this.#storage.uploads.create(this.#name, new Date(), access?.identity.user);
    this.#running.hashes.start(id, algorithm);
    this.#running.open.started({ id, name: this.#name, client: caller.network });
    return { id, offset: 0 };
  }

  async get(id: string, context: Context): Promise<UploadSession> {
    await this.#requireOwn(id, context);
    return { id, offset: await this.#offset(id) };
  }

  append(id: string, chunk: Chunk, context: Context): Promise<UploadSession> {
    return this.#alone(id, context, async (signal) => {
      return { id, offset: await this.#append(await this.#open(id), { chunk, signal }) };
    });
  }

  finish(id: string, digest: Digest, chunk: Chunk, context: Context): Promise<void> {
    return this.#alone(id, context, async (signal, lost) => {
      const session = await this.#open(id);
      await this.#expect(session, digest, chunk);
      const add = async (whole: StagedObject) => {
        // Another process may be appending by now.
        lost.throwIfAborted();
        // Before the session ends, which it may do when its content gets its name.
        await this.#storage.uploads.holdClaims(this.#name, session.content);
        await this.#storage.repository(this.#name).addBlob(digest, whole);
      };
      const store = (whole: StagedObject, size: number) =>
        this.#orForget(id, () => this.#storing.admit({ digest, size }, () => add(whole)));
      const size =
        session.before?.size || !this.#storage.uploads.isDirectCheaper
          ? await this.#complete(session, digest, { chunk, signal }, store)
          : await this.#receiveWhole(session, digest, { chunk, signal }, store);
      await this.#storage.uploads.close(session.content);
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

  async #open(id: string): Promise<OpenSession> {
    const content = this.#storage.uploads.content(this.#name, id);
    const before = await content.stat();
    if (before === undefined) await this.#offset(id);
    return { id, content, before };
  }

  /** If the client has announced how much comes, a blob that is too large is refused before it comes. */
  async #expect({ id, before }: OpenSession, digest: Digest, { content: { announced } }: Chunk): Promise<void> {
    if (announced === undefined) return;
    await this.#orForget(id, () => this.#storing.expect({ digest, size: (before?.size ?? 0) + announced }));
  }

  /** Bytes that are refused must not take up space. */
  async #orForget(id: string, action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (error instanceof RegistryError && error.code === "DENIED") await this.#forget(id);
      throw error;
    }
  }

  /** Stores what has arrived of a blob, with the last bytes. @returns its size */
  async #complete(session: OpenSession, digest: Digest, arriving: Arriving, store: Store): Promise<number> {
    const size = await this.#append(session, arriving);
    const actual = await this.#running.hashes.digest(session.id, digest, session.content, size);
    if (actual !== digest) {
      await this.#forget(session.id);
      throw digestMismatch(digest, actual, size);
    }
    await store(session.content, size);
    return size;
  }

  /** Stores a blob of which nothing has arrived before. @returns its size */
  async #receiveWhole({ id }: OpenSession, digest: Digest, { chunk, signal }: Arriving, store: Store): Promise<number> {
    if (chunk.range !== undefined && chunk.range.start !== 0) throw outOfOrder(id, 0);
    this.#running.open.filled(id);
    try {
      return await withProvedBlob(this.#storage, digest, measured(chunk, signal), store);
    } catch (error) {
      if (error instanceof RegistryError && error.code === "DIGEST_INVALID") await this.#forget(id);
      else this.#running.open.emptied(id);
      throw error;
    }
  }

  /** @returns the offset at which the session now ends */
  async #append({ id, content, before }: OpenSession, { chunk, signal }: Arriving): Promise<number> {
    const offset = before?.size ?? 0;
    // Checked before anything is read or verified; the session stays (distribution-spec, "Pushing a blob in chunks").
    if (chunk.range !== undefined && chunk.range.start !== offset) throw outOfOrder(id, offset);
    let digester = this.#running.hashes.take(id, before);
    this.#running.open.filled(id);
    try {
      return await content.append(offset, hashed(measured(chunk, signal), digester), this.#running.hashes.holder);
    } catch (error) {
      // Another process may have appended meanwhile: as many bytes, but not those that were hashed here.
      if (error instanceof OffsetMismatchError || error instanceof StorageError) digester = undefined;
      throw error instanceof OffsetMismatchError ? outOfOrder(id, error.offset) : error;
    } finally {
      const stored = await content.stat();
      if (digester !== undefined) this.#running.hashes.keep(id, digester, stored);
      if (stored === undefined || stored.size === 0) this.#running.open.emptied(id);
    }
  }

  async #offset(id: string): Promise<number> {
    const offset = isUploadId(id) ? await this.#storage.uploads.offset(this.#name, id) : undefined;
    if (offset === undefined) throw unknownUpload(id);
    return offset;
  }

  async #forget(id: string): Promise<void> {
    this.#running.hashes.forget(id);
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
      if (error instanceof LockError) this.#running.hashes.forget(id);
      throw error;
    } finally {
      if (this.#running.senders.get(id) === sender) this.#running.senders.delete(id);
    }
  }
}
