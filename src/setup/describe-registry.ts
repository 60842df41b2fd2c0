import type { Config } from "../config/schema.js";
import { prefixOf } from "../config/upstream-rules.js";
import type { OwnAuthority, ReachedUpstream, RegistryToReach } from "./registry-to-reach.js";

/** How clients reach the registry, where the configuration does not say it. */
export interface Reach {
  /** Host and optional port, as in the names of images. */
  readonly address: string;
  readonly scheme: "http" | "https";
  readonly authority?: OwnAuthority | undefined;
  /** By default those of the configuration. */
  readonly upstreams?: readonly string[] | undefined;
}

/** What clients must know about the registry of a configuration. */
export function describeRegistry(config: Config, { address, scheme, authority, upstreams }: Reach): RegistryToReach {
  const { mode, proxy, access } = config;
  const names = upstreams ?? proxy.upstreams.map(({ name }) => name);
  return {
    address,
    mode,
    scheme,
    authority,
    upstreams: mode === "private" ? [] : names.map((name) => reached(name, address, config)),
    asksForLogin: access?.open === false,
  };
}

function reached(name: string, address: string, { proxy }: Config): ReachedUpstream {
  const configured = proxy.upstreams.find((upstream) => upstream.name === name);
  const prefix = configured === undefined ? name : prefixOf(configured);
  return { name, location: name === proxy.default ? address : `${address}/${prefix}` };
}
