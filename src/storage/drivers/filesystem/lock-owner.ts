import { createHash, randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { hasCode } from "./system-error.js";

/** Distinguishes this process from an earlier one with the same pid, as the first in a container always has. */
const instance = randomUUID();

const place = createHash("sha256").update(pidSpace()).digest("hex").slice(0, 16);

/** This process, as the owner of locks. */
export const self = `${place}:${process.pid}:${startOf(process.pid) ?? ""}:${instance}`;

/** Whether an owner is running, as far as it would be visible here: `unknown` for another machine or container. */
export function lifeOf(owner: string): "running" | "ended" | "unknown" {
  const [ownerPlace, pidText, start, ownerInstance] = owner.split(":");
  const pid = Number(pidText);
  if (ownerPlace !== place) return "unknown";
  if (pid === process.pid) return ownerInstance === instance ? "running" : "ended";
  if (!isRunning(pid)) return "ended";
  const startNow = startOf(pid);
  // If the start time is unknown, the pid may belong to another process by now.
  if (startNow === undefined || start === "") return "unknown";
  return startNow === start ? "running" : "ended";
}

/**
 * Where a pid identifies one process: containers may share a host name and a data directory, and each has its own pids.
 * Without Linux's files, the host name must do.
 */
function pidSpace(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1") + readlinkSync("/proc/self/ns/pid");
  } catch {
    return hostname();
  }
}

/** When a process started, in the kernel's ticks; a word for a zombie. */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The program's name is in brackets and may contain anything; the fields after it are numbered from 3
    // (proc_pid_stat(5)).
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? "ended" : fields[22 - 3];
  } catch {
    return undefined;
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
