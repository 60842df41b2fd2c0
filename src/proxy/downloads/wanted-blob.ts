import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { RequestTrail } from "../../oci/request-trail.js";
import type { UpstreamClient } from "../../upstream/upstream-client.js";
import type { BodyForms } from "./body-forms.js";

/** How blobs are downloaded from an upstream. Times in milliseconds. */
export interface BlobPolicy {
  /** For the headers of a blob. After it, the client is told to retry, and the download continues. */
  readonly answerTimeout: number;
  /** For the headers of a blob, even if no client waits for them any more. */
  readonly blobTimeout: number;
  /** Whether small parts far ahead of a download are fetched separately, and passed on unverified. */
  readonly lazyRanges: boolean;
  /** The forms of bodies that it was found to send. */
  readonly forms: BodyForms;
}

/** What to download, and from where. */
export interface WantedBlob {
  readonly client: UpstreamClient;
  readonly policy: BlobPolicy;
  /** The repository's name there. */
  readonly remoteName: RepositoryName;
  readonly name: RepositoryName;
  readonly digest: Digest;
  /** In bytes, from a manifest; may be wrong. */
  readonly size: number | undefined;
  /** From the first client's request. */
  readonly trail: RequestTrail | undefined;
}
