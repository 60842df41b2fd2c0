import { type Reservation, Semaphore } from "../foundation/semaphore.js";
import { SingleFlight } from "../foundation/single-flight.js";
import type { Digest } from "../oci/digest.js";
import type { Tag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { Manifest, ResolvedManifest, Served } from "../registry/repository.js";
import type { TagChecks } from "../storage/cache/tag-checks.js";
import type { StoredManifest } from "../storage/content/manifest-store.js";
import type { RequestOptions, UpstreamManifestHead } from "../upstream/upstream-client.js";
import { UpstreamError } from "../upstream/upstream-error.js";
import type { KeptManifests } from "./kept-manifests.js";
import { ManifestSource } from "./manifest-source.js";
import type { Upstream } from "./upstream.js";

/** A request for a tag, and what is stored of it. */
interface TagRequest {
  readonly name: RepositoryName;
  readonly tag: Tag;
  readonly stored: StoredManifest | undefined;
  readonly context: Context;
  /** For the upstream's response. */
  readonly room?: Reservation;
}

/** Memory for an upstream's large manifests together; each takes a multiple while it is verified and stored. */
const manifestBytes = 16 * 1024 * 1024;

/** The manifests of an upstream's repositories: the cache policy, on one screen. */
export class ManifestCache {
  readonly #kept: KeptManifests;
  readonly #tagChecks: TagChecks;
  readonly #upstream: Upstream;
  readonly #source: ManifestSource;
  /** Whether the upstream counts each GET of a manifest, by its last answer. */
  #countsPulls: boolean;
  readonly #rooms = new Semaphore(manifestBytes);
  readonly #requests = new SingleFlight<string, Manifest>();
  readonly #headRequests = new SingleFlight<string, ResolvedManifest>();

  constructor(kept: KeptManifests, tagChecks: TagChecks, upstream: Upstream) {
    this.#kept = kept;
    this.#tagChecks = tagChecks;
    this.#upstream = upstream;
    this.#source = new ManifestSource(upstream, kept);
    this.#countsPulls = this.#source.countsPulls;
  }

  /** A digest always names the same content: from storage, without expiry, or else fetched and verified. */
  async getByDigest(name: RepositoryName, digest: Digest, context: Context): Promise<Manifest> {
    const stored = await this.#kept.find(name, digest);
    if (stored !== undefined) return this.#serve(stored, { from: "hit" });
    return this.#requests.run(`${name}@${digest}`, () => this.#fetchByDigest(name, digest, context));
  }

  /** If fresh, from storage, without asking the upstream. Otherwise one request for all waiting clients. */
  async getByTag(name: RepositoryName, tag: Tag, context: Context): Promise<Manifest> {
    const request = { name, tag, context, stored: await this.#kept.findTagged(name, tag) };
    const fresh = await this.#serveFresh(request);
    return (
      fresh ??
      this.#requests.run(`${name}:${tag}`, () =>
        this.#revalidate(request, (head, current) => this.#fetchTagged(current, head)),
      )
    );
  }

  /** What a tag points to, for a client that may not need the manifest: costs no pull of the upstream's quota. */
  async resolveTag(name: RepositoryName, tag: Tag, context: Context): Promise<ResolvedManifest> {
    const request = { name, tag, context, stored: await this.#kept.findTagged(name, tag) };
    const fresh = await this.#serveFresh(request);
    return (
      fresh ??
      this.#headRequests.run(`${name}:${tag}`, () =>
        this.#revalidate(request, (head, current) => this.#describe(current, head)),
      )
    );
  }

  async #serveFresh({ name, tag, stored, context }: TagRequest): Promise<Manifest | undefined> {
    const { tagTtl } = this.#upstream;
    const age = stored && !context.noCache && (await this.#tagChecks.age(name, tag, tagTtl));
    if (stored === undefined || typeof age !== "number" || age >= tagTtl) return undefined;
    return this.#serve(stored, { from: "hit", age: age / 1000 });
  }

  async #fetchByDigest(name: RepositoryName, digest: Digest, context: Context): Promise<Manifest> {
    if (!context.noCache) this.#source.throwIfKnownAbsent(name, digest);
    try {
      const options = this.#source.optionsFor(context, false);
      const manifest = await this.#rooms.reserve((room) => this.#source.fetch(name, digest, { ...options, room }));
      this.#countsPulls = this.#source.countsPulls;
      await this.#kept.pointAnnounced(name, digest, context.log);
      return this.#serve(manifest, { from: "miss" });
    } catch (error) {
      throw this.#source.explain(error, name, digest);
    }
  }

  async #revalidate<Answer extends ResolvedManifest>(
    request: TagRequest,
    answerNew: (head: UpstreamManifestHead, request: TagRequest) => Promise<Answer>,
  ): Promise<Answer | Manifest> {
    const { name, tag, stored, context } = request;
    if (stored === undefined && !context.noCache) this.#source.throwIfKnownAbsent(name, tag);
    try {
      return await this.#rooms.reserve((room) => this.#askUpstream({ ...request, room }, answerNew));
    } catch (error) {
      if (stored === undefined) throw this.#source.explain(error, name, tag);
      return this.#fallBack(error, request, stored);
    }
  }

  /** HEAD costs no pull of Docker Hub's quota; a GET follows only for a digest that is not stored. */
  async #askUpstream<Answer extends ResolvedManifest>(
    request: TagRequest,
    answerNew: (head: UpstreamManifestHead, request: TagRequest) => Promise<Answer>,
  ): Promise<Answer | Manifest> {
    const { name, tag, context } = request;
    const head = await this.#source.head(name, tag, this.#optionsFor(request));
    this.#countsPulls = this.#source.countsPulls;
    const known = await this.#kept.find(name, head.digest);
    if (known === undefined) return answerNew(head, request);
    await this.#kept.point(name, tag, known.descriptor.digest, context.log);
    return this.#serve(known, { from: "hit", age: 0 });
  }

  async #fetchTagged(request: TagRequest, head: UpstreamManifestHead): Promise<Manifest> {
    const { name, tag, context } = request;
    const manifest = await this.#source.fetchTagged(name, tag, head, this.#optionsFor(request));
    await this.#kept.point(name, tag, manifest.descriptor.digest, context.log);
    return this.#serve(manifest, { from: "miss" });
  }

  async #describe(request: TagRequest, head: UpstreamManifestHead): Promise<ResolvedManifest> {
    const { digest, mediaType, size } = head;
    // Only the manifest proves its size and type, and the client will request it next. But a GET may cost a pull.
    const isTold = mediaType !== undefined && size !== undefined && head.manifest === undefined;
    if (!isTold || !this.#countsPulls) return this.#fetchTagged(request, head);
    await this.#kept.announce(request.name, request.tag, digest, request.context.log);
    return { descriptor: { mediaType, digest, size }, served: { from: "miss" } };
  }

  /**
   * If the upstream is unreachable, slow, refusing or limiting, the stored copy is better than an error. If the tag is
   * gone, the policy decides.
   */
  async #fallBack(error: unknown, { name, tag, context }: TagRequest, stored: StoredManifest): Promise<Manifest> {
    if (!(error instanceof UpstreamError)) throw error;
    if (error.kind === "not-found" && this.#upstream.onDelete === "drop") {
      await this.#kept.dropTag(name, tag);
      context.log.warn("tag deleted: the upstream no longer has it", { repository: name, tag });
      throw this.#source.explain(error, name, tag);
    }
    const age = (await this.#tagChecks.age(name, tag, 0)) ?? 0;
    context.log.warn("stored copy served: the upstream did not confirm it", { repository: name, tag, cause: error });
    const warning = `served from the cache, ${Math.round(age / 1000)} s old: ${error.message}`;
    return this.#serve(stored, { from: "stale", age: age / 1000, warning });
  }

  #serve(manifest: StoredManifest, served: Served): Manifest {
    const { descriptor, bytes } = manifest;
    const savesPull = served.from !== "miss" && this.#countsPulls;
    return { descriptor, bytes, served: savesPull ? { ...served, savesPull } : served };
  }

  #optionsFor({ stored, context, room }: TagRequest): RequestOptions {
    return { ...this.#source.optionsFor(context, stored !== undefined), ...(room && { room }) };
  }
}
