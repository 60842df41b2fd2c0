import { strict as assert } from "node:assert";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { startBerth, workersOf } from "../support/berth-process.js";
import { runCommand } from "../support/command.js";
import { pushBlob, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { freePort } from "../support/free-port.js";
import { readMetrics } from "../support/metered-berth.js";
import { startPeer } from "../support/peer-registry.js";
import { projectRoot } from "../support/project.js";
import { startPrometheus } from "../support/prometheus.js";
import { RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { waitUntil } from "../support/wait-until.js";

const rulesFile = join(projectRoot, "config/prometheus/rules.yml");

interface Board {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

async function boardQueries(): Promise<{ title: string; query: string }[]> {
  const board: Board = JSON.parse(await readFile(join(projectRoot, "config/prometheus/grafana-board.json"), "utf8"));
  return board.panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({
      title,
      query: expr.replaceAll("$__rate_interval", "1m").replaceAll("$instance", ".*"),
    })),
  );
}

/** Nothing was ever collected in this test. */
const mayBeEmpty = /berth_collection_last_success/;

test("prometheus scrapes two workers, and finds data for every query of the board", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const layer = seededBytes("layer", 300_000);
  fake.quota.isTold = true;
  fake.store.addImage("library/alpine", [layer], "latest");
  const metricsAt = `127.0.0.1:${await freePort()}`;
  const proxy = { upstreams: [{ name: "docker.io", url: fake.origin, tagTtl: "1s" }], maxSize: "1GiB" };
  const server = { workers: 2 };
  const berth = await startBerth(scope, {
    mode: "hybrid",
    private: { quotas: [{ repositories: ["**"], limit: "1GiB" }] },
    proxy,
    server,
    metrics: { address: metricsAt },
  });
  const { client } = berth;
  const prometheus = await startPrometheus(scope, metricsAt);
  const pull = async () => {
    await pushSmallImage(client, "app", `layer ${Math.random()}`, { tag: "latest" });
    await client.get("/v2/docker.io/library/alpine/manifests/latest");
    await client.get(`/v2/docker.io/library/alpine/blobs/${digestOf(layer)}`);
  };
  for (const { title, query } of await boardQueries()) {
    if (mayBeEmpty.test(query)) await prometheus.query(query);
    else
      await waitUntil(`${title}: ${query}`, async () => {
        await pull();
        return (await prometheus.query(query)).length > 0 || undefined;
      });
  }
  const metrics = new RegistryClient(`http://${metricsAt}`);
  const text = (await metrics.get("/metrics")).body.toString();
  const file = join(await scope.folder("scrape"), "metrics");
  await writeFile(file, text);
  await runCommand("sh", ["-c", 'promtool check metrics <"$0"', file]);
  await runCommand("promtool", ["check", "rules", rulesFile]);

  const pushes = 'registry_http_requests_total{code="201",handler="manifest",method="put"}';
  const before = readMetrics(text).get(pushes) ?? 0;
  process.kill(workersOf(berth)[1] ?? 0, "SIGKILL");
  await waitUntil("the worker is restarted", () => (workersOf(berth).length === 2 ? true : undefined));
  const after = readMetrics((await metrics.get("/metrics")).body.toString()).get(pushes) ?? 0;
  assert.ok(after >= before, `${after} pushes after a worker died, ${before} before`);
});

/** One of every request that clients send to a registry. */
async function useRegistry(client: RegistryClient): Promise<void> {
  await client.get("/v2/");
  await pushSmallImage(client, "team/app", "layer", { tag: "1.0" });
  for (const path of ["manifests/1.0", "manifests/missing", "tags/list"]) {
    // Without it the peer does not return OCI manifests.
    const accept = { accept: "application/vnd.oci.image.manifest.v1+json" };
    await client.get(`/v2/team/app/${path}`, accept);
    if (!path.startsWith("tags")) await client.head(`/v2/team/app/${path}`, accept);
  }
  const blob = Buffer.from("another layer");
  await pushBlob(client, "team/app", blob);
  await client.get(`/v2/team/app/blobs/${digestOf(blob)}`);
  await client.head(`/v2/team/app/blobs/${digestOf(blob)}`);
  await client.request("DELETE", `/v2/team/app/blobs/${digestOf(blob)}`);
  await client.get("/v2/_catalog");
}

/** Names of metrics with their types and the names of their labels. */
function shapeOf(text: string): Map<string, string> {
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]));
  const shapes = new Map<string, string>();
  for (const series of readMetrics(text).keys()) {
    const name = series.replace(/\{.*/, "");
    const family = name.replace(/_(bucket|sum|count)$/, "");
    const labels = [...series.matchAll(/(\w+)="/g)].map(([, label]) => label);
    shapes.set(name, `${types.get(name) ?? types.get(family)} ${labels.join(" ")}`);
  }
  return shapes;
}

test("names, types and labels are those of registry 3.1.2, and the same requests produce the same series", async (t) => {
  const scope = new Scope(t);
  const [ours, theirs] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const berth = await startBerth(scope, { metrics: { address: ours } });
  const peer = await startPeer(scope, "registry 3.1.2", await scope.folder("peer-data"), undefined, theirs);
  const scrape = async (address: string) =>
    (await new RegistryClient(`http://${address}`).get("/metrics")).body.toString();
  await useRegistry(berth.client);
  await useRegistry(peer.client);
  const [ourText, theirText] = [await scrape(ours), await scrape(theirs)];
  const ourShape = shapeOf(ourText);
  for (const [name, shape] of shapeOf(theirText))
    if (/^registry_|^process_/.test(name) && !missing.has(name)) assert.equal(ourShape.get(name), shape, name);
  const requests = (text: string) =>
    [...readMetrics(text)].filter(([name]) => /^registry_http_requests_total/.test(name)).sort();
  // The peer's readiness was checked with GET /v2/, Berth's was not.
  const asked = requests(theirText).filter(([name]) => !name.includes('handler="base"'));
  assert.deepEqual(
    requests(ourText).filter(([name]) => !name.includes('handler="base"')),
    asked,
  );
});

/** Metrics of Go's own client, not of the registry. */
const missing = new Set([
  "process_virtual_memory_max_bytes",
  "process_network_receive_bytes_total",
  "process_network_transmit_bytes_total",
]);
