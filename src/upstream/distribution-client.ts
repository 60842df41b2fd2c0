import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import type { Reference } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { plainText } from "./answer-headers.js";
import { getBlob } from "./blob-client.js";
import { proveBlob } from "./blob-proof.js";
import type { Endpoint } from "./endpoint.js";
import type { Attempt, Failover } from "./failover.js";
import { HostErrors } from "./host-errors.js";
import type { Clock } from "./limits/deadline.js";
import { Deadline } from "./limits/deadline.js";
import { watched } from "./limits/demand.js";
import type { Quota, QuotaMemory } from "./limits/quota.js";
import { getManifest, headManifest } from "./manifest-client.js";
import { type ListPage, PageRooms, pagesOf } from "./pages.js";
import { type ReferrersRequest, readReferrerPage, referrersByTag, saysNoApi } from "./referrer-list.js";
import { readTagPage } from "./tag-list.js";
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
import { UpstreamError } from "./upstream-error.js";

interface DistributionClientOptions {
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
  readonly failover: Failover;
  readonly quota: QuotaMemory;
  readonly clock: Clock;
  readonly answerTimeoutMs: number;
  readonly maxManifestBytes: number;
  /** Identifies this Berth in `Via`. */
  readonly instanceId: string;
}

type Headers = Readonly<Record<string, string>>;

const maxViaLength = 2_000;

/** An upstream that speaks the distribution protocol. */
export class DistributionClient implements UpstreamClient {
  readonly name: string;
  readonly #options: DistributionClientOptions;
  readonly #pageRooms = new PageRooms();
  /** Without waiting for its first quota. */
  readonly #isKnownToCount: boolean;

  constructor(options: DistributionClientOptions) {
    this.name = options.name;
    this.#options = options;
    this.#isKnownToCount = options.endpoints.some((endpoint) => endpoint.countsPulls);
  }

  get countsPulls(): boolean {
    return this.#isKnownToCount || this.#options.quota.last !== undefined;
  }

  headManifest(
    repository: RepositoryName,
    reference: Reference,
    options: RequestOptions,
  ): Promise<UpstreamManifestHead> {
    const { maxManifestBytes } = this.#options;
    const wanted = { repository, reference, headers: this.#headers(options) };
    return this.#ask(options, (endpoint, attemptOptions) =>
      headManifest(endpoint, wanted, maxManifestBytes, attemptOptions),
    );
  }

  getManifest(repository: RepositoryName, reference: Reference, options: RequestOptions): Promise<UpstreamManifest> {
    const { maxManifestBytes } = this.#options;
    const wanted = { repository, reference, headers: this.#headers(options) };
    return this.#ask(options, (endpoint, attemptOptions) =>
      getManifest(endpoint, wanted, maxManifestBytes, attemptOptions),
    );
  }

  headBlob(repository: RepositoryName, digest: Digest, options: ProofOptions): Promise<UpstreamBlobHead> {
    const wanted = { repository, digest, headers: this.#headers(options) };
    return this.#ask(options, (endpoint, attemptOptions) =>
      proveBlob(endpoint, wanted, options.knownSize, attemptOptions),
    );
  }

  getBlob(repository: RepositoryName, digest: Digest, part: BlobPart, options: BlobOptions): Promise<UpstreamBlob> {
    const { headersMs = this.#options.answerTimeoutMs } = options;
    const wanted = { repository, digest, headers: this.#headers(options) };
    const last = this.#options.endpoints.at(-1);
    const attempt: Attempt<UpstreamBlob> = (endpoint, attemptOptions) => {
      // While there is another endpoint, the wait for this one is short.
      const firstByteMs = endpoint === last ? options.headersMs : undefined;
      return getBlob(endpoint, { ...wanted, firstByteMs }, part, attemptOptions);
    };
    return this.#ask(options, attempt, headersMs);
  }

  async *tagPages(repository: RepositoryName, options: RequestOptions): AsyncGenerator<readonly string[], void, void> {
    const headers = this.#headers(options);
    const pages = this.#pages(options, (query) => (endpoint, attemptOptions) => {
      return readTagPage(endpoint, repository, { headers, query }, attemptOptions);
    });
    for await (const page of pages) yield page;
  }

  /**
   * After any failure of the API, the tag is requested: some registries answer the API with a web page, or refuse it.
   * Without the tag there are no referrers if the upstream has no API; otherwise the failure is reported, so that no
   * signed image looks unsigned.
   */
  async listReferrers(
    repository: RepositoryName,
    subject: Digest,
    options: RequestOptions,
  ): Promise<readonly Descriptor[]> {
    const request = { repository, subject, headers: this.#headers(options) };
    try {
      return await this.#referrersByApi(request, options);
    } catch (failure) {
      if (!(failure instanceof UpstreamError)) throw failure;
      const listed = await this.#referrersByTag(request, options).catch((error) => {
        throw saysNoApi(failure) ? error : failure;
      });
      if (listed === undefined && !saysNoApi(failure)) throw failure;
      return listed ?? [];
    }
  }

  comesFromHere(via: string): boolean {
    return via.includes(this.#options.instanceId);
  }

  quota(): Quota | undefined {
    return this.#options.quota.last;
  }

  close(): void {
    for (const endpoint of this.#options.endpoints) endpoint.close();
  }

  #ask<Result>(
    options: RequestOptions,
    attempt: Attempt<Result>,
    usualMs: number = this.#options.answerTimeoutMs,
  ): Promise<Result> {
    const { failover, clock } = this.#options;
    const { signal, log, deadlineMs, demand = watched, onSent: onAsked = () => {}, room } = options;
    const deadline = new Deadline(signal, deadlineMs ?? usualMs, clock);
    return failover.run(
      { deadline, log, hasFallback: deadlineMs !== undefined, demand, onSent: onAsked, room },
      attempt,
    );
  }

  async #referrersByApi(request: ReferrersRequest, options: RequestOptions): Promise<Descriptor[]> {
    const list: Descriptor[] = [];
    const pages = this.#pages(options, (query) => (endpoint, attemptOptions) => {
      return readReferrerPage(endpoint, request, query, attemptOptions);
    });
    for await (const page of pages) for (const referrer of page) list.push(referrer);
    return list;
  }

  #referrersByTag(request: ReferrersRequest, options: RequestOptions): Promise<readonly Descriptor[] | undefined> {
    const { maxManifestBytes } = this.#options;
    return this.#ask(options, (endpoint, attemptOptions) =>
      referrersByTag(endpoint, request, maxManifestBytes, attemptOptions),
    );
  }

  #pages<Content>(
    options: RequestOptions,
    attemptFor: (query: string | undefined) => Attempt<ListPage<Content>>,
  ): AsyncGenerator<Content, void, void> {
    const errors = new HostErrors(this.name, this.#options.endpoints.at(-1)?.host ?? this.name);
    return pagesOf(
      (query) => this.#pageRooms.read((room) => this.#ask({ ...options, room }, attemptFor(query))),
      (what) => errors.invalid(what),
    );
  }

  /** Each cache on the way adds itself, so that one that finds its own id detects the loop (RFC 9110, "Via"). */
  #headers({ trail = {} }: RequestOptions): Headers {
    const own = `1.1 berth (${this.#options.instanceId})`;
    const before = plainText(trail.via ?? "", maxViaLength);
    const { traceparent } = trail;
    return { Via: before ? `${before}, ${own}` : own, ...(traceparent !== undefined && { traceparent }) };
  }
}
