import { discoverExtensions, greet, ping } from "./handlers/base.js";
import { getBlob, headBlob } from "./handlers/blobs.js";
import type { HandlerDependencies } from "./handlers/handler.js";
import { listRepositories, listTags } from "./handlers/lists.js";
import { getManifest, headManifest } from "./handlers/manifests.js";
import { listReferrers } from "./handlers/referrers.js";
import type { Resource } from "./router.js";

/** To be tried first: clients ping before most of what they do, and these paths match no other route. */
export const baseRoutes: readonly Resource[] = [
  { name: "base", path: "/v2", methods: { GET: ping, HEAD: ping } },
  { name: "base", path: "/", methods: { GET: greet, HEAD: greet } },
];

/** The routes for pulling, in both modes (distribution-spec, "Pull", "Content Discovery"). */
export function pullRoutes(dependencies: HandlerDependencies): Resource[] {
  const tags = listTags(dependencies);
  const referrers = listReferrers(dependencies);
  const repositories = listRepositories(dependencies);
  return [
    {
      name: "manifest",
      path: "/v2/*name/manifests/:reference",
      methods: { GET: getManifest(dependencies), HEAD: headManifest(dependencies) },
    },
    {
      name: "blob",
      path: "/v2/*name/blobs/:digest",
      methods: { GET: getBlob(dependencies), HEAD: headBlob(dependencies) },
    },
    { name: "tags", path: "/v2/*name/tags/list", methods: { GET: tags, HEAD: tags } },
    { name: "referrers", path: "/v2/*name/referrers/:digest", methods: { GET: referrers, HEAD: referrers } },
    { name: "catalog", path: "/v2/_catalog", methods: { GET: repositories, HEAD: repositories } },
    {
      name: "extension",
      path: "/v2/_oci/ext/discover",
      methods: { GET: discoverExtensions, HEAD: discoverExtensions },
    },
    {
      name: "extension",
      path: "/v2/*name/_oci/ext/discover",
      methods: { GET: discoverExtensions, HEAD: discoverExtensions },
    },
  ];
}
