import { Gauge, type Registry } from "prom-client";
import type { RequestObserver } from "../http/dispatcher.js";
import type { Exchange } from "../http/exchange.js";
import { AccessMetrics } from "./access-metrics.js";
import { CacheMetrics } from "./cache-metrics.js";
import { type CounterCell, type HistogramCell, TalliedCounter, TalliedHistogram } from "./tallies.js";

/** Buckets of Docker's go-metrics, as in the distribution registry. */
const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60];
const bytes = Array.from({ length: 22 }, (_, power) => 1024 * 2 ** power);

/** The registry shows these from its start. */
const usualHandlers = ["base", "blob", "blob_upload", "blob_upload_chunk", "catalog", "manifest", "tags"];

/** Other methods count as one, since a client can invent any number of them. */
const usualMethods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Requests without a resource: the path does not exist, or the client's password is wrong. */
const unrouted = "none";

interface HandlerCells {
  readonly requestSize: HistogramCell;
  readonly responseSize: HistogramCell;
  readonly methods: Map<string, MethodCells>;
}

/** What one answer is counted in. */
interface AnswerCells {
  readonly handler: string;
  readonly method: string;
  readonly status: number;
  readonly ofHandler: HandlerCells;
  readonly ofMethod: MethodCells;
  readonly counter: CounterCell;
}

interface MethodCells {
  readonly duration: HistogramCell;
  readonly byStatus: Map<number, CounterCell>;
}

/** Requests and answers, with the names and labels of the distribution registry. */
export class RequestMetrics implements RequestObserver {
  /** Requests that are being answered. */
  running: () => Iterable<Exchange> = () => [];
  readonly #requests: TalliedCounter;
  readonly #durations: TalliedHistogram;
  readonly #requestSizes: TalliedHistogram;
  readonly #responseSizes: TalliedHistogram;
  readonly #handlers = new Map<string, HandlerCells>();
  /** Most answers are like the one before: to compare is quicker than to look up. */
  #last: AnswerCells | undefined;
  readonly #cache: CacheMetrics;
  readonly #access: AccessMetrics;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#addInFlight(registers);
    this.#durations = new TalliedHistogram({
      name: "registry_http_request_duration_seconds",
      help: "The HTTP request latencies in seconds.",
      labelNames: ["handler", "method"],
      buckets: seconds,
      registers,
    });
    this.#requestSizes = new TalliedHistogram({
      name: "registry_http_request_size_bytes",
      help: "The HTTP request sizes in bytes.",
      labelNames: ["handler"],
      buckets: bytes,
      registers,
    });
    this.#responseSizes = new TalliedHistogram({
      name: "registry_http_response_size_bytes",
      help: "The HTTP response sizes in bytes.",
      labelNames: ["handler"],
      buckets: bytes,
      registers,
    });
    this.#requests = new TalliedCounter({
      name: "registry_http_requests_total",
      help: "Total number of HTTP requests made.",
      labelNames: ["code", "handler", "method"],
      registers,
    });
    this.#cache = new CacheMetrics(registers);
    this.#access = new AccessMetrics(registers);
  }

  ended(exchange: Exchange): void {
    if (exchange.resource === undefined && isProbe(exchange.path)) return;
    const { request, response } = exchange;
    const handler = exchange.resource ?? unrouted;
    const method = request.method ?? "";
    const status = response.headersSent ? response.statusCode : 0;
    const last = this.#last;
    const isLike = last?.handler === handler && last.method === method && last.status === status;
    const cells = isLike ? last : this.#cellsOf(handler, method, status);
    this.#last = cells;
    const now = performance.now();
    cells.counter.value++;
    cells.ofMethod.duration.observe((now - exchange.startedAt) / 1000);
    cells.ofHandler.requestSize.observe(requestBytes(exchange));
    cells.ofHandler.responseSize.observe(exchange.sent);
    if (exchange.served !== undefined && status < 400) this.#cache.noteAnswer(exchange, exchange.served.from, now);
    if (status === 401 || status === 403 || handler === "token") this.#access.noteAnswer(exchange, status);
  }

  #cellsOf(handler: string, method: string, status: number): AnswerCells {
    const ofHandler = this.#handlers.get(handler) ?? this.#addHandler(handler);
    const ofMethod = ofHandler.methods.get(method) ?? this.#addMethod(ofHandler, handler, method);
    const counter = ofMethod.byStatus.get(status) ?? this.#addStatus(ofMethod, handler, method, status);
    return { handler, method, status, ofHandler, ofMethod, counter };
  }

  #addHandler(handler: string): HandlerCells {
    const cells = {
      requestSize: this.#requestSizes.cell({ handler }),
      responseSize: this.#responseSizes.cell({ handler }),
      methods: new Map(),
    };
    this.#handlers.set(handler, cells);
    return cells;
  }

  #addMethod({ methods }: HandlerCells, handler: string, written: string): MethodCells {
    const isUsual = usualMethods.has(written);
    const known = isUsual ? undefined : methods.get(unusualMethod);
    const method = isUsual ? labelOf(written) : unusualMethod;
    const cells = known ?? { duration: this.#durations.cell({ handler, method }), byStatus: new Map() };
    methods.set(isUsual ? written : unusualMethod, cells);
    return cells;
  }

  #addStatus({ byStatus }: MethodCells, handler: string, written: string, status: number): CounterCell {
    const method = usualMethods.has(written) ? labelOf(written) : unusualMethod;
    const cell = this.#requests.cell({ code: String(status), handler, method });
    byStatus.set(status, cell);
    return cell;
  }

  /** Counted on each scrape, so that it costs a request nothing. */
  #addInFlight(registers: Registry[]): void {
    const runningNow = () => this.running();
    new Gauge({
      name: "registry_http_in_flight_requests",
      help: "The in-flight HTTP requests",
      labelNames: ["handler"],
      registers,
      collect() {
        this.reset();
        for (const handler of usualHandlers) this.set({ handler }, 0);
        for (const { resource = unrouted } of runningNow()) this.inc({ handler: resource });
      },
    });
  }
}

const unusualMethod = "unknown";

function labelOf(method: string): string {
  return method.toLowerCase();
}

function isProbe(path: string): boolean {
  return path === "/healthz" || path === "/readyz";
}

/** Approximate size on the wire, calculated as Prometheus' own handler does. */
function requestBytes({ request }: Exchange): number {
  const { url = "", rawHeaders } = request;
  let size = url.length;
  for (const part of rawHeaders) size += part.length;
  const body = request.headers["content-length"];
  return body === undefined ? size : size + Number(body);
}
