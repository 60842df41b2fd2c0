import type { Exchange } from "../http/exchange.js";
import { type Digest, parseDigest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import { parseReference, type Reference } from "../oci/reference.js";
import { parseRepositoryName, type RepositoryName } from "../oci/repository-name.js";

const usualPage = 100;
const mostOnPage = 1_000;

/** No name is longer. */
export const longestName = 255;

/** A request that does not fit the description of the API. */
export function badRequest(message: string): RegistryError {
  return new RegistryError("UNSUPPORTED", message, { status: 400 });
}

/** How many items the client wants on a page. */
export function pageSizeOf(exchange: Exchange, most = mostOnPage, usual = usualPage): number {
  const text = exchange.query.get("n");
  if (text === null) return Math.min(usual, most);
  const size = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
  if (size < 1 || size > mostOnPage) throw badRequest(`n must be a whole number from 1 to ${mostOnPage}`);
  return Math.min(size, most);
}

/** @throws RegistryError if it is longer than the limit */
export function textOf(exchange: Exchange, parameter: string, longest = longestName): string | undefined {
  const text = exchange.query.get(parameter) ?? undefined;
  if (text === undefined || text.length <= longest) return text;
  throw badRequest(`${parameter} may have at most ${longest} characters`);
}

export function flagOf(exchange: Exchange, parameter: string): boolean {
  return choiceOf(exchange, parameter, ["false", "true"]) === "true";
}

/** One of the choices; the first one if the client names none. */
export function choiceOf<Choice extends string>(
  exchange: Exchange,
  parameter: string,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  const text = exchange.query.get(parameter);
  if (text === null) return choices[0];
  const choice = choices.find((each) => each === text);
  if (choice !== undefined) return choice;
  throw badRequest(`${parameter} must be ${choices.join(" or ")}`);
}

export function repositoryOf(exchange: Exchange): RepositoryName {
  return parseRepositoryName(required(exchange, "repository"));
}

export function referenceOf(exchange: Exchange): Reference {
  return parseReference(required(exchange, "reference"));
}

export function digestOf(exchange: Exchange): Digest {
  return parseDigest(required(exchange, "digest"));
}

function required(exchange: Exchange, parameter: string): string {
  const text = exchange.query.get(parameter);
  if (text !== null) return text;
  throw badRequest(`the query must contain ${parameter}=`);
}
