import type { Config } from "../config/schema.js";
import type { Resource } from "../http/router.js";
import { packageFolder } from "../package-version.js";
import { loginRoutes } from "../ui/login-routes.js";
import { pageRoutes } from "../ui/page-routes.js";
import { sessionRoutes } from "../ui/session-routes.js";
import type { Guard } from "./access/create-access-control.js";

/** The routes of the web page for a configuration; without access control, nobody can sign in. */
export function pageOf({ ui, server: { publicUrl } }: Config, guard: Guard | undefined): Resource[] {
  if (!ui.enabled) return [];
  const sessions =
    guard === undefined ? [] : [...sessionRoutes(guard.sessions, publicUrl), ...loginRoutes(guard.sessions, publicUrl)];
  return [...sessions, ...pageRoutes(packageFolder())];
}
