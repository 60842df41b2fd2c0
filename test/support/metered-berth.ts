import { Metrics } from "../../src/metrics/metrics.js";
import { textOf } from "../../src/metrics/metrics-sum.js";
import { openServer } from "../../src/serving/open-server.js";
import { type ConfigOverrides, configWith } from "./config.js";
import { RecordedLog } from "./recorded-log.js";
import { RegistryClient } from "./registry-client.js";
import type { Scope } from "./scope.js";

/** A Berth in this process with metrics. */
export interface MeteredBerth {
  readonly client: RegistryClient;
  /** The current values, by name and labels as Prometheus writes them. */
  scrape(): Promise<ReadonlyMap<string, number>>;
}

/** Serves from memory until the test ends. */
export async function runMeteredBerth(scope: Scope, overrides: ConfigOverrides = {}): Promise<MeteredBerth> {
  const config = configWith({ ...overrides, storage: { driver: "memory" }, server: { port: 0 } });
  const metrics = new Metrics({ version: "0.0.0", mode: config.mode });
  const { server, close } = await openServer(config, new RecordedLog(), { metrics });
  scope.defer(() => close());
  const { port } = await server.listen();
  scope.defer(() => server.stop(0));
  const client = new RegistryClient(`http://127.0.0.1:${port}`);
  return { client, scrape: async () => readMetrics(await textOf(await metrics.report())) };
}

/** Parses the text format of Prometheus, with labels in the order of their names. */
export function readMetrics(text: string): ReadonlyMap<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => readLine(line)));
}

function readLine(line: string): [name: string, value: number] {
  const [, name = "", labels = "", value = ""] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
  const sorted = [...labels.matchAll(/\w+="[^"]*"/g)].map(([label]) => label).sort();
  return [sorted.length === 0 ? name : `${name}{${sorted.join(",")}}`, Number(value)];
}
