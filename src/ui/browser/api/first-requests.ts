import type { Route } from "../routes.js";
import type { ChildManifest, Image } from "./content-answers.js";
import { apiPath, type Parameters } from "./request.js";

const mostEntries = 1_000;
const tagsOnPage = 100;

/** Who looks: no view is shown before this is known. */
export const callerPath = apiPath("me");

/** One level of the tree of names. */
export function folderPath(under: string): string {
  return apiPath("tree", { ...(under !== "" && { under }), n: mostEntries });
}

/** A list of repositories, page by page. */
export function listParameters({ search = "", under = "" }): Parameters {
  return { details: true, ...(search !== "" && { search }), ...(under !== "" && { under }) };
}

export function repositoryPath(name: string): string {
  return apiPath("repository", { repository: name });
}

/** The tags of a repository, page by page. */
export function tagParameters(name: string, { search = "", isOldestFirst = false } = {}): Parameters {
  return {
    repository: name,
    n: tagsOnPage,
    ...(search !== "" && { search }),
    ...(isOldestFirst && { order: "oldest" }),
  };
}

export function imagePath(repository: string, reference: string): string {
  return apiPath("image", { repository, reference });
}

export function referrerParameters(repository: string, digest: string): Parameters {
  return { repository, digest };
}

/** BuildKit stores attestations beside the platforms, as images of an unknown one. */
export function isPlatform({ attests, platform }: ChildManifest): boolean {
  return attests === undefined && platform?.os !== "unknown";
}

/** The platform of an index that is shown before someone picks another one. */
export function firstPlatform(manifests: readonly ChildManifest[]): ChildManifest | undefined {
  const platforms = manifests.filter(isPlatform);
  return platforms.find(({ stored }) => stored) ?? platforms[0];
}

/** What the view of an image requests beside the image. */
export function requestsBeside({ repository, digest, manifests }: Image): readonly string[] {
  const child = firstPlatform(manifests);
  return [
    ...(child?.stored === true ? [imagePath(repository, child.digest)] : []),
    apiPath("referrers", referrerParameters(repository, digest)),
  ];
}

/** What a view will request when it is shown. */
export function firstRequests(route: Route): readonly string[] {
  switch (route.view) {
    case "repositories":
      if (route.isFlat || route.search !== "") return [apiPath("repositories", listParameters(route))];
      return [folderPath(route.under)];
    case "repository":
      return [apiPath("tags", tagParameters(route.name)), repositoryPath(route.name)];
    case "image":
      return [imagePath(route.name, route.reference)];
    default:
      return [];
  }
}
