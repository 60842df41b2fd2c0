import { splitAddress } from "./address-kinds.js";
import type { BrokenRule } from "./findings.js";
import type { Config } from "./schema.js";

type ClusterConfig = NonNullable<Config["cluster"]>;

/** Settings that concern replicas; values that are invalid by themselves are missing. */
export interface ClusterDraft {
  readonly cluster: { readonly [Key in keyof ClusterConfig]: ClusterConfig[Key] | undefined } | undefined;
  readonly storage: { readonly driver: Config["storage"]["driver"] | undefined };
  readonly access: { readonly tokenKeyFile?: readonly string[] | undefined } | undefined;
}

/** Contradictions around `cluster`. */
export function brokenClusterRules({ cluster, storage, access }: ClusterDraft): readonly BrokenRule[] {
  if (cluster === undefined) return [];
  const { listen, advertise, keyFile } = cluster;
  const hasKey = keyFile !== undefined || (access?.tokenKeyFile?.length ?? 0) > 0;
  return [
    ...(storage.driver === undefined || storage.driver === "s3" ? [] : [withoutBucket(storage.driver)]),
    ...(listen !== undefined && advertise === undefined && isEveryAddress(listen) ? [unreachable(listen)] : []),
    ...(hasKey ? [] : [withoutKey]),
  ];
}

function isEveryAddress(listen: string): boolean {
  const host = splitAddress(listen)?.host;
  return host === "::" || host === "0.0.0.0";
}

function withoutBucket(driver: string): BrokenRule {
  const message = `is for replicas on one bucket (storage.driver: s3), and storage.driver is ${driver}: remove it`;
  return { path: ["cluster", "listen"], causedBy: [["storage", "driver"]], message };
}

function unreachable(listen: string): BrokenRule {
  const message = `must say how other replicas reach this one, since listen (${listen}) is every address`;
  return { path: ["cluster", "advertise"], causedBy: [["cluster", "listen"]], message };
}

const withoutKey: BrokenRule = {
  path: ["cluster", "keyFile"],
  causedBy: [["cluster", "listen"]],
  message:
    "must name a file with a secret that all replicas have (openssl rand -hex 32), unless access.tokenKeyFile is set",
};
