import { SingleFlight } from "../foundation/single-flight.js";
import type { Logger } from "../observability/logger.js";
import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { RequestTrail } from "../oci/request-trail.js";
import type { UpstreamBlobHead } from "../upstream/upstream.js";
import { UpstreamError } from "../upstream/upstream-error.js";
import type { CachedUpstream } from "./cached-upstream.js";
import { NotFoundMemory } from "./not-found-memory.js";

interface ProofQuestion {
  readonly trail: RequestTrail | undefined;
  /** In bytes, if the blob is stored here. */
  readonly knownSize: number | undefined;
}

/** Asks an upstream whether it has a blob: once for all waiting clients, and only now and then if it is missing. */
export class BlobProofs {
  readonly #source: CachedUpstream;
  readonly #log: Logger;
  readonly #questions = new SingleFlight<string, UpstreamBlobHead>();
  readonly #absent: NotFoundMemory;

  constructor(source: CachedUpstream, log: Logger) {
    this.#source = source;
    this.#log = log;
    this.#absent = new NotFoundMemory(source.notFoundTtl);
  }

  /** Whether the upstream said recently that it does not have it. */
  isKnownAbsent(name: RepositoryName, digest: Digest): boolean {
    return this.#absent.has(keyOf(name, digest));
  }

  /** Call it with the failure of another request for the blob. */
  noteFailure(name: RepositoryName, digest: Digest, error: unknown): void {
    if (error instanceof UpstreamError && error.kind === "not-found") this.#absent.add(keyOf(name, digest));
  }

  /**
   * The result is for all waiting clients, so none of them ends the request by leaving.
   * @throws the upstream's failure
   */
  async ask(name: RepositoryName, digest: Digest, { trail, knownSize }: ProofQuestion): Promise<UpstreamBlobHead> {
    const { upstream } = this.#source;
    return this.#questions.run(keyOf(name, digest), async () => {
      try {
        const asking = { signal: new AbortController().signal, log: this.#log, trail, knownSize };
        return await upstream.headBlob(this.#source.remoteName(name), digest, asking);
      } catch (error) {
        this.noteFailure(name, digest, error);
        throw error;
      }
    });
  }
}

function keyOf(name: RepositoryName, digest: Digest): string {
  return `${name}@${digest}`;
}
