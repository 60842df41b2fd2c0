import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import type { Reference } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Quota } from "../upstream/limits/quota.js";
import type {
  AskOptions,
  BlobOptions,
  BlobPart,
  ProofOptions,
  Upstream,
  UpstreamBlob,
  UpstreamBlobHead,
  UpstreamManifest,
  UpstreamManifestHead,
} from "../upstream/upstream.js";
import type { QuestionKind, UpstreamMetrics } from "./upstream-metrics.js";

/** An upstream that counts its requests. */
export class MeteredUpstream implements Upstream {
  readonly #upstream: Upstream;
  readonly #metrics: UpstreamMetrics;

  constructor(upstream: Upstream, metrics: UpstreamMetrics) {
    this.#upstream = upstream;
    this.#metrics = metrics;
  }

  get name(): string {
    return this.#upstream.name;
  }

  get countsPulls(): boolean {
    return this.#upstream.countsPulls;
  }

  async headManifest(
    repository: RepositoryName,
    reference: Reference,
    options: AskOptions,
  ): Promise<UpstreamManifestHead> {
    const head = await this.#count("manifest-head", () => this.#upstream.headManifest(repository, reference, options));
    if (head.manifest !== undefined) this.#metrics.pulled("manifest", head.manifest.bytes.length);
    return head;
  }

  async getManifest(repository: RepositoryName, reference: Reference, options: AskOptions): Promise<UpstreamManifest> {
    const manifest = await this.#count("manifest", () => this.#upstream.getManifest(repository, reference, options));
    this.#metrics.pulled("manifest", manifest.bytes.length);
    return manifest;
  }

  headBlob(repository: RepositoryName, digest: Digest, options: ProofOptions): Promise<UpstreamBlobHead> {
    return this.#count("blob-head", () => this.#upstream.headBlob(repository, digest, options));
  }

  async getBlob(
    repository: RepositoryName,
    digest: Digest,
    part: BlobPart,
    options: BlobOptions,
  ): Promise<UpstreamBlob> {
    const blob = await this.#count("blob", () => this.#upstream.getBlob(repository, digest, part, options));
    return { ...blob, content: this.#counted(blob.content) };
  }

  /** A list counts once, by its first page, however many pages it has. */
  async *tagPages(repository: RepositoryName, options: AskOptions): AsyncGenerator<readonly string[], void, void> {
    const pages = this.#upstream.tagPages(repository, options);
    try {
      const { done, value } = await this.#count("tags", () => pages.next());
      if (done) return;
      yield value;
      yield* pages;
    } finally {
      await pages.return();
    }
  }

  listReferrers(repository: RepositoryName, subject: Digest, options: AskOptions): Promise<Descriptor[]> {
    return this.#count("referrers", () => this.#upstream.listReferrers(repository, subject, options));
  }

  comesFromHere(via: string): boolean {
    return this.#upstream.comesFromHere(via);
  }

  quota(): Quota | undefined {
    return this.#upstream.quota();
  }

  close(): void {
    this.#upstream.close();
  }

  #count<Answer>(kind: QuestionKind, ask: () => Promise<Answer>): Promise<Answer> {
    return this.#metrics.count(this.name, kind, ask);
  }

  async *#counted(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
    for await (const piece of content) {
      this.#metrics.pulled("blob", piece.length);
      yield piece;
    }
  }
}
