import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import type { Reference } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Quota } from "./limits/quota.js";
import type {
  BlobOptions,
  BlobPart,
  ProofOptions,
  RequestOptions,
  UpstreamBlob,
  UpstreamBlobHead,
  UpstreamClient,
  UpstreamManifest,
  UpstreamManifestHead,
} from "./upstream-client.js";

/** What a request to an upstream is for. */
export type RequestKind = "manifest-head" | "manifest" | "blob-head" | "blob" | "tags" | "referrers";

/** Sees the requests to upstreams, and their results. */
export interface UpstreamObserver {
  /** Sends the request, and returns the answer or throws the failure. */
  request<Answer>(upstream: string, kind: RequestKind, send: () => Promise<Answer>): Promise<Answer>;
  /** Told of bytes that arrived. An observer without it costs blobs nothing. */
  pulled?(type: "blob" | "manifest", bytes: number): void;
}

/** A client of an upstream whose requests are observed. */
export class ObservedUpstreamClient implements UpstreamClient {
  readonly #client: UpstreamClient;
  readonly #observer: UpstreamObserver;

  constructor(client: UpstreamClient, observer: UpstreamObserver) {
    this.#client = client;
    this.#observer = observer;
  }

  get name(): string {
    return this.#client.name;
  }

  get countsPulls(): boolean {
    return this.#client.countsPulls;
  }

  async headManifest(
    repository: RepositoryName,
    reference: Reference,
    options: RequestOptions,
  ): Promise<UpstreamManifestHead> {
    const head = await this.#request("manifest-head", () => this.#client.headManifest(repository, reference, options));
    if (head.manifest !== undefined) this.#observer.pulled?.("manifest", head.manifest.bytes.length);
    return head;
  }

  async getManifest(
    repository: RepositoryName,
    reference: Reference,
    options: RequestOptions,
  ): Promise<UpstreamManifest> {
    const manifest = await this.#request("manifest", () => this.#client.getManifest(repository, reference, options));
    this.#observer.pulled?.("manifest", manifest.bytes.length);
    return manifest;
  }

  headBlob(repository: RepositoryName, digest: Digest, options: ProofOptions): Promise<UpstreamBlobHead> {
    return this.#request("blob-head", () => this.#client.headBlob(repository, digest, options));
  }

  async getBlob(
    repository: RepositoryName,
    digest: Digest,
    part: BlobPart,
    options: BlobOptions,
  ): Promise<UpstreamBlob> {
    const blob = await this.#request("blob", () => this.#client.getBlob(repository, digest, part, options));
    return this.#observer.pulled === undefined ? blob : { ...blob, content: this.#counted(blob.content) };
  }

  /** A list counts once, by its first page, however many pages it has. */
  async *tagPages(repository: RepositoryName, options: RequestOptions): AsyncGenerator<readonly string[], void, void> {
    const pages = this.#client.tagPages(repository, options);
    try {
      const { done, value } = await this.#request("tags", () => pages.next());
      if (done) return;
      yield value;
      yield* pages;
    } finally {
      await pages.return();
    }
  }

  listReferrers(repository: RepositoryName, subject: Digest, options: RequestOptions): Promise<readonly Descriptor[]> {
    return this.#request("referrers", () => this.#client.listReferrers(repository, subject, options));
  }

  comesFromHere(via: string): boolean {
    return this.#client.comesFromHere(via);
  }

  quota(): Quota | undefined {
    return this.#client.quota();
  }

  close(): void {
    this.#client.close();
  }

  #request<Answer>(kind: RequestKind, send: () => Promise<Answer>): Promise<Answer> {
    return this.#observer.request(this.name, kind, send);
  }

  async *#counted(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
    for await (const piece of content) {
      this.#observer.pulled?.("blob", piece.length);
      yield piece;
    }
  }
}
