import type { OutgoingHttpHeaders } from "node:http";
import { algorithmOf, type Digest, digestOf, isDigest, isDigestAlgorithm, parseDigest } from "../../oci/digest.js";
import { RegistryError } from "../../oci/errors.js";
import { isRepositoryName, type RepositoryName } from "../../oci/repository-name.js";
import type { PushRepository, UploadSession } from "../../registry/repository.js";
import { chunkOf, lastChunkOf } from "../chunk.js";
import type { Exchange } from "../exchange.js";
import { type LocationStyle, locationOf } from "../location.js";
import { digestOfQuery, nameOf, namespaceOf, uploadIdOf } from "../parameters.js";
import { refuseEncodedBody } from "../read-body.js";
import { bodyOf, isWithoutBody } from "../request-body.js";
import { sendEmpty } from "../send.js";
import type { Handler, HandlerDependencies } from "./handler.js";

const nothing = Buffer.alloc(0);

/**
 * Starts a session; with `?mount=`, takes the blob from another repository; with `?digest=`, from the body. If that is
 * not possible, it starts a session too, as the distribution registry does (distribution-spec, "Mounting a blob").
 */
export function startUpload({ registry, pool, uploadPlaces, locations }: HandlerDependencies): Handler {
  return async function startUpload(exchange) {
    const name = nameOf(exchange);
    const repository = await registry.push(name, namespaceOf(exchange), exchange, "push");
    const mounted = await mount(exchange, repository);
    if (mounted !== undefined) return sendCreated(exchange, locations, name, mounted);
    const digest = exchange.query.has("mount") ? undefined : await digestOfBody(exchange);
    if (digest !== undefined) {
      refuseEncodedBody(exchange);
      await uploadPlaces.run(exchange, () => repository.putBlob(digest, bodyOf(exchange, pool), exchange));
      return sendCreated(exchange, locations, name, digest);
    }
    const session = await repository.uploads.start(algorithmOfQuery(exchange), exchange);
    sendSession(exchange, 202, locationOf(exchange, locations, sessionPath(name, session)), session);
  };
}

/** @returns the digest of the mounted blob; `undefined` if no mount was requested, or it is not possible */
async function mount(exchange: Exchange, repository: PushRepository): Promise<Digest | undefined> {
  const digest = exchange.query.get("mount") ?? "";
  const from = exchange.query.get("from") ?? undefined;
  if (!isDigest(digest) || (from !== undefined && !isRepositoryName(from))) return undefined;
  return (await repository.mountBlob(digest, from, exchange)) ? digest : undefined;
}

/**
 * The claimed digest of the body. Without a body, it is the digest of empty content, or that of a client that sends the
 * blob later and gave the digest too early.
 */
async function digestOfBody(exchange: Exchange): Promise<Digest | undefined> {
  const text = exchange.query.get("digest");
  if (text === null) return undefined;
  if (!(await isWithoutBody(exchange.request))) return parseDigest(text);
  return isDigest(text) && digestOf(nothing, algorithmOf(text)) === text ? text : undefined;
}

export function getUpload({ registry, locations }: HandlerDependencies): Handler {
  return async function getUpload(exchange) {
    const name = nameOf(exchange);
    const { uploads } = await registry.push(name, namespaceOf(exchange), exchange, "push");
    const session = await uploads.get(uploadIdOf(exchange), exchange);
    sendSession(exchange, 204, locationOf(exchange, locations, sessionPath(name, session)), session);
  };
}

export function appendToUpload({ registry, pool, uploadPlaces, locations }: HandlerDependencies): Handler {
  return async function appendToUpload(exchange) {
    const name = nameOf(exchange);
    const { uploads } = await registry.push(name, namespaceOf(exchange), exchange, "push");
    refuseEncodedBody(exchange);
    const chunk = chunkOf(exchange, pool);
    const session = await uploadPlaces.run(exchange, () => uploads.append(uploadIdOf(exchange), chunk, exchange));
    sendSession(exchange, 202, locationOf(exchange, locations, sessionPath(name, session)), session);
  };
}

export function finishUpload({ registry, pool, uploadPlaces, locations }: HandlerDependencies): Handler {
  return async function finishUpload(exchange) {
    const name = nameOf(exchange);
    const { uploads } = await registry.push(name, namespaceOf(exchange), exchange, "push");
    const digest = digestOfQuery(exchange);
    refuseEncodedBody(exchange);
    const chunk = await lastChunkOf(exchange, pool);
    await uploadPlaces.run(exchange, () => uploads.finish(uploadIdOf(exchange), digest, chunk, exchange));
    sendCreated(exchange, locations, name, digest);
  };
}

export function cancelUpload({ registry }: HandlerDependencies): Handler {
  return async function cancelUpload(exchange) {
    const { uploads } = await registry.push(nameOf(exchange), namespaceOf(exchange), exchange, "push");
    await uploads.cancel(uploadIdOf(exchange), exchange);
    sendEmpty(exchange, 204);
  };
}

function sendCreated(exchange: Exchange, locations: LocationStyle, name: RepositoryName, digest: Digest): void {
  const Location = locationOf(exchange, locations, `/v2/${name}/blobs/${digest}`);
  sendEmpty(exchange, 201, { Location, "Docker-Content-Digest": digest });
}

/**
 * With a query, as in the distribution registry: scripts and clients written for it append `&digest=` to it. That
 * registry signs the session's state in the query; Berth has it in the storage.
 */
function sessionPath(name: RepositoryName, { id }: UploadSession): string {
  return `/v2/${name}/blobs/uploads/${id}?_state=stored`;
}

function sendSession(exchange: Exchange, status: number, location: string, session: UploadSession): void {
  const headers: OutgoingHttpHeaders = {
    Location: location,
    // For an empty session, clients expect 0-0: the format cannot express "nothing".
    Range: `0-${Math.max(0, session.offset - 1)}`,
    "Docker-Upload-UUID": session.id,
  };
  sendEmpty(exchange, status, headers);
}

/** The algorithm of the closing digest, so that it can be computed while the bytes arrive. */
function algorithmOfQuery(exchange: Exchange) {
  const algorithm = exchange.query.get("digest-algorithm") ?? "sha256";
  if (isDigestAlgorithm(algorithm)) return algorithm;
  throw new RegistryError("DIGEST_INVALID", "digest-algorithm must be sha256 or sha512");
}
