import { RegistryError } from "../oci/errors.js";
import type { RepositoryName } from "../oci/repository-name.js";

export interface OpenUploadLimits {
  /** Maximum number of open sessions. */
  readonly maxOpen: number;
  /** Maximum number of open sessions per client. */
  readonly maxOpenPerClient: number;
}

/** A session that this process started and that, as far as it knows, has not ended. */
interface OpenUpload {
  readonly id: string;
  readonly name: RepositoryName;
  readonly client: string;
}

/** The sessions of one client, the oldest first. */
interface Holding {
  readonly empty: Map<string, OpenUpload>;
  /** Sessions that have bytes, or are receiving them. */
  readonly filled: Map<string, OpenUpload>;
}

/** The result of asking a session to give way. */
export type Yielded = "removed" | "has bytes";

/**
 * Limits the open sessions, in total and per client: each occupies files on disk for up to `private.uploads.expire`. A
 * new session always succeeds while empty ones exist: the oldest empty one is ended, of the same client if it has too
 * many, otherwise of the client with the most. A session with bytes is never ended.
 *
 * It counts only what this process started. Another process may have filled or ended a session since, so the storage
 * decides before one is removed.
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

  /** @throws RegistryError TOOMANYREQUESTS if the limit is reached and no session is empty */
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

  /** Records that a session has bytes or is receiving them. */
  filled(id: string): void {
    const upload = this.#byId.get(id);
    if (upload === undefined) return;
    const holding = this.#holdingOf(upload.client);
    holding.empty.delete(id);
    holding.filled.set(id, upload);
  }

  /** Records that a session received no bytes after all. */
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
    // Removed from the list first: two requests that make room at the same time must not wait for the same session.
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
  const message = `${count} upload sessions that hold bytes are open, which is the limit; finish or cancel some`;
  return new RegistryError("TOOMANYREQUESTS", message, { headers: { "Retry-After": "60" } });
}
