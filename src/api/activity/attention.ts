import { showBytes } from "../../foundation/byte-amount.js";
import type { DiskRoom } from "../../storage/disk-room.js";
import { isQuotaLow } from "../../upstream/limits/quota.js";
import type { StorageQuota } from "../images/repository-limits.js";
import type { UpstreamState } from "./upstream-states.js";

/** Something that an operator should look at. */
export interface Attention {
  readonly level: "error" | "warning" | "info";
  readonly code:
    | "disk-full"
    | "disk-low"
    | "quota-spent"
    | "quota-low"
    | "storage-quota-full"
    | "storage-quota-low"
    | "storage-quota-unreadable"
    | "upstream-down"
    | "upstream-limited"
    | "no-access-control";
  readonly message: string;
  readonly upstream?: string;
}

const levels = ["error", "warning", "info"] as const;

interface Watched {
  readonly room: DiskRoom | undefined;
  /** Those that the client may see. */
  readonly upstreams: ReadonlyMap<string, UpstreamState>;
  /** None if the client may not see them. */
  readonly storageQuotas: readonly StorageQuota[];
  readonly hasAccessControl: boolean;
  /** Whether the client may see how large the registry is, and how busy. */
  readonly isKnown: boolean;
}

/** What needs attention, the most urgent first. */
export function attentionTo({ room, upstreams, storageQuotas, hasAccessControl, isKnown }: Watched): Attention[] {
  const states = [...upstreams];
  const found = [
    ...(isKnown ? aboutDisk(room) : []),
    ...states.flatMap(([name, state]) => aboutState(name, state)),
    ...(isKnown ? states.flatMap(([name, state]) => aboutQuota(name, state)) : []),
    ...storageQuotas.flatMap(aboutStorageQuota),
    ...(hasAccessControl ? [] : [withoutAccessControl]),
  ];
  return found.sort((one, other) => levels.indexOf(one.level) - levels.indexOf(other.level));
}

const withoutAccessControl: Attention = {
  level: "info",
  code: "no-access-control",
  message: "Everyone who can connect may pull and push: set access in the configuration.",
};

function aboutDisk(room: DiskRoom | undefined): Attention[] {
  if (room === undefined || room.size === 0) return [];
  const share = room.free / room.size;
  const percent = Math.floor(share * 100);
  if (share < 0.01)
    return [{ level: "error", code: "disk-full", message: "The disk is full: pushes fail, and nothing is cached." }];
  if (share >= 0.1) return [];
  return [{ level: "warning", code: "disk-low", message: `Only ${percent} % of the disk is free.` }];
}

function aboutState(upstream: string, { condition }: UpstreamState): Attention[] {
  if (condition === "down") {
    const message = `${upstream} did not answer; what is cached is served.`;
    return [{ level: "error", code: "upstream-down", message, upstream }];
  }
  if (condition !== "limited") return [];
  const message = `${upstream} refuses requests, since there were too many.`;
  return [{ level: "warning", code: "upstream-limited", message, upstream }];
}

function aboutQuota(upstream: string, { quota }: UpstreamState): Attention[] {
  if (quota === undefined || !isQuotaLow(quota)) return [];
  if (quota.remaining === 0) {
    const message = `The pulls of ${upstream} are used up: ${quota.limit} of ${quota.limit}.`;
    return [{ level: "error", code: "quota-spent", message, upstream }];
  }
  const message = `${quota.remaining} of ${quota.limit} pulls of ${upstream} are left.`;
  return [{ level: "warning", code: "quota-low", message, upstream }];
}

/** Of many patterns, this many are named. */
const namedPatterns = 3;
const nearlyFull = 0.9;

function aboutStorageQuota({ repositories, used = 0, limit, isUnreadable }: StorageQuota): Attention[] {
  if (used < limit * nearlyFull && !isUnreadable) return [];
  const named = repositories.slice(0, namedPatterns).join(", ");
  const more = repositories.length > namedPatterns ? ` and ${repositories.length - namedPatterns} more` : "";
  if (isUnreadable) {
    const message = `Pushes to ${named}${more} may fail: the storage cannot read how much of their quota is used.`;
    return [{ level: "error", code: "storage-quota-unreadable", message }];
  }
  if (used >= limit) {
    const message = `Pushes to ${named}${more} fail: their quota of ${showBytes(limit)} is full.`;
    return [{ level: "error", code: "storage-quota-full", message }];
  }
  const percent = Math.floor((used / limit) * 100);
  const message = `The quota of ${named}${more} is ${percent} % full: ${showBytes(used)} of ${showBytes(limit)}.`;
  return [{ level: "warning", code: "storage-quota-low", message }];
}
