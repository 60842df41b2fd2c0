import type { Exchange } from "../http/exchange.js";
import type { Handler } from "../http/handlers/handler.js";
import type { Resource } from "../http/router.js";
import { sendBytes, sendJson } from "../http/send.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Action } from "../registry/access.js";
import type { Registry } from "../registry/registry.js";
import type { Storage } from "../storage/storage.js";
import { notStored, requireWelcome, showing } from "./answers.js";
import { Censuses } from "./images/content-census.js";
import { FactsOfImages } from "./images/image-facts.js";
import { listHolders } from "./images/list-holders.js";
import { listReferrers } from "./images/list-referrers.js";
import { TagLists } from "./images/list-tags.js";
import { RepositoryFacts } from "./images/repository-facts.js";
import { showImage } from "./images/show-image.js";
import { showRepository } from "./images/show-repository.js";
import { type About, describeCaller } from "./me.js";
import { listFolder } from "./names/list-folder.js";
import { listRepositories } from "./names/list-repositories.js";
import { NameIndex } from "./names/name-index.js";

/** What the API depends on. */
export interface ApiDependencies {
  /** As clients see it. */
  readonly registry: Registry;
  /** Lists all repositories, whoever may pull them. */
  readonly allNames: ConstructorParameters<typeof NameIndex>[0]["list"];
  readonly storage: Storage;
  readonly about: About;
  /** What the configuration lets clients change in private repositories. */
  readonly changeable: readonly Action[];
  /** The names by which clients may know a repository that is stored under this name. */
  namesOf(stored: RepositoryName): readonly RepositoryName[];
  /** The file that describes the API. */
  description(): Promise<Buffer>;
}

const base = "/v2/_berth";

/**
 * What the container API does not tell (`config/openapi.yml`). Below `/v2/`, at the place that the specification has
 * for extensions, since many reverse proxies pass on nothing else.
 */
export function apiRoutes(dependencies: ApiDependencies): Resource[] {
  const { about, description } = dependencies;
  return [
    reading("openapi.yml", sendDescription(description)),
    // Also for clients that must sign in first.
    reading("me", (exchange) => sendJson(exchange, 200, describeCaller(exchange, about), notStored)),
    ...contentRoutes(dependencies),
  ];
}

/** Repositories, tags and images. */
function contentRoutes(dependencies: ApiDependencies): Resource[] {
  const { registry, storage, allNames } = dependencies;
  const names = new NameIndex({ list: allNames, generation: () => storage.index.generation() });
  const facts = new RepositoryFacts({ registry, storage });
  const parts = { ...dependencies, names, facts, censuses: new Censuses(storage.index) };
  const tags = new TagLists({ registry, storage, images: new FactsOfImages(storage) });
  const shown: Readonly<Record<string, (exchange: Exchange) => Promise<unknown>>> = {
    repositories: (exchange) => listRepositories(exchange, parts),
    tree: (exchange) => listFolder(exchange, names),
    repository: (exchange) => showRepository(exchange, parts),
    tags: (exchange) => tags.page(exchange),
    image: (exchange) => showImage(exchange, parts),
    referrers: (exchange) => listReferrers(exchange, registry),
    holders: (exchange) => listHolders(exchange, parts),
  };
  return Object.entries(shown).map(([path, produce]) => reading(path, showing(produce)));
}

function reading(path: string, handler: Handler): Resource {
  return { name: "api", path: `${base}/${path}`, methods: { GET: handler, HEAD: handler } };
}

function sendDescription(description: ApiDependencies["description"]): Handler {
  return async function sendDescription(exchange) {
    requireWelcome(exchange);
    sendBytes(exchange, 200, { "Content-Type": "application/yaml" }, await description());
  };
}
