import { isTag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Asking, Endpoint } from "./endpoint.js";
import { pagesOf } from "./pages.js";
import { InvalidAnswerError } from "./wire/wire-errors.js";

/** As many as all registries allow. */
const pageSize = 1_000;

/** All tags of a repository; what is no tag is left out. */
export async function listTags(
  endpoint: Endpoint,
  repository: RepositoryName,
  headers: Readonly<Record<string, string>>,
  asking: Asking,
): Promise<string[]> {
  const url = endpoint.urlOf(repository, "tags", "list");
  url.searchParams.set("n", String(pageSize));
  const list: string[] = [];
  for await (const { tags } of pagesOf(endpoint, { repository, url, headers }, asking)) {
    if (tags !== null && tags !== undefined && !Array.isArray(tags))
      throw new InvalidAnswerError("its tags are no list");
    for (const tag of tags ?? []) if (typeof tag === "string" && isTag(tag)) list.push(tag);
  }
  return list;
}
