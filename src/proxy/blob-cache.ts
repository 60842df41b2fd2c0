import type { BlobReader } from "../oci/blob-reader.js";
import type { Digest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { isOutOfRoom } from "../oci/storage-error.js";
import type { Context } from "../registry/context.js";
import type { OpenedBlob, ResolvedBlob, Served } from "../registry/repository.js";
import { SpanReader, type WantedSpan } from "../registry/span-reader.js";
import type { Storage } from "../storage/storage.js";
import type { BlobProofs } from "./blob-proofs.js";
import type { CachedHolders } from "./cached-holders.js";
import type { Downloads } from "./downloads/downloads.js";
import type { BlobPolicy } from "./downloads/wanted-blob.js";
import type { KeptManifests } from "./kept-manifests.js";
import type { Ownership } from "./ownership.js";
import type { Upstream } from "./upstream.js";
import { toRegistryError } from "./upstream-failure.js";
import { remoteNameOf } from "./upstream-names.js";

interface BlobCacheParts {
  readonly downloads: Downloads;
  readonly policy: BlobPolicy;
  readonly holders: CachedHolders;
  readonly proofs: BlobProofs;
  readonly kept: KeptManifests;
  readonly ownership: Ownership;
}

/** A blob, wherever its bytes come from. */
interface FoundBlob {
  readonly reader: BlobReader;
  readonly served: Served;
}

/** The blobs of an upstream's repositories. */
export class BlobCache {
  readonly #storage: Storage;
  readonly #upstream: Upstream;
  readonly #parts: BlobCacheParts;

  constructor(storage: Storage, upstream: Upstream, parts: BlobCacheParts) {
    this.#storage = storage;
    this.#upstream = upstream;
    this.#parts = parts;
  }

  /** The size in a manifest may be wrong, so the upstream is asked: hardly any client sends a HEAD before it pulls. */
  async stat(name: RepositoryName, digest: Digest, context: Context): Promise<ResolvedBlob> {
    const linked = await this.#storage.repository(name).findBlob(digest);
    if (linked !== undefined) return { digest, size: linked.size, served: { from: "hit" } };
    const known = this.#parts.kept.blobSize(name, digest);
    const { size = Number.POSITIVE_INFINITY } = await this.#ask(name, digest, context, known);
    return { digest, size, served: { from: "miss" } };
  }

  /** From storage, or else from the one download of this blob. */
  async open(name: RepositoryName, digest: Digest, wanted: WantedSpan, context: Context): Promise<OpenedBlob> {
    const stored =
      (await this.#storage.repository(name).openBlob(digest)) ?? (await this.#openOfOthers(name, digest, context));
    const { reader, served }: FoundBlob =
      stored === undefined ? await this.#download(name, digest, context) : { reader: stored, served: { from: "hit" } };
    return { digest, size: reader.size, content: await SpanReader.open(reader, wanted), served };
  }

  /** Bytes that another repository holds may be served only if this one's upstream confirms that it has them too. */
  async #openOfOthers(name: RepositoryName, digest: Digest, context: Context): Promise<BlobReader | undefined> {
    const knownSize = await this.#storage.blobs.size(digest);
    if (knownSize === undefined) return undefined;
    if (!(await this.#parts.holders.hold(digest))) return undefined;
    // A download for this repository may have ended since its link was looked for.
    const linked = await this.#storage.repository(name).openBlob(digest);
    if (linked !== undefined) return linked;
    await this.#ask(name, digest, context, knownSize);
    await this.#link(name, digest);
    return this.#storage.blobs.open(digest);
  }

  async #link(name: RepositoryName, digest: Digest): Promise<void> {
    try {
      await this.#parts.ownership.record(name);
      await this.#storage.repository(name).linkBlob(digest);
    } catch (error) {
      // Without the link, the upstream is asked again next time.
      if (!isOutOfRoom(error)) throw error;
    }
  }

  async #download(name: RepositoryName, digest: Digest, context: Context): Promise<FoundBlob> {
    const { downloads, policy, proofs, kept } = this.#parts;
    if (proofs.isKnownAbsent(name, digest)) throw this.#unknown(name, digest);
    const size = kept.blobSize(name, digest);
    const wanted = {
      client: this.#upstream.client,
      policy,
      remoteName: remoteNameOf(name, this.#upstream),
      name,
      digest,
      size,
      trail: context.trail,
    };
    try {
      const { reader, isShared } = await downloads.join(wanted, context);
      return { reader, served: { from: isShared ? "shared" : "miss" } };
    } catch (error) {
      proofs.noteFailure(name, digest, error);
      throw toRegistryError(error, () => this.#unknown(name, digest));
    }
  }

  /** One request for all waiting clients; a client that leaves only stops waiting. */
  async #ask(name: RepositoryName, digest: Digest, { signal, trail }: Context, knownSize?: number) {
    if (this.#parts.proofs.isKnownAbsent(name, digest)) throw this.#unknown(name, digest);
    try {
      return await untilAborted(this.#parts.proofs.ask(name, digest, { trail, knownSize }), signal);
    } catch (error) {
      throw toRegistryError(error, () => this.#unknown(name, digest));
    }
  }

  #unknown(name: RepositoryName, digest: Digest): RegistryError {
    return new RegistryError("BLOB_UNKNOWN", `${this.#upstream.name} has no blob ${digest} in ${name}`, {
      detail: { name, digest, upstream: this.#upstream.name },
    });
  }
}

function untilAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
