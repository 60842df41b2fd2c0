import type { Logger } from "../observability/logger.js";
import type { Digest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import { isDigestReference, type Reference, type Tag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { StoredManifest } from "../storage/content/manifest-store.js";
import type { AskOptions, UpstreamManifest, UpstreamManifestHead } from "../upstream/upstream.js";
import { UpstreamError } from "../upstream/upstream-error.js";
import type { CachedUpstream } from "./cached-upstream.js";
import type { KeptManifests } from "./kept-manifests.js";
import { NotFoundMemory } from "./not-found-memory.js";
import { toRegistryError } from "./upstream-failure.js";

/** A question to the upstream outlives the client that asked first: others wait for the same answer. */
const unhurried = new AbortController().signal;

const byTagForMs = 10 * 60_000;

/** The manifests of an upstream, as it has them: asks, keeps what comes, and remembers what is not there. */
export class ManifestSource {
  readonly #source: CachedUpstream;
  readonly #kept: KeptManifests;
  readonly #notFound: NotFoundMemory;
  /** Until when digests are not asked for, where the tag is known. */
  #byTagUntil = 0;

  constructor(source: CachedUpstream, kept: KeptManifests) {
    this.#source = source;
    this.#kept = kept;
    this.#notFound = new NotFoundMemory(source.notFoundTtl);
  }

  /** Whether the upstream counts each GET of a manifest, and not HEAD. */
  get countsPulls(): boolean {
    return this.#source.upstream.countsPulls;
  }

  /** What a tag points at. HEAD costs no pull of Docker Hub's quota. */
  head(name: RepositoryName, reference: Reference, options: AskOptions): Promise<UpstreamManifestHead> {
    return this.#source.upstream.headManifest(this.#source.remoteName(name), reference, options);
  }

  /** Fetches a manifest and keeps it, unless another process has just done so. */
  fetch(name: RepositoryName, digest: Digest, options: AskOptions): Promise<StoredManifest> {
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
   * The same of what a tag points at: by the digest, which no push moves meanwhile. Some caches have nothing under a
   * digest, or not before somebody got the tag (GitLab's dependency proxy, moby#41687; ECR's pull-through).
   */
  fetchTagged(
    name: RepositoryName,
    tag: Tag,
    head: UpstreamManifestHead,
    options: AskOptions,
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

  /** @param hasFallback whether a stored copy can be served instead: then nobody waits long */
  optionsFor({ log, via }: Context, hasFallback: boolean): AskOptions {
    return { signal: unhurried, log, via, ...(hasFallback && { deadlineMs: this.#source.staleDeadline }) };
  }

  /** @throws RegistryError if the upstream said of late that it does not have it */
  throwIfKnownAbsent(name: RepositoryName, reference: Reference): void {
    if (this.#notFound.has(`${name} ${reference}`)) throw this.#unknown(name, reference);
  }

  /** What a client is told of a failure. That something is not there is remembered. */
  explain(error: unknown, name: RepositoryName, reference: Reference): unknown {
    return toRegistryError(error, () => {
      this.#notFound.add(`${name} ${reference}`);
      return this.#unknown(name, reference);
    });
  }

  #get(name: RepositoryName, reference: Reference, options: AskOptions): Promise<UpstreamManifest> {
    return this.#source.upstream.getManifest(this.#source.remoteName(name), reference, options);
  }

  /** Clients ask for a digest that they were told of a tag. */
  async #getByAnnouncedTag(
    name: RepositoryName,
    digest: Digest,
    options: AskOptions,
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
    const { upstream } = this.#source;
    const quota = upstream.quota();
    log.info("manifest cached", {
      repository: name,
      digest: descriptor.digest,
      upstream: upstream.name,
      bytes: bytes.length,
      seconds: Math.round(ms) / 1000,
      ...(quota && { quotaRemaining: quota.remaining }),
    });
  }

  #unknown(name: RepositoryName, reference: Reference): RegistryError {
    const upstream = this.#source.upstream.name;
    const kind = isDigestReference(reference) ? "manifest" : "tag";
    const message = `${upstream} has no ${kind} ${reference} in ${this.#source.remoteName(name)}`;
    return new RegistryError("MANIFEST_UNKNOWN", message, { detail: { name, reference, upstream } });
  }
}

/** Whether the upstream answered, and only refuses the digest. */
function mayBeHadByTag(error: unknown): error is UpstreamError {
  return error instanceof UpstreamError && error.kind !== "rate-limited" && error.status !== undefined;
}

/** Of two refusals the one that does not say that there is nothing: a failure is not told as absence. */
function worse(first: UpstreamError, second: unknown): unknown {
  return second instanceof UpstreamError && second.kind === "not-found" ? first : second;
}
