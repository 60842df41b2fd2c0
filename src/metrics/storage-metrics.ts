import { Counter, type Registry } from "prom-client";
import type { MemoryAnswers } from "../storage/content/blob-store.js";
import type { StorageDriver } from "../storage/driver.js";
import { MeteredDriver } from "./metered-driver.js";
import { type HistogramCell, TalliedHistogram } from "./tallies.js";

/** Names of driver actions in the distribution registry. */
const actions = ["Delete", "GetContent", "List", "Move", "PutContent", "Reader", "Stat", "Writer"] as const;

export type StorageAction = (typeof actions)[number];

/** Our driver names, where that registry has different ones. */
const driverNames: Readonly<Record<string, string>> = { memory: "inmemory" };

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What the storage does, and how long it takes. */
export class StorageMetrics {
  /** Answers from memory. */
  answers: Pick<MemoryAnswers, "requests" | "hits"> = { requests: 0, hits: 0 };
  readonly #histogram: TalliedHistogram;

  constructor(registers: Registry[]) {
    this.#histogram = new TalliedHistogram({
      name: "registry_storage_action_seconds",
      help: "The number of seconds that the storage action takes",
      labelNames: ["driver", "action"],
      buckets: seconds,
      registers,
    });
    const add = (name: string, help: string, value: () => number) =>
      new Counter({
        name,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(value());
        },
      });
    add("registry_storage_cache_requests_total", "The number of cache request received", () => this.answers.requests);
    add("registry_storage_cache_hits_total", "The number of cache request received", () => this.answers.hits);
    add("registry_storage_cache_errors_total", "The number of cache request errors", () => 0);
  }

  /** Wraps a driver to time its work. */
  meter(driver: StorageDriver, name: string): StorageDriver {
    const cell = (action: StorageAction) => this.#histogram.cell({ action, driver: driverNames[name] ?? name });
    const cells: Readonly<Record<StorageAction, HistogramCell>> = {
      Delete: cell("Delete"),
      GetContent: cell("GetContent"),
      List: cell("List"),
      Move: cell("Move"),
      PutContent: cell("PutContent"),
      Reader: cell("Reader"),
      Stat: cell("Stat"),
      Writer: cell("Writer"),
    };
    return new MeteredDriver(driver, cells);
  }
}
