import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";

/** A link that makes content part of a repository. */
export interface ContentLink {
  readonly name: RepositoryName;
  readonly kind: "blob" | "manifest";
  readonly digest: Digest;
}
