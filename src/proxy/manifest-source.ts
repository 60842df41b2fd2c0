import type { Logger } from "../observability/logger.js";
import type { Digest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import { isDigestReference, type Reference, type Tag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { StoredManifest } from "../storage/content/manifest-store.js";
import type { RequestOptions, UpstreamManifest, UpstreamManifestHead } from "../upstream/upstream-client.js";
import { UpstreamError } from "../upstream/upstream-error.js";
import type { KeptManifests } from "./kept-manifests.js";
import { NotFoundMemory } from "./not-found-memory.js";
import type { Upstream } from "./upstream.js";
import { toRegistryError } from "./upstream-failure.js";
import { remoteNameOf } from "./upstream-names.js";

/** A request to the upstream outlives the client that sent it first: others wait for the same response. */
const unhurried = new AbortController().signal;

const byTagForMs = 10 * 60_000;

/** The manifests at an upstream: requests them, stores them, and remembers which are missing. */
export class ManifestSource {
  readonly #upstream: Upstream;
  readonly #kept: KeptManifests;
  readonly #notFound: NotFoundMemory;
  /** Until this time, manifests are requested by tag if it is known, not by digest. */
  #byTagUntil = 0;

  constructor(upstream: Upstream, kept: KeptManifests) {
    this.#upstream = upstream;
    this.#kept = kept;
    this.#notFound = new NotFoundMemory(upstream.notFoundTtl);
  }

  /** Whether the upstream counts each GET of a manifest, and not HEAD. */
  get countsPulls(): boolean {
    return this.#upstream.client.countsPulls;
  }

  /** What a tag points to. HEAD costs no pull of Docker Hub's quota. */
  head(name: RepositoryName, reference: Reference, options: RequestOptions): Promise<UpstreamManifestHead> {
    return this.#upstream.client.headManifest(remoteNameOf(name, this.#upstream), reference, options);
  }

  /** Fetches a manifest and stores it, unless another process has just done so. */
  fetch(name: RepositoryName, digest: Digest, options: RequestOptions): Promise<StoredManifest> {
    return this.#keepOnce(name, digest, options.log, async () => {
      try {
        return await this.#get(name, digest, options);
      } catch (error) {
        if (!mayBeHadByTag(error)) throw error;
        return this.#getByAnnouncedTag(name, digest, options, error);
      }
    });
  }

  /**
   * The same for a tag: by the digest, which no push changes meanwhile. Some caches have nothing under a digest, or not
   * before the tag was requested (GitLab's dependency proxy, moby#41687; ECR's pull-through).
   */
  fetchTagged(
    name: RepositoryName,
    tag: Tag,
    head: UpstreamManifestHead,
    options: RequestOptions,
  ): Promise<StoredManifest> {
    return this.#keepOnce(name, head.digest, options.log, async () => {
      if (head.manifest !== undefined) return head.manifest;
      if (performance.now() < this.#byTagUntil) return this.#get(name, tag, options);
      try {
        return await this.#get(name, head.digest, options);
      } catch (error) {
        if (!mayBeHadByTag(error)) throw error;
        const fetched = await this.#get(name, tag, options).catch((second) => {
          throw worse(error, second);
        });
        this.#byTagUntil = performance.now() + byTagForMs;
        return fetched;
      }
    });
  }

  /** @param hasFallback whether a stored copy can be served instead: then the wait is short */
  optionsFor({ log, trail }: Context, hasFallback: boolean): RequestOptions {
    return { signal: unhurried, log, trail, ...(hasFallback && { deadlineMs: this.#upstream.staleDeadline }) };
  }

  /** @throws RegistryError if the upstream said recently that it does not have it */
  throwIfKnownAbsent(name: RepositoryName, reference: Reference): void {
    if (this.#notFound.has(`${name} ${reference}`)) throw this.#unknown(name, reference);
  }

  /** The error for the client. That something is missing is remembered. */
  explain(error: unknown, name: RepositoryName, reference: Reference): unknown {
    return toRegistryError(error, () => {
      this.#notFound.add(`${name} ${reference}`);
      return this.#unknown(name, reference);
    });
  }

  #get(name: RepositoryName, reference: Reference, options: RequestOptions): Promise<UpstreamManifest> {
    return this.#upstream.client.getManifest(remoteNameOf(name, this.#upstream), reference, options);
  }

  /** Fetches a digest that clients know from a tag by that tag. */
  async #getByAnnouncedTag(
    name: RepositoryName,
    digest: Digest,
    options: RequestOptions,
    refusal: UpstreamError,
  ): Promise<UpstreamManifest> {
    for (const tag of await this.#kept.announcedTags(name, digest)) {
      const fetched = await this.#get(name, tag, options).catch((second) => {
        throw worse(refusal, second);
      });
      if (fetched.digest === digest) return fetched;
    }
    throw refusal;
  }

  #keepOnce(
    name: RepositoryName,
    digest: Digest,
    log: Logger,
    get: () => Promise<UpstreamManifest>,
  ): Promise<StoredManifest> {
    return this.#kept.findOrFetch(name, digest, async () => {
      const startedAt = performance.now();
      const manifest = await this.#kept.keep(name, await get(), log);
      this.#logFetched(name, manifest, performance.now() - startedAt, log);
      return manifest;
    });
  }

  #logFetched(name: RepositoryName, { descriptor, bytes }: StoredManifest, ms: number, log: Logger): void {
    const quota = this.#upstream.client.quota();
    log.info("manifest cached", {
      repository: name,
      digest: descriptor.digest,
      upstream: this.#upstream.name,
      bytes: bytes.length,
      seconds: Math.round(ms) / 1000,
      ...(quota && { quotaRemaining: quota.remaining }),
    });
  }

  #unknown(name: RepositoryName, reference: Reference): RegistryError {
    const upstream = this.#upstream.name;
    const kind = isDigestReference(reference) ? "manifest" : "tag";
    const message = `${upstream} has no ${kind} ${reference} in ${remoteNameOf(name, this.#upstream)}`;
    return new RegistryError("MANIFEST_UNKNOWN", message, { detail: { name, reference, upstream } });
  }
}

/**
 * Whether the upstream is reachable, and refuses only the digest, or sends something else under it: that of a signed
 * manifest of schema 1, for example, is not computed from the bytes that are sent.
 */
function mayBeHadByTag(error: unknown): error is UpstreamError {
  if (!(error instanceof UpstreamError) || error.kind === "rate-limited") return false;
  return error.status !== undefined || error.kind === "invalid";
}

/** Of two failures, the one that does not mean absence: a failure is never reported as absence. */
function worse(first: UpstreamError, second: unknown): unknown {
  return second instanceof UpstreamError && second.kind === "not-found" ? first : second;
}
