import { type Digest, parseDigest } from "./digest.js";
import { registryCalled } from "./docker-hub.js";
import { RegistryError } from "./errors.js";
import { parseTag, type Reference, type Tag } from "./reference.js";
import { parseRepositoryName, type RepositoryName } from "./repository-name.js";

/** An image name as people write it: `alpine`, `ghcr.io/owner/image:1.0`, `quay.io/app@sha256:...`. */
export interface ImageName {
  /** The host that it begins with, if any. */
  readonly registry: string | undefined;
  /** The path after the host. */
  readonly path: RepositoryName;
  /** `latest` by default; a digest takes precedence over a tag. */
  readonly reference: Reference;
}

/** What a person writes about a repository of this registry: `team/app`, `team/app:1.0` or `team/app@sha256:...`. */
export interface WrittenName {
  readonly name: RepositoryName;
  readonly tag: Tag | undefined;
  readonly digest: Digest | undefined;
}

/** @throws RegistryError NAME_INVALID, or the error of an invalid tag or digest */
export function parseWrittenName(text: string): WrittenName {
  const { name, tag, digest } = splitReference(text);
  return {
    name: parseRepositoryName(name),
    tag: tag === undefined ? undefined : parseTag(tag),
    digest: digest === undefined ? undefined : parseDigest(digest),
  };
}

/** @throws RegistryError NAME_INVALID, or the error of an invalid tag or digest */
export function parseImageName(text: string): ImageName {
  if (text.includes("://")) {
    throw new RegistryError("NAME_INVALID", "write the image without https://, as for docker pull");
  }
  const { name, tag, digest } = splitReference(text);
  const tagged = parseTag(tag ?? "latest");
  return { ...splitRegistry(name), reference: digest === undefined ? tagged : parseDigest(digest) };
}

/** The rule of every client: a first component with a dot or a colon is a host, and so is localhost. */
function splitRegistry(name: string): Pick<ImageName, "registry" | "path"> {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  if (!/[.:]/.test(first) && first !== "localhost") return { registry: undefined, path: parseRepositoryName(name) };
  return { registry: registryCalled(first), path: parseRepositoryName(name.slice(slash + 1)) };
}

function splitReference(text: string): { name: string; tag: string | undefined; digest: string | undefined } {
  const [named, digest] = splitAt(text, text.indexOf("@"));
  // A colon before the last slash precedes a port.
  const [name, tag] = splitAt(named, named.indexOf(":", named.lastIndexOf("/") + 1));
  return { name, tag, digest };
}

function splitAt(text: string, index: number): [string, string?] {
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}
