import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Upstream } from "../../upstream/upstream.js";
import type { BodyForms } from "./body-forms.js";

/** How blobs are fetched from an upstream. Times in milliseconds. */
export interface BlobManners {
  /** For the headers of a blob: then the client is told to come back, and the fetch goes on. */
  readonly answerTimeout: number;
  /** For the headers of a blob, whether or not a client still waits for them. */
  readonly blobTimeout: number;
  /** Whether small parts far ahead of a download are fetched apart, and passed on unproved. */
  readonly lazyRanges: boolean;
  /** What it was found to send. */
  readonly forms: BodyForms;
}

/** What is fetched, and from where. */
export interface BlobOrder {
  readonly upstream: Upstream;
  readonly manners: BlobManners;
  /** What the repository is called there. */
  readonly remoteName: RepositoryName;
  readonly name: RepositoryName;
  readonly digest: Digest;
  /** Bytes, if a manifest told; it may be wrong. */
  readonly size: number | undefined;
  /** `Via` of the client that asked first. */
  readonly via: string | undefined;
}
