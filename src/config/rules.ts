import { type AccessDraft, brokenAccessRules } from "./access-rules.js";
import { brokenClusterRules, type ClusterDraft } from "./cluster-rules.js";
import type { BrokenRule } from "./findings.js";
import { shadowedPatterns } from "./private-rules.js";
import type { ProxyConfig } from "./proxy-schema.js";
import { brokenRetentionRules, type RetentionDraft } from "./retention-rules.js";
import type { Config } from "./schema.js";
import { upstreamsThatAreHere } from "./self-reference.js";
import { brokenStorageRules, type StorageDraft } from "./storage-rules.js";
import { brokenTlsRules, clientAuthOf, type TlsDraft } from "./tls-rules.js";
import { brokenUpstreamRules, type UpstreamDraft } from "./upstream-rules.js";
import { brokenWorkerRules, type WorkersDraft } from "./worker-rules.js";

/** A configuration; values that are invalid by themselves are missing. */
export interface ConfigDraft {
  readonly mode: Config["mode"] | undefined;
  readonly server: WorkersDraft["server"] & {
    readonly host: string | undefined;
    readonly port: number | undefined;
    readonly publicUrl: string | undefined;
    readonly tls: TlsDraft | undefined;
    readonly cors: {
      readonly origins: readonly string[] | undefined;
      readonly credentials: boolean | undefined;
    };
  };
  readonly storage: WorkersDraft["storage"] & StorageDraft;
  readonly private: WorkersDraft["private"] & { readonly repositories: Config["private"]["repositories"] | undefined };
  readonly access: (AccessDraft & ClusterDraft["access"]) | undefined;
  readonly cluster?: ClusterDraft["cluster"];
  readonly retention: RetentionDraft;
  readonly proxy: Pick<ProxyConfig, "default" | "minFree"> & { readonly upstreams: readonly UpstreamDraft[] };
}

/** Contradictions between values that are valid by themselves. */
export function brokenRules(draft: ConfigDraft): readonly BrokenRule[] {
  const { mode, server, private: own, proxy } = draft;
  const nothingToCache = mode === "proxy" && proxy.upstreams.length === 0;
  return [
    ...(nothingToCache ? [emptyCache] : unknownDefault(proxy)),
    ...proxy.upstreams.flatMap((_, index) => brokenUpstreamRules(proxy.upstreams, index)),
    ...(mode === "hybrid" ? shadowedPatterns(own.repositories, proxy.upstreams) : []),
    ...(mode === "private" ? [] : upstreamsThatAreHere(server, proxy.upstreams)),
    ...brokenWorkerRules(draft),
    ...brokenStorageRules(draft.storage, server.publicUrl),
    ...(proxy.minFree !== undefined && draft.storage.driver !== "filesystem" ? [noDisk] : []),
    ...brokenClusterRules({ ...draft, cluster: draft.cluster }),
    ...brokenRetentionRules(draft.retention),
    ...(server.cors.credentials && server.cors.origins?.includes("*") ? [anybodysLogin] : []),
    ...brokenTlsRules(server.tls),
    ...(needsCertificate(server.tls) && draft.access === undefined
      ? []
      : brokenAccessRules(draft.access, {
          host: server.host,
          hasCertificates: server.tls !== undefined && clientAuthOf(server.tls) !== "off",
        })),
  ];
}

/** Client certificates can be the only access control: everyone with one may do everything, and no one else gets in. */
function needsCertificate(tls: TlsDraft | undefined): boolean {
  return tls !== undefined && clientAuthOf(tls) === "require";
}

const anybodysLogin: BrokenRule = {
  path: ["server", "cors", "credentials"],
  causedBy: [["server", "cors", "origins"]],
  message: "needs named origins: with *, any page could use its visitor's login",
};

const noDisk: BrokenRule = {
  path: ["proxy", "minFree"],
  causedBy: [["storage", "driver"]],
  message: "needs storage.driver: filesystem, since nothing else has a disk that could fill; use maxSize or maxAge",
};

const emptyCache: BrokenRule = {
  path: ["proxy", "upstreams"],
  causedBy: [["mode"]],
  message: "is empty, so mode: proxy has nothing to cache",
};

/** Reported only once every upstream has a valid name, since an invalid one may be the one that is meant. */
function unknownDefault({ default: name, upstreams }: ConfigDraft["proxy"]): BrokenRule[] {
  const names = upstreams.map((upstream) => upstream.name);
  if (name === undefined || names.includes(name) || names.includes(undefined)) return [];
  const message = `${name} is not one of the upstreams; it must be ${[...names, "null"].join(" or ")}`;
  return [{ path: ["proxy", "default"], causedBy: [["proxy", "upstreams"]], message }];
}
