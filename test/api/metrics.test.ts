import { strict as assert } from "node:assert";
import { test } from "node:test";
import { MetricsListener } from "../../src/metrics/metrics-listener.js";
import { digestOf } from "../../src/oci/digest.js";
import { pushBlob, seededBytes } from "../support/content.js";
import { stallAt } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { htpasswdFile } from "../support/guarded-berth.js";
import { runMeteredBerth } from "../support/metered-berth.js";
import { RecordedLog } from "../support/recorded-log.js";
import { RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

const layer = seededBytes("layer", 600_000);
const blobPath = `/v2/library/alpine/blobs/${digestOf(layer)}`;
const tagPath = "/v2/library/alpine/manifests/latest";

async function meteredCache(scope: Scope) {
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage("library/alpine", [layer], "latest");
  const proxy = { upstreams: [{ name: "docker.io", url: fake.origin }], default: "docker.io" };
  return { fake, ...(await runMeteredBerth(scope, { mode: "proxy", proxy })) };
}

test("requests are counted under the handlers and methods of the distribution registry", async (t) => {
  const { client, scrape } = await runMeteredBerth(new Scope(t));
  await pushSmallImage(client, "team/app", "layer", { tag: "1.0" });
  await client.get("/v2/team/app/manifests/1.0");
  await client.get("/v2/team/app/manifests/missing");
  await client.request("PROPFIND", "/v2/");
  await client.get("/healthz");
  const metrics = await scrape();
  assert.equal(metrics.get('registry_http_requests_total{code="201",handler="manifest",method="put"}'), 1);
  assert.equal(metrics.get('registry_http_requests_total{code="200",handler="manifest",method="get"}'), 1);
  assert.equal(metrics.get('registry_http_requests_total{code="404",handler="manifest",method="get"}'), 1);
  assert.equal(metrics.get('registry_http_request_duration_seconds_count{handler="manifest",method="get"}'), 2);
  assert.equal(metrics.get('registry_http_request_size_bytes_count{handler="manifest"}'), 3);
  const names = [...metrics.keys()];
  assert.ok(names.every((name) => !name.includes("propfind") && !name.includes("healthz")));
});

test("no label names a repository, a tag or a user", async (t) => {
  const { client, scrape } = await runMeteredBerth(new Scope(t));
  await pushSmallImage(client, "secret/project", "layer", { tag: "tagged" });
  await client.get("/v2/secret/project/tags/list");
  for (const name of (await scrape()).keys()) assert.doesNotMatch(name, /secret|project|tagged/);
});

test("quotas show what is used and allowed, by their patterns, once that was counted", async (t) => {
  const quotas = [
    { repositories: ["team/**", "tools/*"], limit: "1MiB" },
    { repositories: ["other"], limit: "2MiB" },
  ];
  const { client, scrape } = await runMeteredBerth(new Scope(t), { private: { quotas } });
  await pushBlob(client, "team/app", Buffer.alloc(1_000, "a"));
  const metrics = await scrape();
  const [team, other] = ['{quota="team/**,tools/*"}', '{quota="other"}'];
  assert.equal(metrics.get(`berth_quota_used_bytes${team}`), 1_000);
  assert.equal(metrics.get(`berth_quota_limit_bytes${team}`), 1_048_576);
  assert.equal(metrics.get(`berth_quota_used_bytes${other}`), undefined);
  assert.equal(metrics.get(`berth_quota_limit_bytes${other}`), 2_097_152);
});

test("requests that are being answered are in flight", async (t) => {
  const { client, scrape } = await runMeteredBerth(new Scope(t));
  const session = await startUpload(client, "team/app");
  const upload = client.start("PATCH", session);
  await upload.send(Buffer.from("some"));
  const name = 'registry_http_in_flight_requests{handler="blob_upload_chunk"}';
  await waitUntil("the request is running", async () => (await scrape()).get(name) === 1 || undefined);
  const metrics = await scrape();
  assert.equal(metrics.get("berth_uploads_running"), 1);
  assert.equal(metrics.get("berth_upload_sessions_open"), 1);
  await upload.end();
  const after = await scrape();
  assert.deepEqual([after.get(name), after.get("berth_uploads_running")], [0, 0]);
});

test("a cache counts hits, misses, and the bytes it saved", async (t) => {
  const { client, scrape } = await meteredCache(new Scope(t));
  for (const path of [tagPath, blobPath, blobPath, blobPath]) await client.get(path);
  const metrics = await scrape();
  const blobs = (name: string) => metrics.get(`registry_proxy_${name}_total{type="blob"}`);
  assert.deepEqual([blobs("requests"), blobs("hits"), blobs("misses")], [3, 2, 1]);
  assert.deepEqual([blobs("pulled_bytes"), blobs("pushed_bytes")], [layer.length, 3 * layer.length]);
  assert.equal(metrics.get('berth_cache_saved_bytes_total{type="blob"}'), 2 * layer.length);
  assert.equal(metrics.get('berth_upstream_requests_total{kind="blob",result="ok",upstream="docker.io"}'), 1);
  assert.equal(metrics.get("berth_downloads_total"), 1);
});

test("a running download is shown with the clients that receive it", async (t) => {
  const { client, fake, scrape } = await meteredCache(new Scope(t));
  const recover = fake.faults.add({ kind: "blob", method: "GET" }, stallAt(300_000));
  const pulls = [client.get(blobPath), client.get(blobPath)];
  await waitUntil(
    "both clients receive the download",
    async () => (await scrape()).get("berth_download_clients") === 2 || undefined,
  );
  assert.equal((await scrape()).get("berth_downloads_running"), 1);
  recover();
  await fake.stop();
  await fake.start();
  for (const { body } of await Promise.all(pulls)) assert.ok(body.equals(layer));
  const metrics = await scrape();
  assert.equal(metrics.get("berth_downloads_running"), 0);
  assert.equal(metrics.get('berth_cache_answers_total{result="shared",type="blob"}'), 1);
});

test("the quota that the upstream reported last is shown", async (t) => {
  const { client, fake, scrape } = await meteredCache(new Scope(t));
  assert.equal((await scrape()).has('berth_upstream_quota_remaining{upstream="docker.io"}'), false);
  fake.quota.isTold = true;
  await client.get(tagPath);
  const metrics = await scrape();
  assert.equal(metrics.get('berth_upstream_quota_limit{upstream="docker.io"}'), 100);
  assert.equal(metrics.get('berth_upstream_quota_remaining{upstream="docker.io"}'), fake.quota.remaining);
  const until = metrics.get('berth_upstream_quota_until_timestamp_seconds{upstream="docker.io"}') ?? 0;
  assert.ok(until > Date.now() / 1000);
});

test("refusals and failures of an upstream are counted separately", async (t) => {
  const { client, fake, scrape } = await meteredCache(new Scope(t));
  await client.get("/v2/library/alpine/manifests/missing");
  await fake.stop();
  await client.get("/v2/library/other/manifests/latest");
  const metrics = await scrape();
  const requests = (result: string) =>
    metrics.get(`berth_upstream_requests_total{kind="manifest-head",result="${result}",upstream="docker.io"}`);
  assert.deepEqual([requests("not-found"), requests("unavailable")], [1, 1]);
});

test("tokens and refusals are counted, the latter by reason", async (t) => {
  const scope = new Scope(t);
  const htpasswd = await htpasswdFile(scope, { ann: "correct" });
  const access = { users: { htpasswd }, rules: [{ allow: "pull", to: "ann", in: "team/**" }], challenge: "bearer" };
  const { client, scrape } = await runMeteredBerth(scope, { access });
  const basic = (password: string) => `Basic ${Buffer.from(`ann:${password}`).toString("base64")}`;
  await client.get("/v2/");
  await client.get("/v2/", { authorization: basic("wrong") });
  await client.get("/v2/_berth/token", { authorization: basic("correct") });
  await client.get("/v2/other/app/tags/list", { authorization: basic("correct") });
  const metrics = await scrape();
  const refused = (reason: string) => metrics.get(`berth_access_refusals_total{reason="${reason}"}`);
  assert.deepEqual([refused("challenge"), refused("credentials"), refused("denied")], [1, 1, 1]);
  assert.equal(metrics.get("berth_tokens_issued_total"), 1);
});

test("work and memory of the storage are shown under the names of the distribution registry", async (t) => {
  const { client, scrape } = await runMeteredBerth(new Scope(t));
  const small = Buffer.from("small");
  await pushBlob(client, "app", small);
  for (const _ of [1, 2]) await client.get(`/v2/app/blobs/${digestOf(small)}`);
  const metrics = await scrape();
  assert.ok((metrics.get('registry_storage_action_seconds_count{action="Writer",driver="inmemory"}') ?? 0) >= 1);
  assert.equal(metrics.get("registry_storage_cache_requests_total"), 2);
  assert.equal(metrics.get("registry_storage_cache_hits_total"), 1);
});

test("the listener serves metrics at its path, answers probes, and nothing else", async (t) => {
  const scope = new Scope(t);
  const settings = { host: "127.0.0.1", port: 0, path: "/metrics" };
  const listener = new MetricsListener(settings, async () => "up 1\n", new RecordedLog());
  scope.defer(() => listener.close());
  const client = new RegistryClient(`http://127.0.0.1:${await listener.listen()}`);
  const scraped = await client.get("/metrics?x=1");
  assert.equal(scraped.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(scraped.body.toString(), "up 1\n");
  assert.equal((await client.get("/debug/health")).body.toString(), "{}");
  assert.equal((await client.get("/v2/")).status, 404);
  assert.equal((await client.request("POST", "/metrics")).status, 405);
});

test("metrics that cannot be collected are an error that the log explains", async (t) => {
  const scope = new Scope(t);
  const log = new RecordedLog();
  const collect = async () => {
    throw new Error("the disk hangs");
  };
  const listener = new MetricsListener({ host: "127.0.0.1", port: 0, path: "/metrics" }, collect, log);
  scope.defer(() => listener.close());
  const client = new RegistryClient(`http://127.0.0.1:${await listener.listen()}`);
  assert.equal((await client.get("/metrics")).status, 500);
  assert.equal(log.levelsOf("metrics could not be collected").length, 1);
});
