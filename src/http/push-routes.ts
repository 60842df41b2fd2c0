import { deleteBlob } from "./handlers/blobs.js";
import { deleteManifest, putManifest } from "./handlers/manifests.js";
import { appendToUpload, cancelUpload, finishUpload, getUpload, startUpload } from "./handlers/uploads.js";
import type { Resource } from "./route-table.js";
import type { Services } from "./services.js";

/**
 * What can be pushed and deleted (distribution-spec, "Push", "Content Management"). To be tried before what can be
 * pulled: `/blobs/:digest` would match `/blobs/uploads`, too.
 */
export function pushRoutes(services: Services): Resource[] {
  const status = getUpload(services);
  return [
    {
      path: "/v2/*name/manifests/:reference",
      methods: { PUT: putManifest(services), DELETE: deleteManifest(services) },
    },
    { path: "/v2/*name/blobs/uploads", methods: { POST: startUpload(services) } },
    {
      path: "/v2/*name/blobs/uploads/:id",
      methods: {
        GET: status,
        HEAD: status,
        PATCH: appendToUpload(services),
        PUT: finishUpload(services),
        DELETE: cancelUpload(services),
      },
    },
    { path: "/v2/*name/blobs/:digest", methods: { DELETE: deleteBlob(services) } },
  ];
}
