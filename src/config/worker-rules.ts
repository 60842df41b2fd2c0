import type { ConfigPath } from "./definition.js";
import type { BrokenRule } from "./findings.js";
import type { Config } from "./schema.js";
import type { UpstreamDraft } from "./upstream-rules.js";

const sharedUpstreamLimits = ["maxConcurrent", "maxDownloads"] as const;
const sharedUploadLimits = ["maxConcurrent", "maxOpen", "maxOpenPerClient"] as const;
type SharedUploadLimit = (typeof sharedUploadLimits)[number];

/** Settings that depend on the number of workers; values that are invalid by themselves are missing. */
export interface WorkersDraft {
  readonly server: { readonly workers: number | undefined; readonly maxConnections: number | undefined };
  readonly storage: { readonly driver: Config["storage"]["driver"] | undefined };
  readonly private: { readonly uploads: Readonly<Record<SharedUploadLimit, number | undefined>> };
  readonly proxy: { readonly upstreams: readonly UpstreamDraft[] };
}

const workersPath = ["server", "workers"];

/** Settings that several workers cannot share. */
export function brokenWorkerRules(draft: WorkersDraft): readonly BrokenRule[] {
  const { server, storage, proxy } = draft;
  const { workers = 1 } = server;
  return [
    ...(workers > 1 && storage.driver === "memory" ? [separateMemory] : []),
    ...tooFew(workers, server.maxConnections, ["server", "maxConnections"]),
    ...sharedUploadLimits.flatMap((key) => tooFew(workers, draft.private.uploads[key], ["private", "uploads", key])),
    ...proxy.upstreams.flatMap((upstream, index) =>
      sharedUpstreamLimits.flatMap((limit) => tooFew(workers, upstream[limit], ["proxy", "upstreams", index, limit])),
    ),
  ];
}

const separateMemory: BrokenRule = {
  path: ["storage", "driver"],
  causedBy: [workersPath],
  message: "processes do not share memory, so this driver needs server.workers: 1",
};

/** A worker without a share would refuse everything. */
function tooFew(workers: number, shared: number | undefined, path: ConfigPath): BrokenRule[] {
  if (shared === undefined || shared >= workers) return [];
  return [{ path, causedBy: [workersPath], message: `must be at least server.workers, which is ${workers}` }];
}
