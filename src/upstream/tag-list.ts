import type { RepositoryName } from "../oci/repository-name.js";
import type { AttemptOptions, Endpoint } from "./endpoint.js";
import { readTags } from "./large-lists.js";
import { type ListPage, readPage } from "./pages.js";
import { InvalidAnswerError } from "./wire/wire-errors.js";

/** The most that all registries allow. */
const pageSize = 1_000;

/** Reads one page of the tags of a repository. */
export async function readTagPage(
  endpoint: Endpoint,
  repository: RepositoryName,
  { headers, query }: { readonly headers: Readonly<Record<string, string>>; readonly query: string | undefined },
  options: AttemptOptions,
): Promise<ListPage<readonly string[]>> {
  const url = endpoint.urlOf(repository, "tags", "list");
  url.searchParams.set("n", String(pageSize));
  return readPage(endpoint, { repository, url, headers, read: readList }, query, options);
}

async function readList(page: Buffer, isWhole: boolean): Promise<readonly string[] | undefined> {
  const tags = await readTags(page, isWhole);
  if (tags === "no list") throw new InvalidAnswerError("its tags are not a list");
  return tags;
}
