import { randomUUID } from "node:crypto";
import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";

/** What happened to content, in the words of the distribution registry. */
export type EventAction = "push" | "mount" | "delete" | "pull";

/** What no client did, and the distribution registry does not tell. */
export type NoticeAction = "quota" | "collection" | "dropped";

/** What an event is about. */
export interface EventTarget {
  readonly mediaType?: string | undefined;
  readonly digest?: Digest | undefined;
  /** Bytes. */
  readonly size?: number | undefined;
  readonly repository: RepositoryName;
  readonly fromRepository?: RepositoryName | undefined;
  readonly tag?: string | undefined;
  /** Beyond that registry: what the tag pointed to before. */
  readonly previousDigest?: Digest | undefined;
}

/** Where events come from. */
export interface EventSource {
  /** Scheme and host by which clients know this registry; by default, those of the request. */
  readonly publicUrl: string | undefined;
  readonly scheme: "http" | "https";
  /** Host and port of this machine. */
  readonly address: string;
  /** Of this process. */
  readonly instanceId: string;
}

/** When something happened, and the parts of its request that events tell. Nothing else of the request is kept. */
export interface EventCause {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly requestId: string;
  readonly address: string;
  readonly host: string | undefined;
  readonly method: string | undefined;
  readonly agent: string | undefined;
  readonly user: string | undefined;
}

export function causeOf(context: Context): EventCause {
  const { host, method, agent } = context.client ?? {};
  return {
    atMs: Date.now(),
    requestId: context.id,
    address: context.caller.address,
    host,
    method,
    agent,
    user: context.ownTask ?? context.access?.identity.user,
  };
}

/** An event as the distribution registry sends it (notifications/event.go). */
export function eventOf(action: EventAction, target: EventTarget, cause: EventCause, source: EventSource): object {
  return {
    id: randomUUID(),
    timestamp: new Date(cause.atMs).toISOString(),
    action,
    target: describeTarget(action, target, cause, source),
    request: { id: cause.requestId, ...describeClient(cause) },
    actor: { name: cause.user },
    source: { addr: source.address, instanceID: source.instanceId },
  };
}

export function describeTarget(
  action: EventAction,
  target: EventTarget,
  { host }: Pick<EventCause, "host">,
  source: EventSource,
): object {
  const { size, digest, repository } = target;
  const kind = target.mediaType === undefined || target.mediaType === blobType ? "blobs" : "manifests";
  const base = source.publicUrl ?? `${source.scheme}://${host ?? source.address}`;
  return {
    ...target,
    ...(size !== undefined && { length: size }),
    ...(action !== "delete" && { url: `${base}/v2/${repository}/${kind}/${digest}` }),
  };
}

/** What the client's request says of itself, but for its id. */
export function describeClient({ address, host, method, agent }: Omit<EventCause, "atMs" | "requestId">): object {
  return { addr: address, host, method, useragent: agent };
}

/** The media type that the distribution registry gives blobs in events. */
export const blobType = "application/octet-stream";

/** Tells of something that no client did, such as how many events a receiver will never get. */
export function noticeOf(action: NoticeAction, target: object, { address, instanceId }: EventSource): object {
  return {
    id: randomUUID(),
    timestamp: new Date().toISOString(),
    action,
    target,
    source: { addr: address, instanceID: instanceId },
  };
}

/** The body of a notification. */
export function envelope(...events: readonly object[]): Buffer {
  return Buffer.from(JSON.stringify({ events }));
}
