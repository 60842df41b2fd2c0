import { BoundedMap } from "../../foundation/bounded-map.js";
import type { Logger } from "../../observability/logger.js";
import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";

const remembered = 1_000;
const reportedEachMs = 10 * 60_000;

/** Reports bytes that a repository has a link to, and that are not there. Now and then: clients ask again and again. */
export class MissingBytes {
  readonly #log: Logger;
  readonly #reported = new BoundedMap<Digest, true>(remembered, reportedEachMs);

  constructor(log: Logger) {
    this.#log = log;
  }

  report(digest: Digest, repository: RepositoryName): void {
    if (this.#reported.has(digest)) return;
    this.#reported.set(digest, true);
    this.#log.warn(
      "the bytes of a blob are missing in the storage, so it counts as absent; a cache fetches it again, a push repairs it",
      { repository, digest },
    );
  }
}
