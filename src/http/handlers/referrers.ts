import type { OutgoingHttpHeaders } from "node:http";
import { parseDigest } from "../../oci/digest.js";
import type { ReferrersQuery } from "../../oci/listing.js";
import { mediaTypes } from "../../oci/media-types.js";
import type { Exchange } from "../exchange.js";
import { jsonWithList } from "../json-lists.js";
import { nextLink } from "../pagination.js";
import { digestOfPath, pulledRepository } from "../parameters.js";
import { addWarning, sendBytes } from "../send.js";
import type { Handler, HandlerDependencies } from "./handler.js";

/** Lists the referrers of a manifest, as an index (distribution-spec, "Listing Referrers"). */
export function listReferrers({ registry }: HandlerDependencies): Handler {
  return async function listReferrers(exchange) {
    const subject = digestOfPath(exchange);
    const query = queryOf(exchange);
    const repository = await pulledRepository(registry, exchange);
    const page = await repository.listReferrers(subject, query, exchange);
    const { items, more, last = items.at(-1)?.digest, warning } = page;
    const headers: OutgoingHttpHeaders = { "Content-Type": mediaTypes.ociIndex };
    if (query.artifactType !== undefined) headers["OCI-Filters-Applied"] = "artifactType";
    if (warning !== undefined) addWarning(headers, warning);
    if (more && last !== undefined) headers.Link = nextLink(exchange, { last });
    const body = await jsonWithList({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] }, items);
    sendBytes(exchange, 200, headers, body);
  };
}

function queryOf(exchange: Exchange): ReferrersQuery {
  const artifactType = exchange.query.get("artifactType");
  const last = exchange.query.get("last");
  return {
    // Media types contain no spaces: a space means that the client sent a bare plus sign.
    ...(artifactType === null || artifactType === "" ? {} : { artifactType: artifactType.replaceAll(" ", "+") }),
    ...(last === null ? {} : { last: parseDigest(last) }),
  };
}
