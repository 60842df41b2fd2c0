import type { OutgoingHttpHeaders } from "node:http";
import { type Digest, isDigestAlgorithm, parseDigest } from "../../oci/digest.js";
import { RegistryError } from "../../oci/errors.js";
import { parseRepositoryName, type RepositoryName } from "../../oci/repository-name.js";
import type { UploadSession } from "../../registry/repository.js";
import { chunkOf } from "../chunk.js";
import type { Exchange } from "../exchange.js";
import { digestOfQuery, nameOf, namespaceOf, uploadIdOf } from "../parameters.js";
import { refuseEncodedBody } from "../read-body.js";
import { RequestBody } from "../request-body.js";
import { sendEmpty } from "../send.js";
import type { Handler, HandlerDependencies } from "./handler.js";

/** Starts a session; with `?mount=` takes the blob from another repository, with `?digest=` from the body at once. */
export function startUpload({ registry, pool, uploadLimit }: HandlerDependencies): Handler {
  return async function startUpload(exchange) {
    const name = nameOf(exchange);
    const repository = await registry.push(name, namespaceOf(exchange), exchange);
    const mount = digestParameter(exchange, "mount");
    if (mount !== undefined && (await repository.mountBlob(mount, sourceOf(exchange), exchange))) {
      return sendCreated(exchange, name, mount);
    }
    const digest = digestParameter(exchange, "digest");
    if (digest !== undefined && mount === undefined) {
      refuseEncodedBody(exchange);
      await uploadLimit.run(() => repository.putBlob(digest, new RequestBody(exchange.request, pool), exchange));
      return sendCreated(exchange, name, digest);
    }
    sendSession(exchange, 202, name, await repository.uploads.start(algorithmOfQuery(exchange), exchange));
  };
}

export function getUpload({ registry }: HandlerDependencies): Handler {
  return async function getUpload(exchange) {
    const name = nameOf(exchange);
    const { uploads } = await registry.push(name, namespaceOf(exchange), exchange);
    sendSession(exchange, 204, name, await uploads.get(uploadIdOf(exchange), exchange));
  };
}

export function appendToUpload({ registry, pool, uploadLimit }: HandlerDependencies): Handler {
  return async function appendToUpload(exchange) {
    const name = nameOf(exchange);
    const { uploads } = await registry.push(name, namespaceOf(exchange), exchange);
    refuseEncodedBody(exchange);
    const chunk = chunkOf(exchange, pool);
    const session = await uploadLimit.run(() => uploads.append(uploadIdOf(exchange), chunk, exchange));
    sendSession(exchange, 202, name, session);
  };
}

export function finishUpload({ registry, pool, uploadLimit }: HandlerDependencies): Handler {
  return async function finishUpload(exchange) {
    const name = nameOf(exchange);
    const { uploads } = await registry.push(name, namespaceOf(exchange), exchange);
    const digest = digestOfQuery(exchange);
    refuseEncodedBody(exchange);
    const chunk = chunkOf(exchange, pool);
    await uploadLimit.run(() => uploads.finish(uploadIdOf(exchange), digest, chunk, exchange));
    sendCreated(exchange, name, digest);
  };
}

export function cancelUpload({ registry }: HandlerDependencies): Handler {
  return async function cancelUpload(exchange) {
    const { uploads } = await registry.push(nameOf(exchange), namespaceOf(exchange), exchange);
    await uploads.cancel(uploadIdOf(exchange), exchange);
    sendEmpty(exchange, 204);
  };
}

/** Locations are relative, and so right behind any proxy, whatever host, scheme and port clients see. */
function sendCreated(exchange: Exchange, name: RepositoryName, digest: Digest): void {
  sendEmpty(exchange, 201, { Location: `/v2/${name}/blobs/${digest}`, "Docker-Content-Digest": digest });
}

function sendSession(exchange: Exchange, status: number, name: RepositoryName, session: UploadSession): void {
  const headers: OutgoingHttpHeaders = {
    Location: `/v2/${name}/blobs/uploads/${session.id}`,
    // Of an empty session clients expect 0-0: the form has no way to say "nothing".
    Range: `0-${Math.max(0, session.offset - 1)}`,
    "Docker-Upload-UUID": session.id,
  };
  sendEmpty(exchange, status, headers);
}

function digestParameter(exchange: Exchange, parameter: string): Digest | undefined {
  const text = exchange.query.get(parameter);
  return text === null ? undefined : parseDigest(text);
}

function sourceOf(exchange: Exchange): RepositoryName | undefined {
  const from = exchange.query.get("from");
  return from === null ? undefined : parseRepositoryName(from);
}

/** What the closing digest will be of, so that it can be computed while the bytes arrive. */
function algorithmOfQuery(exchange: Exchange) {
  const algorithm = exchange.query.get("digest-algorithm") ?? "sha256";
  if (isDigestAlgorithm(algorithm)) return algorithm;
  throw new RegistryError("DIGEST_INVALID", "digest-algorithm must be sha256 or sha512");
}
