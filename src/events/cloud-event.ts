import { blobType } from "./event.js";

/** An event as it is kept: in the words of the distribution registry. */
interface KeptEvent {
  readonly id: string;
  readonly timestamp: string;
  readonly action: string;
  readonly target: {
    readonly mediaType?: string;
    readonly digest?: string;
    readonly repository?: string;
    readonly tag?: string;
    readonly upstream?: string;
  };
  readonly request?: object;
  readonly actor?: object;
  readonly source: { readonly addr: string };
}

const doneTo: Readonly<Record<string, string>> = {
  push: "pushed",
  pull: "pulled",
  mount: "mounted",
  delete: "deleted",
};

const notices: Readonly<Record<string, string>> = {
  quota: "quota.low",
  collection: "collection.done",
  dropped: "events.dropped",
};

/** CloudEvents 1.0 in the structured mode of HTTP, or its batched mode if there are several. */
export function cloudEventsIn(envelope: Buffer): { readonly contentType: string; readonly body: Buffer } {
  // Written by `envelope`.
  const { events }: { events: readonly KeptEvent[] } = JSON.parse(envelope.toString());
  const written = events.map(cloudEventOf);
  const [first, ...more] = written;
  return more.length === 0
    ? { contentType: "application/cloudevents+json", body: Buffer.from(JSON.stringify(first)) }
    : { contentType: "application/cloudevents-batch+json", body: Buffer.from(JSON.stringify(written)) };
}

function cloudEventOf({ id, timestamp, action, target, request, actor, source }: KeptEvent): object {
  return {
    specversion: "1.0",
    id,
    // A URI reference without a scheme: which one a client used is not known.
    source: `//${source.addr}`,
    type: `dev.berth.${typeOf(action, target)}`,
    subject: subjectOf(target),
    time: timestamp,
    datacontenttype: "application/json",
    data: { ...target, request, actor },
  };
}

function typeOf(action: string, target: KeptEvent["target"]): string {
  const notice = notices[action];
  if (notice !== undefined) return notice;
  const done = doneTo[action] ?? action;
  if (target.mediaType === blobType) return `blob.${done}`;
  return action === "delete" && target.tag !== undefined ? `tag.${done}` : `manifest.${done}`;
}

/** What it is about, as people name it: `team/app:1.0`, `team/app@sha256:...`, an upstream. */
function subjectOf({ repository, tag, digest, upstream }: KeptEvent["target"]): string | undefined {
  if (repository === undefined) return upstream;
  if (tag !== undefined) return `${repository}:${tag}`;
  return digest === undefined ? repository : `${repository}@${digest}`;
}
