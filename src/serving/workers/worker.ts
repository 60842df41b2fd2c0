import type { Metrics } from "../../metrics/metrics.js";
import { createLogger, type FlushableLogger } from "../../observability/winston-logger.js";
import { nameSourcesInStacks } from "../../source-lines.js";
import { describeError } from "../explained-error.js";
import { Housekeeping } from "../housekeeping.js";
import { listen } from "../listen.js";
import { bearLostOutput } from "../lost-output.js";
import { openMetrics } from "../open-metrics.js";
import { type OpenedServer, openServer } from "../open-server.js";
import type { WorkerOrder, WorkerReport } from "./messages.js";
import { OthersActivity } from "./others-activity.js";

interface Serving extends OpenedServer {
  readonly log: FlushableLogger;
  readonly housekeeping: Housekeeping | undefined;
  readonly metrics: Metrics | undefined;
}

// A process that shares a port with others. It follows the primary, and ends when the primary is gone: node's cluster
// module sees to that.
nameSourcesInStacks();
bearLostOutput();
// Ctrl-C reaches every process of a terminal, systemd signals every process of a unit, and the primary sends its order
// too. One stop must not look like two, so only the primary's order counts.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
process.on("SIGHUP", () => {});
// As in main.ts: Node would open its debugger.
process.on("SIGUSR1", () => {});

const others = new OthersActivity((request) => report({ is: "asking", request }));
let serving: Promise<Serving> | undefined;
/** The configuration that it is prepared for; a later one replaces it. */
let prepared: { readonly change: number; takeOver(): void } | undefined;

process.on("message", (order: WorkerOrder) => {
  switch (order.do) {
    case "serve":
      serving = start(order);
      serving.catch(giveUp);
      break;
    case "prepare":
      void serving?.then((started) => prepare(started, order));
      break;
    case "takeOver":
      if (prepared?.change === order.change) prepared.takeOver();
      break;
    case "measure":
      void serving?.then(({ metrics }) => measure(metrics, order.request));
      break;
    case "tellActivity":
      void serving?.then(({ activity }) => report({ is: "active", request: order.request, report: activity.report() }));
      break;
    case "hearOthers":
      others.heard(order.request, order.reports);
      break;
    case "stop":
      void serving?.then((started) => stop(started, order.graceMs));
      break;
    case "cut":
      void serving?.then(({ server }) => server.cut());
  }
});

report({ is: "ready" });

/** The first worker does the housekeeping, not the primary: that opens no storage, so little can make it fail. */
async function start({ worker, config, tokenSeed }: Extract<WorkerOrder, { do: "serve" }>): Promise<Serving> {
  const log = createLogger(config.log, process.stdout, { worker });
  const metrics = await openMetrics(config);
  const opened = await openServer(config, log, { metrics, tokenSeed: Buffer.from(tokenSeed, "hex") });
  opened.activity.others = () => others.read();
  const keepsHouse = worker === 1;
  const housekeeping = keepsHouse
    ? await Housekeeping.begin(config, { storage: opened.storage, metrics, log })
    : undefined;
  await listen(opened.server, config);
  if (keepsHouse) opened.readAhead();
  return { ...opened, log, housekeeping, metrics };
}

async function prepare(
  { prepare: makeReady, housekeeping, log }: Serving,
  { change, config }: Extract<WorkerOrder, { do: "prepare" }>,
): Promise<void> {
  try {
    const serveBy = await makeReady(config);
    const takeOver = () => {
      serveBy();
      housekeeping?.reconfigure(config);
      log.reconfigure(config.log);
    };
    prepared = { change, takeOver };
    report({ is: "prepared", change });
  } catch (error) {
    report({ is: "unable", change, reason: describeError(error) });
  }
}

async function measure(metrics: Metrics | undefined, request: number): Promise<void> {
  report({ is: "measured", request, report: (await metrics?.report()) ?? [] });
}

async function stop({ server, log, housekeeping, close }: Serving, graceMs: number): Promise<void> {
  await server.stop(graceMs);
  await housekeeping?.stop();
  await close();
  log.flush();
}

function giveUp(error: unknown): void {
  report({ is: "failed", reason: describeError(error) }, () => process.exit(1));
}

function report(said: WorkerReport, done = () => {}): void {
  process.send?.(said, done);
}
