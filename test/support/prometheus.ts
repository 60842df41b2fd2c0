import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Daemon } from "./daemon.js";
import { freePort } from "./free-port.js";
import { projectRoot } from "./project.js";
import { RegistryClient } from "./registry-client.js";
import type { Scope } from "./scope.js";

/** Debian's Prometheus, with our alert rules. */
export interface Prometheus {
  /** The current result of a query. @throws if it is not a query */
  query(text: string): Promise<readonly unknown[]>;
}

/** Scrapes an address every half second, as the job `berth`. */
export async function startPrometheus(scope: Scope, target: string): Promise<Prometheus> {
  const folder = await scope.folder("prometheus");
  const config = {
    global: { scrape_interval: "500ms", evaluation_interval: "500ms" },
    rule_files: [join(projectRoot, "config/prometheus/rules.yml")],
    scrape_configs: [{ job_name: "berth", static_configs: [{ targets: [target] }] }],
  };
  await writeFile(join(folder, "prometheus.yml"), JSON.stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  const daemon = new Daemon(scope, "prometheus", [
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=${address}`,
  ]);
  const client = new RegistryClient(`http://${address}`);
  await daemon.ready(async () =>
    (await client.get("/-/ready").catch(() => undefined))?.status === 200 ? true : undefined,
  );
  return {
    async query(text) {
      const answer = await client.get(`/api/v1/query?query=${encodeURIComponent(text)}`);
      if (answer.status !== 200) throw new Error(`${text}: ${answer.body}`);
      return JSON.parse(answer.body.toString()).data.result;
    },
  };
}
