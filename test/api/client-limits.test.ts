import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "../../src/config/problem.js";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { storeBlob } from "../support/blob.js";
import { expectStatus, pushBlob, seededBytes } from "../support/content.js";
import { basic, bearer, runGuardedBerth } from "../support/guarded-berth.js";
import { errorCodeOf, type RegistryClient } from "../support/registry-client.js";
import { type RunningBerth, type RunningBerthOptions, runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { startUpload } from "../support/upload.js";

const name = parseRepositoryName("team/app");
/** More than all buffers between Berth and a client that does not read. */
const large = seededBytes("large", 32 * 1024 * 1024);
const largeBlob = `/v2/${name}/blobs/${digestOf(large)}`;

interface Limits {
  readonly perAddress?: Readonly<Record<string, unknown>>;
  readonly perUser?: Readonly<Record<string, unknown>>;
  readonly maxDelay?: string;
}

function openWith(limits: Limits): RunningBerthOptions {
  return { access: { open: true, limits: { maxDelay: "0s", ...limits } } } as RunningBerthOptions;
}

/** A Berth that everybody may use within limits, with a large blob. */
async function runLimited(t: ConstructorParameters<typeof Scope>[0], limits: Limits): Promise<RunningBerth> {
  const berth = await runBerth(new Scope(t), { ...openWith(limits), server: { trustedProxies: ["127.0.0.1"] } });
  await storeBlob(berth.storage, name, large);
  return berth;
}

function from(client: RegistryClient, address: string): RegistryClient {
  return client.with({ "x-forwarded-for": address });
}

/** Pulls tags until the limit is reached. */
async function exhaust(client: RegistryClient): Promise<void> {
  for (let count = 0; count < 5_000; count++) {
    if ((await client.get(`/v2/${name}/tags/list`)).status === 429) return;
  }
  assert.fail("the limit was never reached");
}

test("a pull over the rate of its address gets 429 and learns when to retry; other addresses are not affected", async (t) => {
  const { client } = await runLimited(t, { perAddress: { requests: 3 } });
  const [one, other] = [from(client, "192.0.2.1"), from(client, "192.0.2.2")];
  for (let count = 0; count < 3; count++) expectStatus(await one.get(largeBlob), 200, "a pull within the rate");
  for (const path of [largeBlob, `/v2/${name}/manifests/v1`, `/v2/${name}/tags/list`, "/v2/_catalog"]) {
    const refused = await one.get(path);
    assert.deepEqual([refused.status, errorCodeOf(refused)], [429, "TOOMANYREQUESTS"], path);
    assert.match(String(refused.headers["retry-after"]), /^([1-9]|1\d|20)$/);
  }
  expectStatus(await other.get(largeBlob), 200, "a pull of another address");
  const network = from(client, "2001:db8:0:1::1");
  await exhaust(network);
  assert.equal((await from(client, "2001:db8:0:1::2").get(largeBlob)).status, 429, "the same network");
  assert.equal((await from(client, "2001:db8:0:2::1").get(largeBlob)).status, 200, "another network");
});

test("a push over the rate is delayed, but never refused", async (t) => {
  const { client } = await runLimited(t, { perAddress: { requests: 600 } });
  await exhaust(client);
  expectStatus(await client.head(largeBlob), 200, "a request of a push");
  await pushSmallImage(client, name, "layer", { tag: "v1" });
  expectStatus(await client.get("/v2/"), 200, "the first request of a push");
  expectStatus(await client.request("DELETE", `/v2/${name}/manifests/v1`), 202, "a deletion");
});

test("a pull over the rate waits as long as allowed before it is refused", async (t) => {
  const { client } = await runLimited(t, { perAddress: { requests: 600 }, maxDelay: "45s" });
  const pulls = Array.from({ length: 620 }, () => client.get(`/v2/${name}/tags/list`));
  const statuses = new Set((await Promise.all(pulls)).map(({ status }) => status));
  assert.deepEqual([...statuses], [200]);
});

test("over the limit of transfers, a pull is refused, a push waits for its turn, and other requests proceed", async (t) => {
  const { client } = await runLimited(t, { perAddress: { transfers: 1 } });
  const running = await client.open("GET", largeBlob);
  const refused = await client.get(largeBlob);
  assert.deepEqual([refused.status, errorCodeOf(refused)], [429, "TOOMANYREQUESTS"]);
  assert.equal(refused.headers["retry-after"], "5");
  expectStatus(await client.head(largeBlob), 200, "HEAD of a blob");
  expectStatus(await from(client, "192.0.2.2").get(largeBlob), 200, "a pull of another address");
  const session = await startUpload(client, name);
  let isPushed = false;
  const push = client.request("PATCH", session, { body: "bytes" }).then((answer) => {
    isPushed = true;
    return answer;
  });
  expectStatus(await client.get(`/v2/${name}/tags/list`), 200, "a list of tags");
  assert.equal(isPushed, false);
  running.stream.destroy();
  expectStatus(await push, 202, "the push");
  expectStatus(await client.get(largeBlob), 200, "a pull when nothing else runs");
});

test("a client that disconnects while it waits for its turn takes no place", async (t) => {
  const { client } = await runLimited(t, { perAddress: { transfers: 1 } });
  const running = await client.open("GET", largeBlob);
  const session = await startUpload(client, name);
  const leaving = client.start("PATCH", session, { "content-length": 10 });
  await leaving.send(Buffer.from("byte"));
  leaving.cut();
  running.stream.destroy();
  await pushBlob(client, name, Buffer.from("another"));
  expectStatus(await client.get(largeBlob), 200, "a pull when nothing else runs");
});

test("limits per user count all addresses, passwords and tokens of that user together", async (t) => {
  const rules = [{ allow: "pull, push", to: "authenticated", in: "**" }] as const;
  const limits = { perUser: { requests: 4 }, maxDelay: "0s" };
  const { client, storage } = await runGuardedBerth(
    new Scope(t),
    { rules, challenge: "bearer", anonymousPull: true, limits } as never,
    { server: { trustedProxies: ["127.0.0.1"] } },
  );
  await storeBlob(storage, name, Buffer.from("small"));
  const blob = `/v2/${name}/blobs/${digestOf(Buffer.from("small"))}`;
  const asked = await client.get(`/v2/_berth/token?scope=repository:${name}:pull`, basic("ann"));
  const { token } = JSON.parse(asked.body.toString());
  for (const headers of [basic("ann"), bearer(token)]) expectStatus(await client.get(blob, headers), 200, "ann's");
  expectStatus(await from(client, "192.0.2.1").get(blob, basic("ann")), 200, "ann's from elsewhere");
  assert.equal((await from(client, "192.0.2.2").get(blob, basic("ann"))).status, 429);
  assert.equal((await client.get(blob, bearer(token))).status, 429);
  expectStatus(await client.get(blob, basic("bob")), 200, "bob's");
  for (let count = 0; count < 6; count++) expectStatus(await client.get(blob), 200, "an anonymous one");
});

test("changed limits apply to running requests: a slow download speeds up, and a waiting push starts", async (t) => {
  const { client, prepare } = await runLimited(t, { perAddress: { transfers: 1, bandwidth: "64KiB" } });
  const slow = await client.open("GET", largeBlob);
  const session = await startUpload(client, name);
  const push = client.request("PATCH", session, { body: "bytes" });
  expectStatus(await client.get(`/v2/${name}/tags/list`), 200, "a list of tags");
  (await prepare(openWith({})))();
  expectStatus(await push, 202, "the push that waited");
  const chunks: Buffer[] = [];
  for await (const chunk of slow.stream) chunks.push(chunk);
  assert.equal(digestOf(Buffer.concat(chunks)), digestOf(large));
});

test("a slash at the end of a path is no way around a limit, and a manifest is no transfer, whatever its repository is called", async (t) => {
  const { client } = await runLimited(t, { perAddress: { transfers: 1 } });
  await pushSmallImage(client, "team/blobs/app", "layer", { tag: "v1" });
  const running = await client.open("GET", `${largeBlob}/`);
  assert.equal((await client.get(`${largeBlob}/`)).status, 429);
  expectStatus(await client.get("/v2/team/blobs/app/manifests/v1"), 200, "a manifest");
  running.stream.destroy();
});

for (const direction of ["download", "upload"] as const) {
  test(`a manifest counts for the bandwidth: after its ${direction}, the next one waits`, async (t) => {
    const { client, prepare } = await runLimited(t, {});
    const annotations = { padding: "x".repeat(2 * 1024 * 1024) };
    const image = await pushSmallImage(client, name, "layer", { tag: "v1", fields: { annotations } });
    const headers = { "content-type": image.descriptor.mediaType };
    const put = () => client.request("PUT", `/v2/${name}/manifests/v2`, { body: image.bytes, headers });
    const get = () => client.get(`/v2/${name}/manifests/v1`);
    const [first, next] = direction === "download" ? [get, put] : [put, get];
    (await prepare(openWith({ perAddress: { bandwidth: "64KiB" } })))();
    assert.ok((await first()).status < 300, "the first one waits for nothing");
    let isDone = false;
    const waiting = next().then(({ status }) => {
      isDone = true;
      return status;
    });
    expectStatus(await client.get(`/v2/${name}/tags/list`), 200, "a list of tags");
    assert.equal(isDone, false);
    (await prepare(openWith({})))();
    assert.ok((await waiting) < 300);
  });
}

test("an upload over the bandwidth arrives whole", async (t) => {
  const { client } = await runLimited(t, { perAddress: { bandwidth: "1MiB" } });
  await pushBlob(client, name, seededBytes("upload", 1_500_000));
});

test("limits that make no sense are refused by name", async (t) => {
  for (const [limits, path] of [
    [{ perAddress: { requests: 0 } }, "access.limits.perAddress.requests"],
    [{ perAddress: { transfers: "many" } }, "access.limits.perAddress.transfers"],
    [{ perAddress: { bandwidth: "1KiB" } }, "access.limits.perAddress.bandwidth"],
    [{ perUser: { requests: -1 } }, "access.limits.perUser.requests"],
    [{ maxDelay: "5m" }, "access.limits.maxDelay"],
  ] as const) {
    await assert.rejects(
      runBerth(new Scope(t), openWith(limits)),
      (error) => error instanceof ConfigError && error.message.includes(path),
      path,
    );
  }
});
