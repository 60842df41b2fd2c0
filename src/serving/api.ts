import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { apiRoutes } from "../api/api-routes.js";
import type { Config } from "../config/schema.js";
import type { Resource } from "../http/router.js";
import type { Logger } from "../observability/logger.js";
import { packageFolder, packageVersion } from "../package-version.js";
import type { Action } from "../registry/access.js";
import type { Context } from "../registry/context.js";
import type { Registry } from "../registry/registry.js";
import type { Storage } from "../storage/storage.js";
import { repositoryNamesOf } from "./access/repository-names.js";

interface ApiParts {
  /** As clients see it. */
  readonly registry: Registry;
  /** The mode alone, without access control. */
  readonly mode: Registry;
  readonly storage: Storage;
  readonly log: Logger;
}

const caller = { address: "berth api", network: "berth api" };

/** The routes of the API for a configuration. */
export function apiOf(config: Config, { registry, mode, storage, log }: ApiParts): Resource[] {
  const context: Context = { id: "api", signal: new AbortController().signal, caller, log };
  return apiRoutes({
    registry,
    storage,
    allNames: (page) => mode.catalog(page, context),
    about: {
      version: packageVersion(),
      mode: config.mode,
      service: config.access?.service ?? "berth",
      publicUrl: config.server.publicUrl,
    },
    changeable: changeable(config),
    namesOf: repositoryNamesOf(config).namesOf,
    description: () => readFile(join(packageFolder(), "config", "openapi.yml")),
  });
}

function changeable({ mode, private: rules }: Config): readonly Action[] {
  if (mode === "proxy" || rules.readonly) return [];
  return rules.delete ? ["push", "delete"] : ["push"];
}
