import { monitorEventLoopDelay } from "node:perf_hooks";
import { collectDefaultMetrics, Gauge, type Registry } from "prom-client";

const resolutionMs = 20;

/** Gauges of prom-client that are named like counters, which `promtool check metrics` rejects. */
const misnamed = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

/** The usual metrics of a process, and its version. */
export function addProcessMetrics(registry: Registry, { version, mode }: { version: string; mode: string }): void {
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
  new Gauge({
    name: "berth_build_info",
    help: "The running version; always 1.",
    labelNames: ["version", "mode", "node"],
    aggregator: "max",
    registers,
  }).set({ version, mode, node: process.version }, 1);
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  new Gauge({
    name: "berth_event_loop_lag_seconds",
    help: "Longest delay since the last scrape because a process was busy.",
    aggregator: "max",
    registers,
    collect() {
      // The measurement includes the pause between two samples.
      this.set(Math.max(0, delay.max / 1e9 - resolutionMs / 1000));
      delay.reset();
    },
  });
}
