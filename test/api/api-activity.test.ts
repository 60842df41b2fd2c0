import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { ApiClient } from "../support/api-client.js";
import { pushBlob, seededBytes } from "../support/content.js";
import { hangUp, stallAt } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { basic, runGuardedBerth } from "../support/guarded-berth.js";
import type { OpenAnswer, RegistryClient } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { waitUntil } from "../support/wait-until.js";
import { withinOneDay } from "../support/within-one-day.js";

const name = parseRepositoryName("library/alpine");
const layer = seededBytes("layer", 300_000);

test("the summary tells what was pulled, served and pushed today, and how full the disk is", (t) =>
  withinOneDay(async () => {
    const { client } = await runBerthOnDisk(new Scope(t));
    const image = await pushSmallImage(client, "app", "layer", { tag: "1" });
    await client.get("/v2/app/manifests/1");
    await client.head("/v2/app/manifests/1");
    const { today, disk, attention } = await new ApiClient(client).get("summary");
    assert.deepEqual([today.pulls, today.pushes, today.served, today.saved], [1, 1, image.descriptor.size, 0]);
    assert.ok(disk.free > 0 && disk.free <= disk.size);
    assert.ok(attention.some(({ code }: { code: string }) => code === "no-access-control"));
  }));

test("what was served today is still known after a restart", (t) =>
  withinOneDay(async () => {
    const root = await new Scope(t).folder("data");
    await Scope.during(async (scope) => {
      const { client } = await runBerthOnDisk(scope, { root });
      await pushSmallImage(client, "app", "layer", { tag: "1" });
      await client.get("/v2/app/manifests/1");
    });
    const { client } = await runBerthOnDisk(new Scope(t), { root });
    const { today } = await new ApiClient(client).get("summary");
    assert.deepEqual([today.pulls, today.pushes], [1, 1]);
  }));

test("a second pull from the cache saves its bytes, and a pull of the upstream's quota", (t) =>
  withinOneDay(async () => {
    const scope = new Scope(t);
    const fake = await FakeUpstream.start(scope);
    fake.quota.isTold = true;
    const image = fake.store.addImage(name, [layer], "latest");
    const { client } = await runProxy(scope, fake.url, { tagTtl: 60_000 });
    const api = new ApiClient(client);
    const pull = async () => {
      await client.get("/v2/library/alpine/manifests/latest");
      await client.get(`/v2/library/alpine/blobs/${image.layers[0]?.digest}`);
    };
    await pull();
    const { today: cold } = await api.get("summary");
    assert.deepEqual([cold.saved, cold.savedPulls, cold.downloaded], [0, 0, image.bytes.length + layer.length]);
    await pull();
    const { today: warm } = await api.get("summary");
    assert.deepEqual([warm.saved, warm.downloaded], [cold.downloaded, cold.downloaded]);
  }));

test("a download is listed with its clients while it runs", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const image = fake.store.addImage(name, [layer], "latest");
  const digest = image.layers[0]?.digest;
  const { client } = await runProxy(scope, fake.url);
  const api = new ApiClient(client);
  await client.get("/v2/library/alpine/manifests/latest");
  // The upstream sends nothing more, so the download stays as it is until the test is over.
  fake.faults.add({ kind: "blob" }, stallAt(100_000));
  const leaving = new AbortController();
  scope.defer(() => leaving.abort());
  for (const _ of [1, 2])
    client.request("GET", `/v2/library/alpine/blobs/${digest}`, { signal: leaving.signal }).catch(() => {});
  const running = await waitUntil("both clients read along", async () => {
    const { items } = await api.get("downloads");
    return items[0]?.clients === 2 && items[0].received > 0 ? items[0] : undefined;
  });
  assert.deepEqual(
    [running.repository, running.digest, running.size, running.upstream],
    ["library/alpine", digest, layer.length, "docker.io"],
  );
  assert.deepEqual((await api.get("summary")).downloads.clients, 2);
});

test("the size of the cache is that of what is cached, also after a restart and beside pushes, with no limit set", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const image = fake.store.addImage(name, [layer], "latest");
  const settings = {
    mode: "hybrid",
    private: { repositories: ["own/*"] },
    proxy: { upstreams: [{ name: "docker.io", url: fake.url }] },
    root: await scope.folder("data"),
  };
  const first = await runBerthOnDisk(scope, settings as never);
  await first.client.get("/v2/docker.io/library/alpine/manifests/latest");
  await first.client.get(`/v2/docker.io/library/alpine/blobs/${image.layers[0]?.digest}`);
  await pushBlob(first.client, "own/app", seededBytes("own", 900_000));
  const sizeOf = async (client: RegistryClient) =>
    waitUntil("the cache is measured", async () => (await new ApiClient(client).get("summary")).cache.size);
  const isCached = (size: number) => size >= layer.length && size < layer.length + 10_000;
  const size = await sizeOf(first.client);
  assert.ok(isCached(size), `${size}`);
  await pushBlob(first.client, "own/app", seededBytes("more", 900_000));
  assert.equal(await sizeOf(first.client), size);
  await first.server.stop(0);
  const second = await runBerthOnDisk(scope, settings as never);
  assert.equal(await sizeOf(second.client), size);
});

