import type { Registry } from "prom-client";
import type { Exchange } from "../http/exchange.js";
import type { Served } from "../registry/repository.js";
import { type CounterCell, type HistogramCell, TalliedCounter, TalliedHistogram } from "./tallies.js";

type Source = Served["from"];
type CachedSource = Exclude<Source, "storage">;
type ContentType = "blob" | "manifest";

/** A warm blob starts within a millisecond; a cold one when its upstream starts. */
const firstByteSeconds = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

interface TypeCells {
  readonly requests: CounterCell;
  readonly hits: CounterCell;
  readonly misses: CounterCell;
  readonly sentBytes: CounterCell;
  readonly savedBytes: CounterCell;
  readonly answers: Readonly<Record<CachedSource, CounterCell>>;
  readonly firstByte: Readonly<Record<Source, HistogramCell>>;
}

/** Where answers with content came from: the storage, the cache, or an upstream. */
export class CacheMetrics {
  readonly #cells: Readonly<Record<ContentType, TypeCells>>;

  constructor(registers: Registry[]) {
    const counter = (name: string, help: string, ...further: string[]) =>
      new TalliedCounter({ name, help, labelNames: ["type", ...further], registers });
    const requests = counter("registry_proxy_requests_total", "The number of total incoming proxy request received");
    const hits = counter("registry_proxy_hits_total", "The number of total proxy request hits");
    const misses = counter("registry_proxy_misses_total", "The number of total proxy request misses");
    const sent = counter("registry_proxy_pushed_bytes_total", "The size of total bytes pushed to the client");
    const saved = counter("berth_cache_saved_bytes_total", "Bytes sent from the cache instead of an upstream.");
    const answers = counter(
      "berth_cache_answers_total",
      "Answers with content of upstreams: hit, stale copy, download shared with others, or miss.",
      "result",
    );
    const firstByte = new TalliedHistogram({
      name: "berth_first_byte_seconds",
      help: "Time to the first byte of an answer with content, by its source.",
      labelNames: ["type", "source"],
      buckets: firstByteSeconds,
      registers,
    });
    const cellsOf = (type: ContentType): TypeCells => ({
      requests: requests.cell({ type }),
      hits: hits.cell({ type }),
      misses: misses.cell({ type }),
      sentBytes: sent.cell({ type }),
      savedBytes: saved.cell({ type }),
      answers: byCachedSource((result) => answers.cell({ type, result })),
      firstByte: {
        storage: firstByte.cell({ type, source: "storage" }),
        ...byCachedSource((source) => firstByte.cell({ type, source })),
      },
    });
    this.#cells = { blob: cellsOf("blob"), manifest: cellsOf("manifest") };
  }

  noteAnswer(exchange: Exchange, source: Source, endedAt: number): void {
    const cells = this.#cells[exchange.resource === "blob" ? "blob" : "manifest"];
    cells.firstByte[source].observe(((exchange.begunAt ?? endedAt) - exchange.startedAt) / 1000);
    if (source === "storage") return;
    cells.requests.value++;
    (source === "miss" ? cells.misses : cells.hits).value++;
    cells.sentBytes.value += exchange.sent;
    cells.answers[source].value++;
    if (source !== "miss") cells.savedBytes.value += exchange.sent;
  }
}

function byCachedSource<Cell>(make: (source: CachedSource) => Cell): Record<CachedSource, Cell> {
  return { hit: make("hit"), stale: make("stale"), shared: make("shared"), miss: make("miss") };
}
