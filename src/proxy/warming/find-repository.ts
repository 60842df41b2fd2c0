import type { ImageName } from "../../oci/image-name.js";
import { parseRepositoryName } from "../../oci/repository-name.js";
import type { Context } from "../../registry/context.js";
import type { Registry } from "../../registry/registry.js";
import type { PullRepository } from "../../registry/repository.js";

interface Searched {
  readonly registry: Registry;
  /** What the names of each upstream begin with here. */
  readonly prefixes: readonly string[];
  readonly context: Context;
}

/**
 * Finds the repository for an image name. A host that is not the prefix of an upstream is treated as containerd's
 * `?ns=`.
 * @throws RegistryError NAME_UNKNOWN if it belongs to no upstream
 */
export async function findRepository(
  { registry: host, path }: ImageName,
  { registry, prefixes, context }: Searched,
): Promise<PullRepository> {
  return host !== undefined && prefixes.includes(host)
    ? registry.pull(parseRepositoryName(`${host}/${path}`), undefined, context)
    : registry.pull(path, host, context);
}
