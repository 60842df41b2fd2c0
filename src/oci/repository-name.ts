import { RegistryError } from "./errors.js";

declare const brand: unique symbol;

/** A repository's path such as `library/alpine`. Only {@link parseRepositoryName} creates one. */
export type RepositoryName = string & { readonly [brand]: "RepositoryName" };

/**
 * Clients limit `host[:port]/name` to 255 characters in total; we apply that to the name alone (distribution-spec,
 * "Pulling manifests").
 */
const maxLength = 255;

/** @throws RegistryError NAME_INVALID */
export function parseRepositoryName(text: string): RepositoryName {
  if (isRepositoryName(text)) return text;
  throw new RegistryError("NAME_INVALID", nameRule(text), { detail: { name: text.slice(0, maxLength) } });
}

export function isRepositoryName(text: string): text is RepositoryName {
  return text.length <= maxLength && text.split("/").every(isComponent);
}

/**
 * `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`, matched by hand in one pass: the regular expression of the specification
 * backtracks without bound in JavaScript.
 */
function isComponent(component: string): boolean {
  let separator = "";
  for (const character of component) {
    if (isAlphanumeric(character)) {
      separator = "";
    } else {
      separator += character;
      if (!isSeparatorStart(separator)) return false;
    }
  }
  return separator === "" && component !== "" && isAlphanumeric(component.charAt(0));
}

function isAlphanumeric(character: string): boolean {
  return (character >= "a" && character <= "z") || (character >= "0" && character <= "9");
}

function isSeparatorStart(text: string): boolean {
  return text === "." || text === "_" || text === "__" || (text.startsWith("-") && text.at(-1) === "-");
}

function nameRule(text: string): string {
  if (text.length > maxLength) return `a repository name has at most ${maxLength} characters`;
  if (text !== text.toLowerCase()) return "a repository name is lower case";
  return "a repository name is made of components of a-z, 0-9 and single separators (. _ __ -), joined by /";
}
