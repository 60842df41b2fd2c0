import type { RepositoryName } from "../oci/repository-name.js";
import type { Owners, UpstreamNames } from "../registry/owners.js";
import type { ContentRules } from "./content-rules.js";
import { ownNameOfStored, storedNameOf } from "./upstream-names.js";

/**
 * Whether clients may pull stored content of an upstream: not if it was cached when other names belonged to the
 * upstream, or more of them were allowed.
 */
export function mayBePulled(
  stored: RepositoryName,
  upstream: UpstreamNames & { readonly rules: ContentRules },
  owners: Owners,
): boolean {
  if (!upstream.isDefault && !stored.startsWith(`${upstream.prefix}/`)) return false;
  const own = ownNameOfStored(stored, upstream);
  return upstream.rules.of(own) !== undefined && storedNameOf(own, upstream, owners) === stored;
}
