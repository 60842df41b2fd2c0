import { randomUUID } from "node:crypto";
import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { MachineWork, StorageDriver } from "../driver.js";
import { layout, repositoryFolders } from "../layout.js";
import type { StagedObject } from "../staging.js";
import type { HeldClaims } from "./held-claims.js";
import { repositoriesAfter } from "./repository-walk.js";
import { type MakeRoom, RoomMakingStage, withRoom } from "./room-making-stage.js";

const idPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What is noted of a session: when it was opened, as the distribution registry's purge expects, and by whom. */
const notes = { start: "startedat", owner: "openedby" } as const;

/** Whether a text can be the id of an upload session, and so part of a key. */
export function isUploadId(text: string): boolean {
  return idPattern.test(text);
}

/** Unfinished pushes of blobs, stored as by the distribution registry: its purge expects a UUID and the start time. */
export class UploadStore {
  readonly #driver: StorageDriver;
  readonly #heldClaims: HeldClaims;
  readonly #makeRoom: MakeRoom;
  /** Sessions that this process has created, minus those it has ended, whichever process created them. */
  #balance = 0;

  constructor(driver: StorageDriver, heldClaims: HeldClaims, makeRoom: MakeRoom) {
    this.#driver = driver;
    this.#heldClaims = heldClaims;
    this.#makeRoom = makeRoom;
  }

