import { discoverExtensions, greet, ping } from "./handlers/base.js";
import { getBlob, headBlob } from "./handlers/blobs.js";
import { listRepositories, listTags } from "./handlers/lists.js";
import { getManifest, headManifest } from "./handlers/manifests.js";
import { listReferrers } from "./handlers/referrers.js";
import type { Resource } from "./route-table.js";
import type { Services } from "./services.js";

/** What can be pulled, in both modes (distribution-spec, "Pull", "Content Discovery"). */
export function pullRoutes(services: Services): Resource[] {
  const tags = listTags(services);
  const referrers = listReferrers(services);
  const repositories = listRepositories(services);
  return [
    {
      path: "/v2/*name/manifests/:reference",
      methods: { GET: getManifest(services), HEAD: headManifest(services) },
    },
    { path: "/v2/*name/blobs/:digest", methods: { GET: getBlob(services), HEAD: headBlob(services) } },
    { path: "/v2/*name/tags/list", methods: { GET: tags, HEAD: tags } },
    { path: "/v2/*name/referrers/:digest", methods: { GET: referrers, HEAD: referrers } },
    { path: "/v2/_catalog", methods: { GET: repositories, HEAD: repositories } },
    { path: "/v2/_oci/ext/discover", methods: { GET: discoverExtensions, HEAD: discoverExtensions } },
    { path: "/v2/*name/_oci/ext/discover", methods: { GET: discoverExtensions, HEAD: discoverExtensions } },
    { path: "/v2", methods: { GET: ping, HEAD: ping } },
    { path: "/", methods: { GET: greet, HEAD: greet } },
  ];
}
