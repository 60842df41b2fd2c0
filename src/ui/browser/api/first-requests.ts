import type { Route } from "../routes.js";
import type { ChildManifest, Image } from "./content-answers.js";
import { apiPath, type Parameters } from "./request.js";

const mostEntries = 1_000;
/** As many as the tallest screens show: a longer page makes all wait for rows that are out of sight. */
const firstItems = 40;
/** More than indexes have that people make by hand. */
const firstManifests = 100;

/** Who looks: no view is shown before this is known. */
export const callerPath = apiPath("me");

/** One level of the tree of names. */
export function folderPath(under: string): string {
  return apiPath("tree", { ...(under !== "" && { under }), n: mostEntries });
}

/** A list of repositories, page by page. */
export function listParameters({ search = "", under = "" }): Parameters {
  return { details: true, n: firstItems, ...(search !== "" && { search }), ...(under !== "" && { under }) };
}

export function repositoryPath(name: string): string {
  return apiPath("repository", { repository: name });
}

/** The tags of a repository, page by page. */
export function tagParameters(name: string, { search = "", isOldestFirst = false } = {}): Parameters {
  return {
    repository: name,
    n: firstItems,
    ...(search !== "" && { search }),
    ...(isOldestFirst && { order: "oldest" }),
  };
}

/** An image, and of an index only the first manifests: a thousand of them take longer than all the rest. */
export function imagePath(repository: string, reference: string): string {
  return apiPath("image", { repository, reference, n: firstManifests });
}

/** An image with all its manifests. */
export function wholeImagePath(repository: string, reference: string): string {
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
    apiPath("holders", { digest }),
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
