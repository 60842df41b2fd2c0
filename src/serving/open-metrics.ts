import { splitAddress } from "../config/address-kinds.js";
import type { Config } from "../config/schema.js";
import type { Metrics } from "../metrics/metrics.js";
import type { Logger } from "../observability/logger.js";
import { packageVersion } from "../package-version.js";
import { ExplainedError } from "./explained-error.js";

/** The metrics of this process, if configured; the code is loaded only then. */
export async function openMetrics({ mode, metrics }: Config): Promise<Metrics | undefined> {
  if (metrics?.path === undefined) return undefined;
  const { Metrics } = await import("../metrics/metrics.js");
  return new Metrics({ version: packageVersion(), mode });
}

/** Closes a metrics listener. */
export interface Closable {
  close(): void;
}

/**
 * Listens for Prometheus, if configured.
 * @param text returns the current metrics
 * @throws ExplainedError if the address is not available
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
    log.info("serving metrics", { address: place.host, port, path: metrics.path });
    return listener;
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new ExplainedError(
      `metrics.address: cannot listen on ${metrics.address} (${reason}): choose an address of this machine and a free port`,
    );
  }
}

/** The current metrics of a process that serves alone. */
export async function scrape(metrics: Metrics | undefined): Promise<string> {
  const { textOf } = await import("../metrics/metrics-sum.js");
  return textOf((await metrics?.report()) ?? []);
}
