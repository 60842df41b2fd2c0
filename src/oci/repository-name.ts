import { RegistryError } from "./errors.js";

declare const brand: unique symbol;

/** A repository's path such as `library/alpine`. Only {@link parseRepositoryName} creates one. */
export type RepositoryName = string & { readonly [brand]: "RepositoryName" };

/**
 * Clients limit `host[:port]/name` to 255 characters in total; we apply that to the name alone (distribution-spec,
 * "Pulling manifests").
 */
const maxLength = 255;

/**
 * The names of the specification (distribution-spec, "Pulling manifests"). The slash between components is one more
 * separator, since each component begins and ends with a letter or digit. Unlike the specification's expression, no
 * character can be matched in two ways, so a name that does not match costs no more time than one that does.
 */
const namePattern = /^[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*$/;

/** @throws RegistryError NAME_INVALID */
export function parseRepositoryName(text: string): RepositoryName {
  // The only place that makes a name from a text.
  if (text.length <= maxLength && namePattern.test(text)) return text as RepositoryName;
  throw new RegistryError("NAME_INVALID", nameRule(text), { detail: { name: text.slice(0, maxLength) } });
}

export function isRepositoryName(text: string): text is RepositoryName {
  return text.length <= maxLength && namePattern.test(text);
}

function nameRule(text: string): string {
  if (text.length > maxLength) return `a repository name has at most ${maxLength} characters`;
  if (/^[^/]*:.*\//.test(text))
    return "a repository name is written without https:// and without the registry's address";
  if (text !== text.toLowerCase()) return "a repository name is lower case";
  return "a repository name is made of components of a-z, 0-9 and single separators (. _ __ -), joined by /";
}
