import type { Config } from "../config/schema.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { ownersOf } from "./upstream-names.js";

/** Says which names are private by the settings. */
export function privateNamesOf(config: Config): (name: RepositoryName) => boolean {
  if (config.mode === "private") return () => true;
  const owners = ownersOf(config);
  return (name) => owners.of(name).kind === "private";
}
