import type { Config } from "../../config/schema.js";

/** An upstream, as clients name it. */
export interface ReachedUpstream {
  /** The host that its images begin with, `docker.io`. */
  readonly name: string;
  /** Where its repositories are here: `registry.example.com/ghcr.io`; of the default upstream, the address alone. */
  readonly location: string;
}

/** A certificate authority that clients do not know. */
export interface OwnAuthority {
  readonly file: string;
  readonly pem: string;
}

/** What a client must know of a Berth. */
export interface RegistryToReach {
  /** Host, and port if it has one, as it stands in the names of images. */
  readonly address: string;
  readonly mode: Config["mode"];
  readonly scheme: "http" | "https";
  readonly authority: OwnAuthority | undefined;
  /** None in private mode. */
  readonly upstreams: readonly ReachedUpstream[];
}

export function urlOf({ scheme, address }: RegistryToReach): string {
  return `${scheme}://${address}`;
}

/** Whether images can be pushed to it. */
export function takesPushes({ mode }: RegistryToReach): boolean {
  return mode !== "proxy";
}

/** Whether it can be what docker calls a mirror: that of Docker Hub, asked for the bare names of repositories. */
export function mirrorsDockerHub({ upstreams, address }: RegistryToReach): boolean {
  return upstreams.some(({ name, location }) => name === "docker.io" && location === address);
}

/** Whether it is on the client's own machine, where docker takes plain HTTP. */
export function isOnLoopback({ address }: RegistryToReach): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|$)/.test(address);
}

/** The name of an image as a value of YAML, where the bracket of an IPv6 address would begin a list. */
export function plainInYaml(image: string): string {
  return image.startsWith("[") ? `"${image}"` : image;
}
