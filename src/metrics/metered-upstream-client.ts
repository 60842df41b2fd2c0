import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import type { Reference } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Quota } from "../upstream/limits/quota.js";
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
} from "../upstream/upstream-client.js";
import type { RequestKind, UpstreamMetrics } from "./upstream-metrics.js";

/** A client of an upstream that counts its requests. */
export class MeteredUpstreamClient implements UpstreamClient {
  readonly #client: UpstreamClient;
  readonly #metrics: UpstreamMetrics;

  constructor(client: UpstreamClient, metrics: UpstreamMetrics) {
    this.#client = client;
    this.#metrics = metrics;
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
    const head = await this.#count("manifest-head", () => this.#client.headManifest(repository, reference, options));
    if (head.manifest !== undefined) this.#metrics.pulled("manifest", head.manifest.bytes.length);
    return head;
  }

  async getManifest(
    repository: RepositoryName,
    reference: Reference,
    options: RequestOptions,
  ): Promise<UpstreamManifest> {
    const manifest = await this.#count("manifest", () => this.#client.getManifest(repository, reference, options));
    this.#metrics.pulled("manifest", manifest.bytes.length);
    return manifest;
  }

  headBlob(repository: RepositoryName, digest: Digest, options: ProofOptions): Promise<UpstreamBlobHead> {
    return this.#count("blob-head", () => this.#client.headBlob(repository, digest, options));
  }

  async getBlob(
    repository: RepositoryName,
    digest: Digest,
    part: BlobPart,
    options: BlobOptions,
  ): Promise<UpstreamBlob> {
    const blob = await this.#count("blob", () => this.#client.getBlob(repository, digest, part, options));
    return { ...blob, content: this.#counted(blob.content) };
  }

  /** A list counts once, by its first page, however many pages it has. */
  async *tagPages(repository: RepositoryName, options: RequestOptions): AsyncGenerator<readonly string[], void, void> {
    const pages = this.#client.tagPages(repository, options);
    try {
      const { done, value } = await this.#count("tags", () => pages.next());
      if (done) return;
      yield value;
      yield* pages;
    } finally {
      await pages.return();
    }
  }

  listReferrers(repository: RepositoryName, subject: Digest, options: RequestOptions): Promise<Descriptor[]> {
    return this.#count("referrers", () => this.#client.listReferrers(repository, subject, options));
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

  #count<Answer>(kind: RequestKind, ask: () => Promise<Answer>): Promise<Answer> {
    return this.#metrics.count(this.name, kind, ask);
  }

  async *#counted(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
    for await (const piece of content) {
      this.#metrics.pulled("blob", piece.length);
      yield piece;
    }
  }
}
