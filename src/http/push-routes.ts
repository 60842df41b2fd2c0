import { deleteBlob } from "./handlers/blobs.js";
import type { HandlerDependencies } from "./handlers/handler.js";
import { deleteManifest, putManifest } from "./handlers/manifests.js";
import { appendToUpload, cancelUpload, finishUpload, getUpload, startUpload } from "./handlers/uploads.js";
import type { Resource } from "./router.js";

/**
 * The routes for pushing and deleting (distribution-spec, "Push", "Content Management"). They must come before the pull
 * routes: `/blobs/:digest` would also match `/blobs/uploads`.
 */
export function pushRoutes(dependencies: HandlerDependencies): Resource[] {
  const status = getUpload(dependencies);
  return [
    {
      name: "manifest",
      path: "/v2/*name/manifests/:reference",
      methods: { PUT: putManifest(dependencies), DELETE: deleteManifest(dependencies) },
    },
    { name: "blob_upload", path: "/v2/*name/blobs/uploads", methods: { POST: startUpload(dependencies) } },
    {
      name: "blob_upload_chunk",
      path: "/v2/*name/blobs/uploads/:id",
      methods: {
        GET: status,
        HEAD: status,
        PATCH: appendToUpload(dependencies),
        PUT: finishUpload(dependencies),
        DELETE: cancelUpload(dependencies),
      },
    },
    { name: "blob", path: "/v2/*name/blobs/:digest", methods: { DELETE: deleteBlob(dependencies) } },
  ];
}
