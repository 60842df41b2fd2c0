import type { RepositoryName } from "../oci/repository-name.js";
import type { Owners, UpstreamNames } from "../registry/owners.js";
import type { ContentRules } from "./content-rules.js";
import { ownNameOfStored, storedNameOf } from "./upstream-names.js";

/**
 * Whether a client may have what lies here as an upstream's: not what came when other names were the upstream's, or
 * more of them were allowed.
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
