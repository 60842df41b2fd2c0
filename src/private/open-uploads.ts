import { RegistryError } from "../oci/errors.js";
import type { RepositoryName } from "../oci/repository-name.js";

export interface OpenUploadLimits {
  /** Sessions that may be open. */
  readonly maxOpen: number;
  /** Sessions that one client may have open. */
  readonly maxOpenPerClient: number;
}

/** A session that was started here, and of whose end nothing is known. */
interface OpenUpload {
  readonly id: string;
  readonly name: RepositoryName;
  readonly client: string;
}

/** One client's sessions; of both kinds the oldest first. */
interface Holding {
  readonly empty: Map<string, OpenUpload>;
  /** Those that hold bytes, or are just receiving some. */
  readonly filled: Map<string, OpenUpload>;
}

/** What became of a session that was asked to give way. */
export type Yielded = "removed" | "has bytes";

/**
 * Bounds how many sessions are open, in all and for each client: each takes some files of the disk for as long as
 * `private.uploads.expire`. Who starts a session always gets one while there are empty ones: the oldest of them gives
 * way, of the client itself if it has too many, else of the one that has the most. A session with bytes never does.
 *
 * It counts what this process started. Another one may have filled or ended a session since, so the storage has the last
 * word before one is removed.
 */
export class OpenUploads {
  readonly #limits: OpenUploadLimits;
  readonly #remove: (name: RepositoryName, id: string) => Promise<Yielded>;
  readonly #byId = new Map<string, OpenUpload>();
  readonly #byClient = new Map<string, Holding>();

  /** @param remove removes a session from the storage, unless it has bytes */
  constructor(limits: OpenUploadLimits, remove: (name: RepositoryName, id: string) => Promise<Yielded>) {
    this.#limits = limits;
    this.#remove = remove;
  }

  /** @throws RegistryError TOOMANYREQUESTS if no further session may be open, and none is empty */
  async makeRoom(client: string): Promise<void> {
    while (this.#countOf(client) >= this.#limits.maxOpenPerClient) {
      const own = oldestOf(this.#byClient.get(client)?.empty);
      if (own === undefined) throw tooMany(`${this.#countOf(client)} of this client`);
      await this.#yield(own);
    }
    while (this.#byId.size >= this.#limits.maxOpen) {
      const oldest = this.#oldestEmpty();
      if (oldest === undefined) throw tooMany(`${this.#byId.size}`);
      await this.#yield(oldest);
    }
  }

  started(upload: OpenUpload): void {
    this.#byId.set(upload.id, upload);
    this.#holdingOf(upload.client).empty.set(upload.id, upload);
  }

  /** A session receives bytes, or has some. */
  filled(id: string): void {
    const upload = this.#byId.get(id);
    if (upload === undefined) return;
    const holding = this.#holdingOf(upload.client);
    holding.empty.delete(id);
    holding.filled.set(id, upload);
  }

  /** A session that was about to receive bytes got none. */
  emptied(id: string): void {
    const upload = this.#byId.get(id);
    if (upload === undefined) return;
    const holding = this.#holdingOf(upload.client);
    holding.filled.delete(id);
    holding.empty.set(id, upload);
  }

  ended(id: string): void {
    const upload = this.#byId.get(id);
    if (upload === undefined) return;
    this.#byId.delete(id);
    const holding = this.#holdingOf(upload.client);
    holding.empty.delete(id);
    holding.filled.delete(id);
    if (holding.empty.size + holding.filled.size === 0) this.#byClient.delete(upload.client);
  }

  async #yield(upload: OpenUpload): Promise<void> {
    // Taken out before it is asked: two that make room at once must not wait for the same one.
    this.ended(upload.id);
    if ((await this.#remove(upload.name, upload.id)) === "removed") return;
    this.started(upload);
    this.filled(upload.id);
  }

  #oldestEmpty(): OpenUpload | undefined {
    let most: Holding | undefined;
    for (const holding of this.#byClient.values()) {
      if (holding.empty.size > (most?.empty.size ?? 0)) most = holding;
    }
    return oldestOf(most?.empty);
  }

  #countOf(client: string): number {
    const holding = this.#byClient.get(client);
    return holding === undefined ? 0 : holding.empty.size + holding.filled.size;
  }

  #holdingOf(client: string): Holding {
    const known = this.#byClient.get(client);
    if (known !== undefined) return known;
    const holding = { empty: new Map(), filled: new Map() };
    this.#byClient.set(client, holding);
    return holding;
  }
}

function oldestOf(uploads: Map<string, OpenUpload> | undefined): OpenUpload | undefined {
  const [oldest] = uploads?.values() ?? [];
  return oldest;
}

function tooMany(count: string): RegistryError {
  const message = `${count} upload sessions that hold bytes are open, and no more may be; finish or cancel some`;
  return new RegistryError("TOOMANYREQUESTS", message, { headers: { "Retry-After": "60" } });
}
