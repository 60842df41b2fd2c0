import { monitorEventLoopDelay } from "node:perf_hooks";
import { collectDefaultMetrics, Gauge, type Registry } from "prom-client";

const resolutionMs = 20;

/** Gauges of prom-client that are called like counters, which `promtool check metrics` refuses. */
const misnamed = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

/** What every program tells of itself, and which one this is. */
export function addProcessMetrics(registry: Registry, { version, mode }: { version: string; mode: string }): void {
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
  new Gauge({
    name: "berth_build_info",
    help: "The version that runs; always 1.",
    labelNames: ["version", "mode", "node"],
    aggregator: "max",
    registers,
  }).set({ version, mode, node: process.version }, 1);
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  new Gauge({
    name: "berth_event_loop_lag_seconds",
    help: "Longest time since the last scrape that something had to wait because a process was busy.",
    aggregator: "max",
    registers,
    collect() {
      // What is measured includes the pause between two measurements.
      this.set(Math.max(0, delay.max / 1e9 - resolutionMs / 1000));
      delay.reset();
    },
  });
}
