import type { Config } from "../../../config/schema.js";
import { prefixOf } from "../../../config/upstream-rules.js";
import type { ImageName } from "../../../oci/image-name.js";
import { parseRepositoryName } from "../../../oci/repository-name.js";
import type { Context } from "../../../registry/context.js";
import type { Registry } from "../../../registry/registry.js";
import type { PullRepository } from "../../../registry/repository.js";

/**
 * Finds the repository for an image name. A host that is not the prefix of an upstream is treated as containerd's
 * `?ns=`.
 * @throws RegistryError NAME_UNKNOWN if it belongs to no upstream
 */
export async function findRepository(
  { registry: host, path }: ImageName,
  { registry, config, context }: { registry: Registry; config: Config; context: Context },
): Promise<PullRepository> {
  const isPrefix = host !== undefined && config.proxy.upstreams.some((upstream) => prefixOf(upstream) === host);
  return isPrefix
    ? registry.pull(parseRepositoryName(`${host}/${path}`), undefined, context)
    : registry.pull(path, host, context);
}
