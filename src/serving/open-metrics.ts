import { splitAddress } from "../config/kinds.js";
import type { Config } from "../config/schema.js";
import type { Metrics } from "../metrics/metrics.js";
import type { Logger } from "../observability/logger.js";
import { packageVersion } from "../package-version.js";
import { ExplainedError } from "./explained-error.js";

/** The metrics of this process, if the configuration asks for some; they are loaded only then. */
export async function openMetrics({ mode, metrics }: Config): Promise<Metrics | undefined> {
  if (metrics?.path === undefined) return undefined;
  const { Metrics } = await import("../metrics/metrics.js");
  return new Metrics({ version: packageVersion(), mode });
}

/** What ends a listener for metrics. */
export interface Closable {
  close(): void;
}

/**
 * Lets Prometheus in, if the configuration asks for it.
 * @param text gives the metrics as they are now
 * @throws ExplainedError if the address cannot be had
 */
export async function listenForScrapes(
  { metrics }: Config,
  text: () => Promise<string>,
  log: Logger,
): Promise<Closable | undefined> {
  const place = metrics && splitAddress(metrics.address);
  if (metrics === undefined || place === undefined) return undefined;
  const { MetricsListener } = await import("../metrics/metrics-listener.js");
  const listener = new MetricsListener({ ...place, path: metrics.path }, text, log);
  try {
    const port = await listener.listen();
    log.info("metrics are served", { address: place.host, port, path: metrics.path });
    return listener;
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new ExplainedError(
      `metrics.address: ${metrics.address} cannot be listened on (${reason}): choose an address of this machine and a free port`,
    );
  }
}

/** The metrics of a process that serves alone, as they are now. */
export async function scrape(metrics: Metrics | undefined): Promise<string> {
  const { textOf } = await import("../metrics/metrics-sum.js");
  return textOf((await metrics?.report()) ?? []);
}