  /** @param openedBy the user that owns the session; without it, the session belongs to no particular user */
  async create(name: RepositoryName, startedAt: Date, openedBy?: string): Promise<string> {
    const id = randomUUID();
    // The owner first: otherwise, a process killed in between would leave a session that anyone can continue.
    const noted = {
      ...(openedBy === undefined ? {} : { [notes.owner]: openedBy }),
      [notes.start]: `${startedAt.toISOString().slice(0, 19)}Z`,
    };
    await withRoom(this.#makeRoom, () => this.content(name, id).begin(noted));
    this.#balance++;
    return id;
  }

  get balance(): number {
    return this.#balance;
  }

  /** The user who opened the session; `undefined` if it belongs to no particular user. */
  async openedBy(name: RepositoryName, id: string): Promise<string | undefined> {
    return (await this.content(name, id).note(notes.owner))?.text();
  }

  /** Bytes received; `undefined` if the repository has no such session. */
  async offset(name: RepositoryName, id: string): Promise<number | undefined> {
    const content = this.content(name, id);
    const stat = await content.stat();
    if (stat !== undefined) return stat.size;
    return (await content.note(notes.start)) && 0;
  }

  /** When the session last received something, in milliseconds since 1970. */
  async lastUse(name: RepositoryName, id: string): Promise<number | undefined> {
    const content = this.content(name, id);
    const times = [(await content.stat())?.modifiedMs, (await content.note(notes.start))?.writtenMs];
    const known = times.filter((time) => time !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  }

  content(name: RepositoryName, id: string): StagedObject {
    return this.#withRoom(this.#driver.staging.at(layout.uploadContent(name, id)), [notes.owner, notes.start]);
  }

  /** A place for a blob that arrives in one request and needs no session. */
  scratch(): StagedObject {
    return this.#withRoom(this.#driver.machine.staging.at(layout.scratch(randomUUID())));
  }

  /** A place for a blob that arrives in one request, with its digest. */
  placeOf(digest: Digest): StagedObject {
    const direct = this.#driver.staging.direct?.(layout.blob(digest));
    return direct === undefined ? this.scratch() : this.#withRoom(direct);
  }

  /** Whether such a place is cheaper than a session. */
  get isDirectCheaper(): boolean {
    return this.#driver.staging.direct !== undefined;
  }

  /** Call it before the content of a session is stored as a blob. */
  async holdClaims(name: RepositoryName, content: StagedObject): Promise<void> {
    const startedMs = (await content.note(notes.start))?.writtenMs;
    if (startedMs !== undefined) await this.#heldClaims.hold(name, startedMs);
  }

  /** Ends a session. @param content of the session, whether it is committed or not */
  async close(content: StagedObject): Promise<void> {
    await content.discardWithNotes([notes.owner, notes.start]);
    this.#balance--;
  }

  /** In milliseconds since 1970; `undefined` if that is not known. */
  async startedMs(name: RepositoryName, id: string): Promise<number | undefined> {
    return (await this.content(name, id).note(notes.start))?.writtenMs;
  }

  async remove(name: RepositoryName, id: string): Promise<void> {
    const content = this.content(name, id);
    await this.holdClaims(name, content);
    await this.close(content);
  }

  /**
   * Removes a session that has received nothing, with the folders that were made for it alone.
   * @returns `false` if it has bytes; a request that is about to bring the first ones to another process finds no
   * session
   */
  async removeIfEmpty(name: RepositoryName, id: string): Promise<boolean> {
    const content = this.content(name, id);
    const stat = await content.stat();
    if (stat !== undefined && stat.size > 0) return false;
    if (stat === undefined) await this.#removeWithFolders(content);
    // An object without bytes may belong to another process that is about to write to it.
    else void this.locked(id, () => this.#removeEmpty(name, id)).catch(() => {});
    this.#balance--;
    return true;
  }

  async #removeEmpty(name: RepositoryName, id: string): Promise<void> {
    const content = this.content(name, id);
    if ((await content.stat())?.size === 0) await this.#removeWithFolders(content);
  }

  async #removeWithFolders(content: StagedObject): Promise<void> {
    await content.discardWithNotes([notes.owner, notes.start]);
    await content.discardWithFolders(layout.repositories);
  }

  /** Removes everything in a session, including what another program left there. */
  async purge(name: RepositoryName, id: string): Promise<void> {
    await this.#driver.staging.remove(`${layout.uploads(name)}/${id}`);
    this.#balance--;
  }

  /** Ids of the sessions of a repository. */
  async list(name: RepositoryName): Promise<string[]> {
    return (await this.#driver.staging.list(layout.uploads(name))).filter(isUploadId);
  }

  /** Whether the repository has anything in place of sessions, including what another program left there. */
  async hasAny(name: RepositoryName): Promise<boolean> {
    return (await this.#driver.staging.list(layout.uploads(name))).length > 0;
  }

  /** Repositories that have, or once had, sessions. */
  async *repositories(): AsyncIterable<RepositoryName> {
    for await (const { name, folders } of repositoriesAfter(this.#driver.staging))
      if (folders.includes(repositoryFolders.uploads)) yield name;
  }

  /** Sessions change one step at a time, across all processes. */
  async locked<Result>(id: string, action: (lost: AbortSignal) => Promise<Result>): Promise<Result> {
    // Taking the lock may be repeated on a full disk, but not the action.
    const [outcome] = await withRoom(this.#makeRoom, () =>
      this.#place.withLock(`upload ${id}`, (lost) => Promise.allSettled([action(lost)])),
    );
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  }

  /**
   * Tells the process that works on a session, perhaps for a client that has disconnected, that another one is waiting.
   */
  async claim(id: string): Promise<void> {
    await this.endClaim(id);
    await this.#claim(id).append(0, only(Buffer.from(id)));
  }

  /** When the session was last claimed, in milliseconds since 1970. */
  async claimedAt(id: string): Promise<number | undefined> {
    return (await this.#claim(id).stat())?.modifiedMs;
  }

  async endClaim(id: string): Promise<void> {
    await this.#claim(id).discard();
  }

  #withRoom(staged: StagedObject, notes: readonly string[] = []): RoomMakingStage {
    return new RoomMakingStage(staged, (...objects) => this.#driver.write(...objects), this.#makeRoom, notes);
  }

  #claim(id: string): StagedObject {
    return this.#place.staging.at(layout.uploadClaim(id));
  }

  /** Where requests for one session wait for each other. */
  get #place(): MachineWork {
    return this.#driver.staging.refusesRivals ? this.#driver.machine : this.#driver;
  }
}

async function* only(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}
