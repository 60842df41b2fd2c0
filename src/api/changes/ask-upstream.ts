import type { Exchange } from "../../http/exchange.js";
import { RegistryError } from "../../oci/errors.js";
import { parseTag } from "../../oci/reference.js";
import { parseRepositoryName } from "../../oci/repository-name.js";
import type { Context } from "../../registry/context.js";
import type { Registry } from "../../registry/registry.js";
import type { Storage } from "../../storage/storage.js";
import { showTime } from "../answers.js";
import { looking } from "../looking.js";
import { longestName } from "../query.js";
import { JsonBody } from "./json-body.js";

const longestTag = 128;

/** Asks the upstream what a cached tag points to now. That counts as no pull, where the upstream answers HEAD. */
export async function askUpstream(
  exchange: Exchange,
  { registry, storage }: { readonly registry: Registry; readonly storage: Storage },
): Promise<unknown> {
  const body = await JsonBody.read(exchange, ["repository", "tag"]);
  const name = parseRepositoryName(body.text("repository", longestName));
  const tag = parseTag(body.text("tag", longestTag));
  // For a client that may not do that, the cache would answer by itself.
  exchange.access?.require("cache", name);
  const context: Context = { ...looking(exchange), onlyLooks: false, noCache: true };
  const repository = await registry.pull(name, undefined, context);
  if ((await storage.owners.ownerOf(repository.name)) === undefined)
    throw new RegistryError("NAME_UNKNOWN", `${name} is not cached from anywhere`, { detail: { name } });
  const before = await storage.tags.find(repository.name, tag);
  const { descriptor, served } = await repository.resolveManifest(tag, context);
  return {
    digest: descriptor.digest,
    before: before === descriptor.digest ? undefined : before,
    askedAt: showTime(Date.now() - (served.age ?? 0) * 1000),
    warning: served.warning,
  };
}
