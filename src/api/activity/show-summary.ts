import type { Exchange } from "../../http/exchange.js";
import type { DiskRoom } from "../../storage/disk-room.js";
import { bytesOfPart, type DiskPart } from "../../storage/disk-room.js";
import type { Storage } from "../../storage/storage.js";
import { showTime } from "../answers.js";
import type { RepositoryLimits, StorageQuota } from "../images/repository-limits.js";
import type { NameIndex } from "../names/name-index.js";
import type { Activity } from "./activity.js";
import type { ActivityReport } from "./activity-report.js";
import { attentionTo } from "./attention.js";
import { quotaView } from "./list-upstreams.js";
import { Rereading } from "./rereading.js";
import type { RunningDownload } from "./running-downloads.js";
import { type ConfiguredUpstream, isKnown, seesInside, upstreamsSeenBy } from "./seen-upstreams.js";
import type { UpstreamState } from "./upstream-states.js";

/** Free space and quotas change slowly, and cost calls of the system. */
const readEveryMs = 2_000;

/** Many watch, and few see different things. */
const sharedForMs = 500;

export interface CacheState {
  readonly limits: {
    readonly maxSize?: number | undefined;
    readonly minFree?: DiskPart | undefined;
    readonly maxAge?: number | undefined;
  };
}

interface SummaryParts {
  readonly storage: Storage;
  readonly activity: Activity;
  readonly names: NameIndex;
  readonly upstreams: readonly ConfiguredUpstream[];
  readonly cache: CacheState;
  readonly limits: RepositoryLimits;
}

/** What a client may see. */
interface Viewer {
  readonly hasAccessControl: boolean;
  readonly seesInside: boolean;
  readonly isKnown: boolean;
  /** Names of upstreams. */
  readonly upstreams: readonly string[];
}

/** The state of the registry at a glance. */
export class Summaries {
  readonly #parts: SummaryParts;
  readonly #shared = new Map<string, { readonly madeAtMs: number; readonly summary: Promise<object> }>();
  readonly #room: Rereading<DiskRoom | undefined>;
  readonly #storageQuotas: Rereading<readonly StorageQuota[]>;

  constructor(parts: SummaryParts) {
    this.#parts = parts;
    this.#room = new Rereading(readEveryMs, () => parts.storage.room());
    this.#storageQuotas = new Rereading(readEveryMs, async () => fullestFirst(await parts.limits.quotas()));
  }

  /** Without the time, so that it is the same as long as nothing changes. */
  of(exchange: Exchange): Promise<object> {
    return this.#make(viewerOf(exchange, this.#parts.upstreams));
  }

  /** The same, half a second old at most. */
  recent(exchange: Exchange): Promise<object> {
    const viewer = viewerOf(exchange, this.#parts.upstreams);
    const key = JSON.stringify(viewer);
    const shared = this.#shared.get(key);
    if (shared !== undefined && performance.now() - shared.madeAtMs < sharedForMs) return shared.summary;
    const summary = this.#make(viewer);
    this.#shared.set(key, { madeAtMs: performance.now(), summary });
    return summary;
  }

  async #make(viewer: Viewer): Promise<object> {
    const { activity, names } = this.#parts;
    const everywhere = await activity.everywhere();
    const upstreams = new Map(Object.entries(everywhere.upstreams).filter(([name]) => viewer.upstreams.includes(name)));
    const room = await this.#room.read();
    const storageQuotas = viewer.seesInside ? await this.#storageQuotas.read() : [];
    return {
      startedAt: showTime(activity.startedMs),
      repositories: viewer.seesInside ? await names.count() : undefined,
      ...(viewer.isKnown && (await this.#numbers(viewer, everywhere, { upstreams, room }))),
      storageQuotas: storageQuotas.length === 0 ? undefined : storageQuotas.map(quotaUseOf),
      attention: attentionTo({ ...viewer, room, upstreams, storageQuotas }),
    };
  }

  /** How large the registry is, and how busy. */
  async #numbers({ seesInside }: Viewer, everywhere: ActivityReport, { upstreams, room }: Watched): Promise<object> {
    const { activity, storage } = this.#parts;
    return {
      today: await activity.today.read(everywhere.today),
      downloads: sumOf(everywhere.downloads),
      uploads: everywhere.uploads,
      cache: this.#cache(everywhere, room),
      disk: room,
      quotas: quotasOf(upstreams, seesInside),
      lastCollectionAt: showTime(await storage.collections.lastMs()),
    };
  }

  #cache({ cacheSize }: ActivityReport, room: DiskRoom | undefined): object | undefined {
    if (this.#parts.upstreams.length === 0) return undefined;
    const { maxSize, minFree, maxAge } = this.#parts.cache.limits;
    return {
      size: cacheSize === undefined ? undefined : Math.max(0, Math.round(cacheSize)),
      maxSize,
      minFree: minFree && room && Math.round(bytesOfPart(minFree, room)),
      maxAgeSeconds: maxAge && Math.round(maxAge / 1000),
    };
  }
}

interface Watched {
  readonly upstreams: ReadonlyMap<string, UpstreamState>;
  readonly room: DiskRoom | undefined;
}

function viewerOf(exchange: Exchange, upstreams: readonly ConfiguredUpstream[]): Viewer {
  return {
    hasAccessControl: exchange.access !== undefined,
    seesInside: seesInside(exchange),
    isKnown: isKnown(exchange),
    upstreams: upstreamsSeenBy(exchange, upstreams).map(({ name }) => name),
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

/** There may be many, of which the page shows some. */
function fullestFirst(quotas: readonly StorageQuota[]): readonly StorageQuota[] {
  const shares = new Map(quotas.map((quota) => [quota, quota.limit === 0 ? 1 : (quota.used ?? 0) / quota.limit]));
  return quotas.toSorted((one, other) => (shares.get(other) ?? 0) - (shares.get(one) ?? 0));
}

function quotaUseOf({ repositories, used, limit, isUnreadable }: StorageQuota) {
  return { repositories, used, limit, isUnreadable: isUnreadable || undefined };
}
