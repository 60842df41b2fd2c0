import { createHash, randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { hasCode } from "./system-error.js";

/** Tells this process from an earlier one that had the same pid, as the first in a container always has. */
const instance = randomUUID();

const place = createHash("sha256").update(pidSpace()).digest("hex").slice(0, 16);

/** This process, as the owner of locks. */
export const self = `${place}:${process.pid}:${instance}`;

/** Whether an owner was a process that we would see here, and do not. */
export function hasDied(owner: string): boolean {
  const [ownerPlace, pid, ownerInstance] = owner.split(":");
  if (ownerPlace !== place) return false;
  return Number(pid) === process.pid ? ownerInstance !== instance : !isRunning(Number(pid));
}

/**
 * Where a pid means one process: containers may share a host name and a data directory, and each has its own pids.
 * Without Linux's files, the host has to do.
 */
function pidSpace(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1") + readlinkSync("/proc/self/ns/pid");
  } catch {
    return hostname();
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, "ESRCH");
  }
}
