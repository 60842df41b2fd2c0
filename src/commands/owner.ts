import { loadConfig } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { parseWrittenName } from "../oci/image-name.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { ownNameOf, remoteNameOf, storedNameOf } from "../proxy/upstream-names.js";
import { type Owner, type Owners, patternAround } from "../registry/owners.js";
import { ownersOf, upstreamNamesOf } from "../serving/upstream-names.js";

/** Says which mode owns the name of a repository or of an image in it, and why. */
export async function showOwner(image: string, options: { config?: string; ns?: string }): Promise<void> {
  const { config } = await loadConfig({ file: options.config, environment: process.env, directory: process.cwd() });
  process.stdout.write(`${describeOwner(parseWrittenName(image).name, options.ns, config).join("\n")}\n`);
}

function describeOwner(name: RepositoryName, namespace: string | undefined, config: Config): string[] {
  if (config.mode === "private") return [`${name} is private: in mode: private every name is private`];
  const owners = ownersOf(config);
  const owner = owners.of(name, namespace);
  const advice = owner.mayBecomePrivate && config.mode === "hybrid" ? [privateIf(patternAround(name))] : [];
  switch (owner.kind) {
    case "private":
      return [`${name} is private: ${owner.because}`];
    case "nobody":
      return [`${name} has no owner and is refused: ${owner.because}`, ...advice];
    case "upstream":
      return [
        `${name} is cached from ${owner.upstream}: ${owner.because}`,
        ...namesThere(name, owner, { owners, proxy: config.proxy }),
        ...advice,
      ];
  }
}

function namesThere(
  name: RepositoryName,
  owner: Owner & { kind: "upstream" },
  { owners, proxy }: Pick<Config, "proxy"> & { owners: Owners },
): string[] {
  const upstream = proxy.upstreams.find((each) => each.name === owner.upstream);
  if (upstream === undefined) return [];
  const names = upstreamNamesOf(upstream, proxy.default);
  const stored = storedNameOf(ownNameOf(name, names), names, owners);
  return [`  name at ${upstream.url}: ${remoteNameOf(stored, names)}`, `  name in the storage: ${stored}`];
}

function privateIf(pattern: string): string {
  return `  to make it private, add "${pattern}" to private.repositories`;
}
