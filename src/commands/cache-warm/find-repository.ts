import type { Config } from "../../config/schema.js";
import { prefixOf } from "../../config/upstream-rules.js";
import type { ImageName } from "../../oci/image-name.js";
import { parseRepositoryName } from "../../oci/repository-name.js";
import type { Registry } from "../../registry/registry.js";
import type { PullRepository } from "../../registry/repository.js";

/**
 * The repository that an image's name means here. A host that is no prefix of an upstream is what containerd would
 * put into `?ns=`.
 * @throws RegistryError NAME_UNKNOWN if no upstream is meant
 */
export function findRepository(
  { registry: host, path }: ImageName,
  registry: Registry,
  config: Config,
): PullRepository {
  if (host === undefined) return registry.pull(path);
  const isPrefix = config.proxy.upstreams.some((upstream) => prefixOf(upstream) === host);
  return isPrefix ? registry.pull(parseRepositoryName(`${host}/${path}`)) : registry.pull(path, host);
}
