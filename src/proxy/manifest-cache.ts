import type { Digest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import { parseManifest } from "../oci/manifest.js";
import type { Reference, Tag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { Manifest, Served } from "../registry/repository.js";
import type { StoredManifest } from "../storage/manifest-store.js";
import { referrerDescriptor } from "../storage/referrer-list.js";
import type { Storage } from "../storage/storage.js";
import type { AskOptions, UpstreamManifest } from "../upstream/upstream.js";
import { UpstreamError } from "../upstream/upstream-error.js";
import type { CachedUpstream } from "./cached-upstream.js";
import type { KnownSizes } from "./known-sizes.js";
import { NotFoundMemory } from "./not-found-memory.js";
import type { Ownership } from "./ownership.js";
import { SharedQuestions } from "./shared-questions.js";
import { toRegistryError } from "./upstream-failure.js";

/** A question to the upstream outlives the client that asked first: others wait for the same answer. */
const unhurried = new AbortController().signal;

/** The manifests of an upstream's repositories: the cache policy, on one screen. */
export class ManifestCache {
  readonly #storage: Storage;
  readonly #source: CachedUpstream;
  readonly #sizes: KnownSizes;
  readonly #ownership: Ownership;
  readonly #questions = new SharedQuestions<Manifest>();
  readonly #notFound: NotFoundMemory;

  constructor(storage: Storage, source: CachedUpstream, sizes: KnownSizes, ownership: Ownership) {
    this.#storage = storage;
    this.#source = source;
    this.#sizes = sizes;
    this.#ownership = ownership;
    this.#notFound = new NotFoundMemory(source.notFoundTtl);
  }

  /** What a digest names never changes: storage, for ever; else fetched and verified. */
  async getByDigest(name: RepositoryName, digest: Digest, context: Context): Promise<Manifest> {
    const stored = await this.#storage.manifests.find(name, digest);
    if (stored !== undefined) return this.#serve(name, stored, { from: "hit" });
    return this.#questions.ask(`${name}@${digest}`, () => this.#fetchByDigest(name, digest, context));
  }

  /** Fresh: storage, and no question to the upstream. Else one question, however many ask. */
  async getByTag(name: RepositoryName, tag: Tag, context: Context): Promise<Manifest> {
    const stored = await this.#stored(name, tag);
    const age = stored && (await this.#age(name, tag));
    if (stored !== undefined && age !== undefined && age < this.#source.tagTtl) {
      return this.#serve(name, stored, { from: "hit", age: age / 1000 });
    }
    return this.#questions.ask(`${name}:${tag}`, () => this.#revalidate(name, tag, stored, context));
  }

  async #fetchByDigest(name: RepositoryName, digest: Digest, context: Context): Promise<Manifest> {
    this.#throwIfKnownAbsent(name, digest);
    try {
      const manifest = await this.#source.upstream.getManifest(this.#remote(name), digest, this.#options(context));
      return this.#serve(name, await this.#store(name, manifest), { from: "miss" });
    } catch (error) {
      throw this.#explain(error, name, digest);
    }
  }

  async #revalidate(
    name: RepositoryName,
    tag: Tag,
    stored: StoredManifest | undefined,
    context: Context,
  ): Promise<Manifest> {
    if (stored === undefined) this.#throwIfKnownAbsent(name, tag);
    try {
      return await this.#askUpstream(name, tag, stored, context);
    } catch (error) {
      if (stored === undefined) throw this.#explain(error, name, tag);
      return this.#fallBack(error, name, tag, stored, context);
    }
  }

  /** HEAD costs no pull of Docker Hub's quota; a GET follows only for a digest that is not here. */
  async #askUpstream(
    name: RepositoryName,
    tag: Tag,
    stored: StoredManifest | undefined,
    context: Context,
  ): Promise<Manifest> {
    const { upstream, staleDeadline } = this.#source;
    const options = { ...this.#options(context), ...(stored === undefined ? {} : { deadlineMs: staleDeadline }) };
    const head = await upstream.headManifest(this.#remote(name), tag, options);
    const known = await this.#storage.manifests.find(name, head.digest);
    if (known !== undefined) {
      await this.#point(name, tag, known.descriptor.digest);
      return this.#serve(name, known, { from: "hit", age: 0 });
    }
    const fetched = head.manifest ?? (await upstream.getManifest(this.#remote(name), head.digest, options));
    const manifest = await this.#store(name, fetched);
    await this.#point(name, tag, manifest.descriptor.digest);
    return this.#serve(name, manifest, { from: "miss" });
  }

  /** The upstream is away, slow, refuses or limits: what is stored is better than an error. If it says "gone", the policy decides. */
  async #fallBack(error: unknown, name: RepositoryName, tag: Tag, stored: StoredManifest, context: Context) {
    if (!(error instanceof UpstreamError)) throw error;
    if (error.kind === "not-found" && this.#source.onDelete === "drop") {
      await this.#storage.tags.remove(name, tag);
      context.log.warn("tag is gone upstream and was dropped", { repository: name, tag });
      throw this.#explain(error, name, tag);
    }
    const age = (await this.#age(name, tag)) ?? 0;
    context.log.warn("stored copy served, the upstream did not confirm it", { repository: name, tag, cause: error });
    const warning = `served from the cache, ${Math.round(age / 1000)} s old: ${error.message}`;
    return this.#serve(name, stored, { from: "stale", age: age / 1000, warning });
  }

  async #stored(name: RepositoryName, tag: Tag): Promise<StoredManifest | undefined> {
    const digest = await this.#storage.tags.find(name, tag);
    return digest && this.#storage.manifests.find(name, digest);
  }

  /** Milliseconds since the upstream confirmed the tag, in this process or another. */
  async #age(name: RepositoryName, tag: Tag): Promise<number | undefined> {
    const known = await this.#storage.cache.checkedAt(name, tag);
    if (known !== undefined && Date.now() - known < this.#source.tagTtl) return Date.now() - known;
    const current = await this.#storage.cache.readCheckedAt(name, tag);
    return current === undefined ? undefined : Math.max(0, Date.now() - current);
  }

  async #point(name: RepositoryName, tag: Tag, digest: Digest): Promise<void> {
    if ((await this.#storage.tags.find(name, tag)) !== digest) await this.#storage.tags.put(name, tag, digest);
    await this.#storage.cache.recordCheck(name, tag, Date.now());
  }

  /** Stores exact bytes. The type is what the manifest says of itself; a header that says otherwise is not believed. */
  async #store(name: RepositoryName, { digest, bytes }: UpstreamManifest): Promise<StoredManifest> {
    const content = parseManifest(bytes);
    const stored = { descriptor: { mediaType: content.mediaType, digest, size: bytes.length }, bytes };
    await this.#ownership.record(name);
    await this.#storage.manifests.put(name, stored);
    if (content.subject !== undefined) {
      await this.#storage.referrers.put(name, content.subject.digest, referrerDescriptor(stored, content));
    }
    await this.#storage.catalog.announce(name, "manifests");
    return stored;
  }

  #serve(name: RepositoryName, { descriptor, bytes }: StoredManifest, served: Served): Manifest {
    this.#sizes.learn(name, descriptor.digest, bytes);
    return { descriptor, bytes, served };
  }

  #options(context: Context): AskOptions {
    return { signal: unhurried, log: context.log };
  }

  #remote(name: RepositoryName): RepositoryName {
    return this.#source.remoteName(name);
  }

  #throwIfKnownAbsent(name: RepositoryName, reference: Reference): void {
    if (this.#notFound.has(`${name} ${reference}`)) throw this.#unknown(name, reference);
  }

  #explain(error: unknown, name: RepositoryName, reference: Reference): unknown {
    if (error instanceof RegistryError && error.code === "MANIFEST_INVALID") {
      const { name: upstream } = this.#source.upstream;
      return new RegistryError("UNAVAILABLE", `${upstream} sent no valid manifest: ${error.message}`, {
        status: 502,
        cause: error,
      });
    }
    return toRegistryError(error, () => {
      this.#notFound.add(`${name} ${reference}`);
      return this.#unknown(name, reference);
    });
  }

  #unknown(name: RepositoryName, reference: Reference): RegistryError {
    const upstream = this.#source.upstream.name;
    return new RegistryError("MANIFEST_UNKNOWN", `${upstream} has no manifest ${reference} in ${this.#remote(name)}`, {
      detail: { name, reference, upstream },
    });
  }
}
