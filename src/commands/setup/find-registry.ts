import { registryAddress, registryName } from "../../config/name-kinds.js";
import { messageOf } from "../../config/problem.js";
import type { Config } from "../../config/schema.js";
import { readSmallText } from "../../foundation/small-file.js";
import { ExplainedError } from "../../serving/explained-error.js";
import { describeRegistry } from "../../setup/describe-registry.js";
import type { OwnAuthority, RegistryToReach } from "../../setup/registry-to-reach.js";

/** What the command line says about the registry; the configuration supplies the rest. */
export interface RegistryOptions {
  readonly address?: string;
  readonly mode?: Config["mode"];
  readonly insecure?: boolean;
  readonly ca?: string;
  readonly upstream?: readonly string[];
  readonly login?: boolean;
}

/** @throws ExplainedError if nothing says which address clients use */
export async function findRegistry(options: RegistryOptions, config: Config): Promise<RegistryToReach> {
  const address = registryAddress.parse(options.address ?? addressOf(config), "");
  if (address === undefined) throw new ExplainedError(`--address must be ${registryAddress.expected}`);
  for (const name of options.upstream ?? []) {
    if (registryName.parse(name, "") === undefined)
      throw new ExplainedError(`--upstream must be ${registryName.expected}`);
  }
  const scheme = schemeOf(options, config);
  const authority = options.ca === undefined ? undefined : await readAuthority(options.ca);
  const asked = { ...config, mode: options.mode ?? config.mode };
  const registry = describeRegistry(asked, { address, scheme, authority, upstreams: options.upstream });
  return { ...registry, asksForLogin: options.login ?? registry.asksForLogin };
}

/** The server's own address serves only if it is a single address, not a wildcard. */
function addressOf({ server: { host, port } }: Config): string {
  if (host !== "0.0.0.0" && host !== "::") return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  throw new ExplainedError(
    "the address that clients use is unknown; add --address, such as --address registry.example.com:5000",
  );
}

/** For an address given on the command line, only `--insecure` says that there is no TLS: a proxy may terminate it. */
function schemeOf({ insecure, ca, address }: RegistryOptions, { server }: Config): "http" | "https" {
  if (insecure) return "http";
  return ca === undefined && address === undefined && server.tls === undefined ? "http" : "https";
}

async function readAuthority(file: string): Promise<OwnAuthority> {
  const pem = await readSmallText(file).catch((error: unknown) => {
    throw new ExplainedError(`--ca cannot be read: ${messageOf(error)}`);
  });
  if (!pem.includes("-----BEGIN CERTIFICATE-----"))
    throw new ExplainedError(`--ca ${file} contains no certificate in PEM format`);
  return { file, pem };
}
