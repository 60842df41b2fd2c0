import { mediaTypes } from "../../../src/oci/media-types.js";
import { type Content, contentOf, partOf } from "./content.js";
import type { ContentStore } from "./content-store.js";
import { emptyReply, errorReply, jsonReply, type Reply } from "./reply.js";
import type { FakeRequest } from "./request.js";

/** How the registry behaves, apart from its content. */
export interface RegistryHabits {
  /** Sends blobs to another host. */
  blobsAt: string | undefined;
  hasReferrersApi: boolean;
  /** Answers Range with a 206. */
  knowsRange: boolean;
  /** Compares `If-Range` with the ETag. */
  knowsIfRange: boolean;
  /** Tags per page, if the client does not say. */
  tagsPerPage: number;
}

/** The right response to a request of the distribution protocol. */
export function registryReply(request: FakeRequest, store: ContentStore, habits: RegistryHabits): Reply {
  switch (request.kind) {
    case "ping":
      return jsonReply(200, {});
    case "manifest":
      return manifestReply(request, store);
    case "blob":
      return blobReply(request, store, habits);
    case "tags":
      return tagsReply(request, store, habits);
    case "referrers":
      return referrersReply(request, store, habits);
    default:
      return errorReply(404, "NOT_FOUND");
  }
}

function manifestReply({ name, reference }: FakeRequest, store: ContentStore): Reply {
  const manifest = store.findManifest(name, reference);
  if (!manifest) return errorReply(404, "MANIFEST_UNKNOWN", "manifest unknown");
  const { mediaType, digest } = manifest.descriptor;
  const headers = { "content-type": mediaType, "docker-content-digest": digest, etag: `"${digest}"` };
  return { status: 200, headers, body: contentOf(manifest.bytes) };
}

function blobReply(request: FakeRequest, store: ContentStore, habits: RegistryHabits): Reply {
  const { name, reference } = request;
  const content = store.findBlob(name, reference);
  if (!content) return errorReply(404, "BLOB_UNKNOWN", "blob unknown to registry");
  if (request.host === "registry" && habits.blobsAt !== undefined) {
    return emptyReply(307, { location: `${habits.blobsAt}/cdn/${name}/${reference}?signature=secret` });
  }
  if (request.host === "cdn" && request.headers.authorization !== undefined) {
    return errorReply(400, "InvalidArgument", "Only one auth mechanism allowed");
  }
  return rangedReply(request, content, habits);
}

function rangedReply(request: FakeRequest, content: Content, habits: RegistryHabits): Reply {
  const etag = `"${request.host}-${request.reference}"`;
  const headers = { "content-type": "application/octet-stream", etag, "accept-ranges": "bytes" };
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const ifRange = request.headers["if-range"];
  const isChanged = habits.knowsIfRange && ifRange !== undefined && ifRange !== etag;
  if (from === undefined || !habits.knowsRange || isChanged) return { status: 200, headers, body: content };
  const start = Number(from);
  const end = Math.min(to ? Number(to) + 1 : content.size, content.size);
  if (start >= end) return errorReply(416, "RANGE_INVALID", "", { "content-range": `bytes */${content.size}` });
  const range = { "content-range": `bytes ${start}-${end - 1}/${content.size}` };
  return { status: 206, headers: { ...headers, ...range }, body: partOf(content, start, end) };
}

function tagsReply({ name, query, path }: FakeRequest, store: ContentStore, habits: RegistryHabits): Reply {
  const all = store.findTags(name);
  if (!all) return errorReply(404, "NAME_UNKNOWN", "repository name not known to registry");
  const limit = Math.min(Number(query.get("n") ?? Number.POSITIVE_INFINITY), habits.tagsPerPage);
  const rest = all.filter((tag) => tag > (query.get("last") ?? ""));
  const tags = rest.slice(0, limit);
  const isLast = tags.length === rest.length;
  const link = `<${path}?n=${limit}&last=${tags.at(-1)}>; rel="next"`;
  return jsonReply(200, { name, tags }, isLast ? {} : { link });
}

function referrersReply({ name, reference }: FakeRequest, store: ContentStore, habits: RegistryHabits): Reply {
  if (!habits.hasReferrersApi) return errorReply(404, "NOT_FOUND");
  const manifests = store.findReferrers(name, reference);
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  return jsonReply(200, index, { "content-type": mediaTypes.ociIndex });
}
