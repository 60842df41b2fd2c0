import type { AccessControl } from "../auth/access-control.js";
import { tokenPath } from "./authentication.js";
import { getToken, postToken } from "./handlers/token.js";
import type { Resource } from "./route-table.js";

/** Where clients get tokens for their credentials (distribution, "Token Authentication Specification"). */
export function tokenRoutes(control: AccessControl): Resource[] {
  return [{ path: tokenPath, methods: { GET: getToken(control), POST: postToken(control) } }];
}
