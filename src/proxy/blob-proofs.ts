import { SingleFlight } from "../foundation/single-flight.js";
import type { Logger } from "../observability/logger.js";
import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { RequestTrail } from "../oci/request-trail.js";
import type { UpstreamBlobHead } from "../upstream/upstream-client.js";
import { UpstreamError } from "../upstream/upstream-error.js";
import { NotFoundMemory } from "./not-found-memory.js";
import type { Upstream } from "./upstream.js";
import { remoteNameOf } from "./upstream-names.js";

interface ProofRequest {
  readonly trail: RequestTrail | undefined;
  /** In bytes, if the blob is stored here. */
  readonly knownSize: number | undefined;
}

/** Asks an upstream whether it has a blob: once for all waiting clients, and only now and then if it is missing. */
export class BlobProofs {
  readonly #upstream: Upstream;
  readonly #log: Logger;
  readonly #requests = new SingleFlight<string, UpstreamBlobHead>();
  readonly #absent: NotFoundMemory;

  constructor(upstream: Upstream, log: Logger) {
    this.#upstream = upstream;
    this.#log = log;
    this.#absent = new NotFoundMemory(upstream.notFoundTtl);
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
  async ask(name: RepositoryName, digest: Digest, { trail, knownSize }: ProofRequest): Promise<UpstreamBlobHead> {
    const { client } = this.#upstream;
    return this.#requests.run(keyOf(name, digest), async () => {
      try {
        const options = { signal: new AbortController().signal, log: this.#log, trail, knownSize };
        return await client.headBlob(remoteNameOf(name, this.#upstream), digest, options);
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
