import type { Config } from "../config/schema.js";

/** An upstream, as clients name it. */
export interface ReachedUpstream {
  /** The host in its image names, such as `docker.io`. */
  readonly name: string;
  /** Where its repositories are here: `registry.example.com/ghcr.io`; for the default upstream, the address alone. */
  readonly location: string;
}

/** A certificate authority that clients do not know. */
export interface OwnAuthority {
  readonly file: string;
  readonly pem: string;
}

/** What a client must know about this registry. */
export interface RegistryToReach {
  /** Host and optional port, as in the names of images. */
  readonly address: string;
  readonly mode: Config["mode"];
  readonly scheme: "http" | "https";
  readonly authority: OwnAuthority | undefined;
  /** Empty in private mode. */
  readonly upstreams: readonly ReachedUpstream[];
  /** Whether clients log in. */
  readonly asksForLogin: boolean;
}

export function urlOf({ scheme, address }: RegistryToReach): string {
  return `${scheme}://${address}`;
}

/** Whether clients can push images to it. */
export function takesPushes({ mode }: RegistryToReach): boolean {
  return mode !== "proxy";
}

/** Whether it can be a registry mirror for docker, which requests Docker Hub's bare repository names. */
export function mirrorsDockerHub({ upstreams, address }: RegistryToReach): boolean {
  return upstreams.some(({ name, location }) => name === "docker.io" && location === address);
}

/** Whether it is on the client's own machine, where docker accepts plain HTTP. */
export function isOnLoopback({ address }: RegistryToReach): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|$)/.test(address);
}

/** An image name as a YAML value; the bracket of an IPv6 address would start a list. */
export function plainInYaml(image: string): string {
  return image.startsWith("[") ? `"${image}"` : image;
}
