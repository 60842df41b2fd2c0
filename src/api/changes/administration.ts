import type { Exchange } from "../../http/exchange.js";
import { RegistryError } from "../../oci/errors.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { AccessRefusal } from "../../registry/access-refusal.js";

/** Everyone who can connect would be an administrator. */
const needsAccessControl =
  "this registry has no access control, so nothing can be administered over HTTP; set access in its configuration, " +
  "or use the command line";

/** @throws RegistryError unless the client may administer the repository */
export function requireAdminOf({ access }: Exchange, name: RepositoryName): void {
  if (access === undefined) throw new RegistryError("DENIED", needsAccessControl);
  access.require("admin", name);
}

/** @throws RegistryError unless the client may administer the whole registry */
export function requireAdmin({ access }: Exchange): void {
  if (access === undefined) throw new RegistryError("DENIED", needsAccessControl);
  if (access.mayAdminister) return;
  const { user } = access.identity;
  if (user === undefined) throw new AccessRefusal("UNAUTHORIZED", "authentication is required to administer this");
  throw new AccessRefusal("DENIED", `${user} may not administer this registry; that needs a rule with allow: [admin]`);
}