test("an upstream that fails is shown as down, with its quota, and needs attention", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.quota.isTold = true;
  fake.quota.remaining = 5;
  fake.store.addImage(name, [layer], "latest");
  const upstream = { name: "docker.io", url: fake.url };
  const { client } = await runBerth(scope, {
    mode: "proxy",
    proxy: { default: "docker.io", upstreams: [upstream] },
  } as never);
  const api = new ApiClient(client);
  assert.equal((await api.get("upstreams")).items[0].state, "unknown");
  await client.get("/v2/library/alpine/manifests/latest");
  const [up] = (await api.get("upstreams")).items;
  assert.deepEqual([up.state, up.quota.limit, up.quota.remaining], ["up", 100, 4]);
  assert.ok((await api.get("summary")).attention.some(({ code }: { code: string }) => code === "quota-low"));
  fake.faults.add({}, hangUp);
  await client.get("/v2/library/other/manifests/latest");
  const [down] = (await api.get("upstreams")).items;
  assert.equal(down.state, "down");
  assert.ok(down.failure.length > 0);
  assert.ok((await api.get("summary")).attention.some(({ code }: { code: string }) => code === "upstream-down"));
});

async function eventsOf(answer: OpenAnswer, until: (text: string) => boolean): Promise<string> {
  let text = "";
  for await (const piece of answer.stream) {
    text += piece;
    if (until(text)) break;
  }
  return text;
}

test("a stream tells the summary and the downloads at once, and again when something has changed", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const answer = await client.open("GET", "/v2/_berth/live");
  assert.equal(answer.headers["content-type"], "text/event-stream");
  let isPushed = false;
  const text = await eventsOf(answer, (sofar) => {
    if (!isPushed && sofar.includes("event: downloads\n")) {
      isPushed = true;
      void pushSmallImage(client, "app", "layer", { tag: "1" });
    }
    return sofar.includes('"pushes":1');
  });
  assert.equal(text.match(/event: downloads\n/g)?.length, 1);
  assert.ok((text.match(/event: summary\n/g)?.length ?? 0) >= 2);
});

test("a stopping server ends the streams, whose clients connect again elsewhere", async (t) => {
  const { client, server } = await runBerth(new Scope(t));
  const answer = await client.open("GET", "/v2/_berth/live");
  const reading = eventsOf(answer, () => false);
  await server.stop(60_000);
  assert.match(await reading, /event: summary/);
});

test("a client sees only downloads of what it may pull, and nobody without a login sees anything", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), { rules: [{ allow: ["pull"], to: ["bob"], in: ["team/*"] }] });
  const nobody = new ApiClient(client);
  for (const path of ["summary", "downloads", "upstreams", "live"]) {
    assert.equal((await nobody.answer("GET", path)).status, 401, path);
  }
  const bob = new ApiClient(client, basic("bob"));
  assert.deepEqual(await bob.get("downloads"), { items: [] });
  assert.equal((await bob.get("summary")).repositories, undefined);
});

test("who may pull nothing of an upstream is not told of it, and without a login nobody is told numbers", async (t) => {
  const scope = new Scope(t);
  const hub = await FakeUpstream.start(scope);
  hub.quota.isTold = true;
  hub.store.addImage(parseRepositoryName("library/tool"), [], "1");
  const upstreams = ["docker.io", "ghcr.io", "quay.io"].map((name) => ({ name, url: hub.url }));
  const rules = [
    { allow: "admin, pull, cache", to: "ann" },
    { allow: "pull, cache", to: "bob", in: ["docker.io/**", "ghcr.io/team/*"] },
    { allow: "pull", to: "everyone", in: ["library/open", "team/public"] },
  ];
  const { client } = await runGuardedBerth(
    scope,
    { rules },
    {
      root: await scope.folder("data"),
      mode: "hybrid",
      private: { repositories: ["team/*"] },
      proxy: { default: "docker.io", upstreams },
    },
  );
  const pull = await client.get("/v2/docker.io/library/tool/manifests/1", basic("bob"));
  assert.equal(pull.status, 200);
  const seenBy = async (headers = {}) => {
    const api = new ApiClient(client, headers);
    const { items } = await api.get("upstreams");
    const summary = await api.get("summary");
    const stream = await api.get("downloads");
    assert.deepEqual(stream, { items: [] });
    return {
      upstreams: items.map(({ name }: { name: string }) => name),
      withQuota: items.filter(({ quota }: { quota?: unknown }) => quota !== undefined).length,
      withUrl: items.filter(({ url }: { url?: string }) => url !== undefined).length,
      quotas: (summary.quotas ?? []).map(({ upstream }: { upstream: string }) => upstream),
      numbers: ["today", "downloads", "uploads", "disk", "lastCollectionAt"].filter((field) => field in summary),
    };
  };
  const busy = ["today", "downloads", "uploads", "disk"];
  assert.deepEqual(await seenBy(basic("ann")), {
    upstreams: ["docker.io", "ghcr.io", "quay.io"],
    withQuota: 1,
    withUrl: 3,
    quotas: ["docker.io"],
    numbers: busy,
  });
  assert.deepEqual(await seenBy(basic("bob")), {
    upstreams: ["docker.io", "ghcr.io"],
    withQuota: 1,
    withUrl: 0,
    quotas: ["docker.io"],
    numbers: busy,
  });
  // Of Docker Hub, everyone may pull library/open.
  assert.deepEqual(await seenBy(), { upstreams: ["docker.io"], withQuota: 0, withUrl: 0, quotas: [], numbers: [] });
});

test("the number of repositories follows pushes, though nobody searches", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const api = new ApiClient(client);
  const counted = (count: number) =>
    waitUntil(`${count} repositories are counted`, async () => {
      const { repositories } = await api.get("summary");
      return repositories === count || undefined;
    });
  // The page's first request: the names are read while there are none.
  await api.get("me");
  await counted(0);
  for (const name of ["one", "two"]) await pushSmallImage(client, name, "layer", { tag: "1" });
  await counted(2);
});
