import type { OutgoingHttpHeaders } from "node:http";
import { RegistryError } from "../../oci/errors.js";
import { opaqueType } from "../../oci/media-types.js";
import { isDigestReference, parseTag, type Tag } from "../../oci/reference.js";
import type { ResolvedManifest } from "../../registry/repository.js";
import type { Exchange } from "../exchange.js";
import { locationOf } from "../location.js";
import { nameOf, namespaceOf, pulledRepository, referenceOf } from "../parameters.js";
import { readBody, refuseEncodedBody } from "../read-body.js";
import { addCacheHeaders, endSoon, isKnownToClient, sendEmpty, sendThrottled } from "../send.js";
import type { Handler, HandlerDependencies } from "./handler.js";

/** JSON, the signed JSON of schema 1, or a vendor type without a syntax that browsers know. */
const harmlessTypes = /^application\/(?:json|(?:[\w!#$&^.-]+\+)(?:json|prettyjws)|vnd\.[\w!#$&^.-]+)$/i;

/** A request with more gets 414 (distribution-spec, "Pushing Manifests with Tags"). */
const mostTags = 100;

/**
 * The manifest is sent as stored, whatever `Accept` says: nothing is ever converted, and a client that cannot read the
 * type reports that better than a 404 would.
 */
export function getManifest({ registry }: HandlerDependencies): Handler {
  return async function getManifest(exchange) {
    const reference = referenceOf(exchange);
    const repository = await pulledRepository(registry, exchange);
    const { descriptor, served, bytes } = await repository.getManifest(reference, exchange);
    exchange.served = served;
    const headers = headersOf({ descriptor, served });
    if (isKnownToClient(exchange, `"${descriptor.digest}"`)) sendEmpty(exchange, 304, headers);
    else return sendThrottled(exchange, 200, headers, bytes);
  };
}

export function headManifest({ registry }: HandlerDependencies): Handler {
  return async function headManifest(exchange) {
    const reference = referenceOf(exchange);
    const repository = await pulledRepository(registry, exchange);
    const found = await repository.resolveManifest(reference, exchange);
    exchange.served = found.served;
    const headers = headersOf(found);
    if (isKnownToClient(exchange, `"${found.descriptor.digest}"`)) return sendEmpty(exchange, 304, headers);
    headers["Content-Length"] = found.descriptor.size;
    exchange.response.writeHead(200, headers);
    endSoon(exchange);
  };
}

export function putManifest({
  registry,
  manifestMaxSize,
  uploadPlaces,
  bodyRooms,
  locations,
}: HandlerDependencies): Handler {
  return async function putManifest(exchange) {
    const name = nameOf(exchange);
    const reference = referenceOf(exchange);
    const tags = tagsOfQuery(exchange);
    if (tags.length > 0 && !isDigestReference(reference)) {
      throw new RegistryError("MANIFEST_INVALID", "?tag= needs a digest in the path, not a tag");
    }
    const repository = await registry.push(name, namespaceOf(exchange), exchange, "push");
    refuseEncodedBody(exchange);
    const pushed = await bodyRooms.run(exchange, async (room) => {
      const bytes = await uploadPlaces.run(exchange, (leavePlace) => {
        const take = (weight: number) => {
          // It waits for its room, and while it holds one, the rooms limit how slow it may be.
          leavePlace();
          return room.take(weight);
        };
        return readBody(exchange, manifestMaxSize, { take });
      });
      return repository.putManifest({ reference, bytes, contentType: contentTypeOf(exchange), tags }, exchange);
    });
    sendEmpty(exchange, 201, {
      Location: locationOf(exchange, locations, `/v2/${name}/manifests/${pushed.digest}`),
      "Docker-Content-Digest": pushed.digest,
      ...(pushed.subject === undefined ? {} : { "OCI-Subject": pushed.subject }),
      ...(tags.length === 0 ? {} : { "OCI-Tag": [...tags] }),
    });
  };
}

export function deleteManifest({ registry }: HandlerDependencies): Handler {
  return async function deleteManifest(exchange) {
    const reference = referenceOf(exchange);
    const repository = await registry.push(nameOf(exchange), namespaceOf(exchange), exchange, "delete");
    if (isDigestReference(reference)) await repository.deleteManifest(reference, exchange);
    else await repository.deleteTag(reference, exchange);
    sendEmpty(exchange, 202);
  };
}

/**
 * A manifest chooses its own type, so an upstream or a push could choose one that a browser shows as a page of this
 * registry, such as `text/html` or `image/svg+xml`: those are sent as a type that is only saved.
 */
function headersOf({ descriptor, served }: ResolvedManifest): OutgoingHttpHeaders {
  const { mediaType, digest } = descriptor;
  const headers: OutgoingHttpHeaders = {
    "Content-Type": harmlessTypes.test(mediaType) ? mediaType : opaqueType,
    "Docker-Content-Digest": digest,
    ETag: `"${digest}"`,
    // If a browser opens it anyway, it is not shown as a page of this registry.
    "Content-Security-Policy": "sandbox",
  };
  if (served.from !== "storage") addCacheHeaders(headers, served);
  return headers;
}

/** Parameters are not part of the type (distribution-spec, "Pushing Manifests"). */
function contentTypeOf(exchange: Exchange): string | undefined {
  const type = exchange.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  return type === "" ? undefined : type;
}

function tagsOfQuery(exchange: Exchange): Tag[] {
  const tags = [...new Set(exchange.query.getAll("tag").map(parseTag))];
  if (tags.length <= mostTags) return tags;
  throw new RegistryError("MANIFEST_INVALID", `at most ${mostTags} tags are accepted at once`, { status: 414 });
}
