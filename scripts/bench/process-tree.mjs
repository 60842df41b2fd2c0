import { readFileSync } from "node:fs";

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** CPU time and memory of a process and its descendants, read from /proc. */
export class ProcessTree {
  #root;

  constructor(pid) {
    this.#root = pid;
  }

  /** User and system time of all of them so far. */
  cpuSeconds() {
    return this.#sum((pid) => {
      // The name in parentheses may contain spaces, so fields are counted after it: utime is the 14th, stime the 15th.
      const fields = read(pid, "stat")
        .replace(/^.*\) /s, "")
        .split(" ");
      return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    });
  }

  /** Current resident memory, in bytes. */
  residentBytes() {
    return this.#sum((pid) => statusBytes(pid, "VmRSS"));
  }

  /** Peak resident memory, in bytes; for several processes the sum of their peaks. */
  peakResidentBytes() {
    return this.#sum((pid) => statusBytes(pid, "VmHWM"));
  }

  #sum(measure) {
    return descendants(this.#root).reduce((sum, pid) => sum + measure(pid), 0);
  }
}

function descendants(pid) {
  const children = read(pid, `task/${pid}/children`).trim().split(" ").filter(Boolean);
  return [pid, ...children.flatMap((child) => descendants(Number(child)))];
}

function statusBytes(pid, field) {
  const kibibytes = read(pid, "status").match(new RegExp(`^${field}:\\s+(\\d+) kB`, "m"))?.[1];
  return Number(kibibytes ?? 0) * 1024;
}

function read(pid, file) {
  return readFileSync(`/proc/${pid}/${file}`, "utf8");
}
