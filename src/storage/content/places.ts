import type { Digest } from "../../oci/digest.js";
import type { Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { layout } from "../layout.js";
import type { ContentLink } from "./content-link.js";

/** Where something is in the storage, for people: below the data directory, or in the bucket. */
export const placeOf = {
  bytes: (digest: Digest): string => layout.blob(digest),
  link: (link: ContentLink): string => layout.link(link),
  repository: (name: RepositoryName): string => layout.repository(name),
  tag: (name: RepositoryName, tag: Tag): string => layout.tagLink(name, tag),
  tags: (name: RepositoryName): string => layout.tags(name),
  referrers: (name: RepositoryName): string => layout.allReferrers(name),
  referrer: (name: RepositoryName, subject: Digest, digest: Digest): string => layout.referrer(name, subject, digest),
} as const;
