import type { Logger } from "../observability/logger.js";
import type { Digest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import { isDigestReference, type Reference } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { StoredManifest } from "../storage/manifest-store.js";
import type { AskOptions, UpstreamManifestHead } from "../upstream/upstream.js";
import type { CachedUpstream } from "./cached-upstream.js";
import type { KeptManifests } from "./kept-manifests.js";
import { NotFoundMemory } from "./not-found-memory.js";
import { toRegistryError } from "./upstream-failure.js";

/** A question to the upstream outlives the client that asked first: others wait for the same answer. */
const unhurried = new AbortController().signal;

/** The manifests of an upstream, as it has them: asks, keeps what comes, and remembers what is not there. */
export class ManifestSource {
  readonly #source: CachedUpstream;
  readonly #kept: KeptManifests;
  readonly #notFound: NotFoundMemory;

  constructor(source: CachedUpstream, kept: KeptManifests) {
    this.#source = source;
    this.#kept = kept;
    this.#notFound = new NotFoundMemory(source.notFoundTtl);
  }

  /** What a tag points at. HEAD costs no pull of Docker Hub's quota. */
  head(name: RepositoryName, reference: Reference, options: AskOptions): Promise<UpstreamManifestHead> {
    return this.#source.upstream.headManifest(this.#source.remoteName(name), reference, options);
  }

  /** Fetches a manifest and keeps it, unless another process has just done so. */
  fetch(
    name: RepositoryName,
    digest: Digest,
    options: AskOptions,
    head?: UpstreamManifestHead,
  ): Promise<StoredManifest> {
    const { upstream } = this.#source;
    return this.#kept.findOrFetch(name, digest, async () => {
      const startedAt = performance.now();
      const remote = this.#source.remoteName(name);
      const fetched = head?.manifest ?? (await upstream.getManifest(remote, digest, options));
      const manifest = await this.#kept.keep(name, fetched, options.log);
      this.#logFetched(name, manifest, performance.now() - startedAt, options.log);
      return manifest;
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
    if (error instanceof RegistryError && error.code === "MANIFEST_INVALID") {
      const message = `${this.#source.upstream.name} sent no valid manifest: ${error.message}`;
      return new RegistryError("UNAVAILABLE", message, { status: 502, cause: error });
    }
    return toRegistryError(error, () => {
      this.#notFound.add(`${name} ${reference}`);
      return this.#unknown(name, reference);
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
