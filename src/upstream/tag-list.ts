import { isTag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Asking, Endpoint } from "./endpoint.js";
import { type JsonObject, type ListPage, readPage } from "./pages.js";
import { InvalidAnswerError } from "./wire/wire-errors.js";

/** The most that all registries allow. */
const pageSize = 1_000;

/** Reads one page of the tags of a repository. */
export async function readTagPage(
  endpoint: Endpoint,
  repository: RepositoryName,
  { headers, query }: { readonly headers: Readonly<Record<string, string>>; readonly query: string | undefined },
  asking: Asking,
): Promise<ListPage> {
  const url = endpoint.urlOf(repository, "tags", "list");
  url.searchParams.set("n", String(pageSize));
  const page = await readPage(endpoint, { repository, url, headers }, query, asking);
  refuseOtherThanTags(page.json);
  return page;
}

/** The tags on a page; invalid ones are skipped. */
export function tagsOn({ tags }: JsonObject): string[] {
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string" && isTag(tag)) : [];
}

/** Go programs write an empty list as null, or omit it; an object without any known field is not a list of tags. */
function refuseOtherThanTags({ tags, name }: JsonObject): void {
  if (Array.isArray(tags) || tags === null || (tags === undefined && typeof name === "string")) return;
  throw new InvalidAnswerError("its tags are not a list");
}
