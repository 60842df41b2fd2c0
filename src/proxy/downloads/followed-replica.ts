import type { Replica } from "../../cluster/replica.js";
import type { FollowedBlob, ReplicaClient } from "../../cluster/replica-client.js";
import type { BlobReader } from "../../oci/blob-reader.js";
import type { Digester } from "../../oci/digest.js";
import { claim } from "../ownership.js";
import { hashOfRemains } from "./begin-transfer.js";
import type { RunningDownload } from "./fetch-blob.js";
import { readAhead } from "./read-ahead.js";
import { RecentPieces } from "./recent-pieces.js";
import { otherContent } from "./transfer-errors.js";

const readAtOnce = 256 * 1024;

/** Reads a blob from the replica that downloads it into the staged content here, where clients read it as it arrives. */
export class FollowedReplica {
  readonly #download: RunningDownload;
  readonly #client: ReplicaClient;
  readonly #confirm: (signal: AbortSignal) => Promise<void>;
  #isConfirmed = false;
  /** Of the staged bytes. */
  #digester: Digester | undefined;
  #length = 0;
  #isWhole = false;

  /** @param confirm asks the upstream whether it has the blob */
  constructor(download: RunningDownload, client: ReplicaClient, confirm: (signal: AbortSignal) => Promise<void>) {
    this.#download = download;
    this.#client = client;
    this.#confirm = confirm;
  }

  /** How many bytes are here. */
  get length(): number {
    return this.#length;
  }

  /** Whether all bytes are here, and proved. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /**
   * Reads from where the bytes here end, to the end of the blob.
   * @throws ReplicaError if the replica does not send them
   */
  async read(replica: Replica, signal: AbortSignal): Promise<void> {
    const { wanted, log } = this.#download;
    // The bytes may be of another repository's upstream, and this one's decides what may be pulled from it.
    if (!this.#isConfirmed) await this.#confirm(signal);
    this.#isConfirmed = true;
    const digester = await this.#hashOfStaged();
    const blob = await this.#client.openBlob(replica, wanted.digest, digester.length, signal);
    log.debug("a blob is read from another replica", { digest: wanted.digest, replica: replica.address });
    await this.#append(blob, digester);
  }

  /** Reads the rest of a blob that another replica has stored meanwhile: clients are reading what is here. */
  async readStored(): Promise<void> {
    const { wanted, storage } = this.#download;
    const digester = await this.#hashOfStaged();
    const reader = await storage.blobs.open(wanted.digest);
    if (reader === undefined) throw new Error(`${wanted.digest} was stored, and is gone`);
    try {
      await this.#append({ size: reader.size, content: bytesOf(reader, digester.length), close: () => {} }, digester);
    } finally {
      await reader.close();
    }
  }

  async #append(blob: FollowedBlob, digester: Digester): Promise<void> {
    const { wanted, storage, state } = this.#download;
    try {
      await claim(storage, wanted.name, wanted.client.name);
      state.begin(blob.size);
      if (blob.size !== undefined) await storage.downloads.noteSize(wanted.digest, blob.size);
      await storage.downloads.staged(wanted.digest).append(digester.length, this.#arriving(blob, digester));
    } finally {
      this.#length = digester.length;
      blob.close();
    }
    await this.#prove(digester);
  }

  /** Known, unless a piece was not stored, or somebody else has appended meanwhile. */
  async #hashOfStaged(): Promise<Digester> {
    const { wanted, storage } = this.#download;
    const staged = storage.downloads.staged(wanted.digest);
    const size = (await staged.stat())?.size ?? 0;
    if (this.#digester?.length !== size) this.#digester = await hashOfRemains(wanted, staged);
    return this.#digester;
  }

  /** When the storage asks for more, what it has taken can be read. */
  async *#arriving({ content }: FollowedBlob, digester: Digester): AsyncGenerator<Buffer, void, void> {
    const { state } = this.#download;
    state.recent ??= new RecentPieces();
    state.arrived(digester.length);
    for await (const piece of readAhead(content)) {
      const start = digester.length;
      digester.update(piece);
      yield piece;
      state.recent.add(start, piece);
      state.arrived(digester.length);
    }
  }

  async #prove(digester: Digester): Promise<void> {
    const { wanted, storage, state, log } = this.#download;
    this.#digester = undefined;
    const actual = digester.digest();
    if (actual === wanted.digest) {
      this.#isWhole = true;
      state.prove(digester.length);
      return;
    }
    // What an earlier download left here was wrong.
    const error = otherContent(wanted, { actual, size: digester.length }, log);
    state.fail(error);
    await storage.downloads.staged(wanted.digest).invalidate();
    await storage.downloads.forgetSize(wanted.digest);
    throw error;
  }
}

async function* bytesOf(reader: BlobReader, start: number): AsyncGenerator<Buffer, void, void> {
  for (let position = start; position < reader.size; ) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(readAtOnce, reader.size - position));
    const count = await reader.read(buffer, position);
    if (count === 0) return;
    yield buffer.subarray(0, count);
    position += count;
  }
}
