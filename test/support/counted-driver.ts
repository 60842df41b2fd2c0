import type { StorageDriver } from "../../src/storage/driver.js";

/** A driver, and the calls to it, so that a test sees what a request costs, on any machine. */
export interface CountedDriver {
  readonly driver: StorageDriver;
  /** How often each method was called since the last reset, by name, and the keys that were read. */
  look(): {
    readonly calls: Readonly<Record<string, number>>;
    readonly total: number;
    readonly read: readonly string[];
  };
}

const readers = ["read", "openRead"];

export function countCalls(counted: StorageDriver): CountedDriver {
  const calls = new Map<string, number>();
  const read: string[] = [];
  const driver = new Proxy(counted, {
    get(target, name) {
      // What a proxy returns has the target's own type.
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        calls.set(String(name), (calls.get(String(name)) ?? 0) + 1);
        if (readers.includes(String(name))) read.push(String(args[0]));
        return member.apply(target, args);
      };
    },
  });
  return {
    driver,
    look() {
      const seen = { calls: Object.fromEntries(calls), total: sum(calls.values()), read: [...read] };
      calls.clear();
      read.length = 0;
      return seen;
    },
  };
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, each) => total + each, 0);
}
