import type { Exchange } from "../../http/exchange.js";
import type { DiskRoom } from "../../storage/staging.js";
import type { Storage } from "../../storage/storage.js";
import { showTime } from "../answers.js";
import type { NameIndex } from "../names/name-index.js";
import type { Activity } from "./activity.js";
import { attentionTo } from "./attention.js";
import { type ConfiguredUpstream, quotaView } from "./list-upstreams.js";
import type { RunningDownload } from "./running-downloads.js";
import type { UpstreamState } from "./upstream-states.js";

/** Changes slowly, and costs a call of the system. */
const roomForMs = 5_000;

/** Many watch, and few see different things. */
const sharedForMs = 500;

export interface CacheState {
  /** In bytes; `undefined` if nothing is cached. */
  readonly size: number | undefined;
  readonly largest: number;
}

interface SummaryParts {
  readonly storage: Storage;
  readonly activity: Activity;
  readonly names: NameIndex;
  readonly upstreams: readonly ConfiguredUpstream[];
  readonly cache: CacheState;
  /** Uploads that are being received. */
  uploadsRunning(): number;
  /** The downloads of all processes. */
  running(): Promise<readonly RunningDownload[]>;
}

/** What a client may see. */
interface Viewer {
  readonly hasAccessControl: boolean;
  readonly seesInside: boolean;
  readonly isKnown: boolean;
}

/** The state of the registry at a glance. */
export class Summaries {
  readonly #parts: SummaryParts;
  readonly #shared = new Map<string, { readonly madeAtMs: number; readonly summary: Promise<object> }>();
  #room: { readonly readAtMs: number; readonly room: DiskRoom | undefined } | undefined;

  constructor(parts: SummaryParts) {
    this.#parts = parts;
  }

  /** Without the time, so that it is the same as long as nothing changes. */
  of(exchange: Exchange): Promise<object> {
    return this.#make(viewerOf(exchange));
  }

  /** The same, half a second old at most. */
  recent(exchange: Exchange): Promise<object> {
    const viewer = viewerOf(exchange);
    const key = JSON.stringify(viewer);
    const shared = this.#shared.get(key);
    if (shared !== undefined && performance.now() - shared.madeAtMs < sharedForMs) return shared.summary;
    const summary = this.#make(viewer);
    this.#shared.set(key, { madeAtMs: performance.now(), summary });
    return summary;
  }

  async #make({ hasAccessControl, seesInside, isKnown }: Viewer): Promise<object> {
    const { activity, storage, names } = this.#parts;
    const room = await this.#readRoom();
    const upstreams = this.#upstreamStates();
    return {
      startedAt: showTime(activity.startedMs),
      repositories: seesInside ? names.count : undefined,
      today: await activity.today.read(),
      downloads: sumOf(await this.#parts.running()),
      ...(isKnown && { uploads: this.#parts.uploadsRunning(), cache: this.#cache(), disk: room }),
      quotas: quotasOf(upstreams, seesInside),
      lastCollectionAt: showTime(await storage.collections.lastMs()),
      attention: attentionTo({ room, upstreams, hasAccessControl }),
    };
  }

  #upstreamStates(): ReadonlyMap<string, UpstreamState> {
    const { activity, upstreams } = this.#parts;
    return new Map(
      upstreams.flatMap(({ name }) => {
        const state = activity.upstreams.of(name);
        return state === undefined ? [] : [[name, state] as const];
      }),
    );
  }

  #cache(): object | undefined {
    const { size, largest } = this.#parts.cache;
    if (size === undefined) return undefined;
    return { size: Math.max(0, Math.round(size)), maxSize: Number.isFinite(largest) ? largest : undefined };
  }

  async #readRoom(): Promise<DiskRoom | undefined> {
    if (this.#room === undefined || performance.now() - this.#room.readAtMs > roomForMs)
      this.#room = { room: await this.#parts.storage.room(), readAtMs: performance.now() };
    return this.#room.room;
  }
}

function viewerOf({ access }: Exchange): Viewer {
  return {
    hasAccessControl: access !== undefined,
    seesInside: access === undefined || access.mayAdminister,
    // Whoever may pull without signing in need not know how large the registry is.
    isKnown: access === undefined || access.identity.user !== undefined,
  };
}

function sumOf(running: readonly RunningDownload[]) {
  const sum = { running: running.length, clients: 0, bytesPerSecond: 0 };
  for (const { clients, bytesPerSecond } of running) {
    sum.clients += clients;
    sum.bytesPerSecond += bytesPerSecond;
  }
  return sum;
}

function quotasOf(upstreams: ReadonlyMap<string, UpstreamState>, withSource: boolean) {
  return [...upstreams].flatMap(([upstream, { quota }]) =>
    quota === undefined ? [] : [{ upstream, quota: quotaView(quota, withSource) }],
  );
}
