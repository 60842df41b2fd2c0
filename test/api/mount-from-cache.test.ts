import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import type { RegistryClient } from "../support/registry-client.js";
import { runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";

const layer = seededBytes("a layer", 10_000);
const digest = digestOf(layer);

/** The folder of a cache that holds an image of Docker Hub, and is no longer served. */
async function cachedAlpine(scope: Scope) {
  const hub = await FakeUpstream.start(scope);
  hub.store.addImage("library/alpine", [layer], "latest");
  const proxy = { upstreams: [{ name: "docker.io", url: hub.url }] };
  const { client, server, root } = await runBerthOnDisk(scope, { mode: "hybrid", proxy });
  await client.get("/v2/library/alpine/manifests/latest");
  assert.deepEqual((await client.get(`/v2/library/alpine/blobs/${digest}`)).body, layer);
  await server.stop(0);
  return { root, url: hub.url };
}

/** Statuses of mounts from the repository, from another one of its upstream, and from any. */
async function mountAll(client: RegistryClient): Promise<number[]> {
  const statuses: number[] = [];
  for (const from of ["&from=library/alpine", "&from=library/nginx", ""]) {
    statuses.push((await client.request("POST", `/v2/mine/blobs/uploads/?mount=${digest}${from}`)).status);
  }
  return statuses;
}

test("what an upstream's rules deny is not mounted either, whatever source is named", async (t) => {
  const scope = new Scope(t);
  const { root, url } = await cachedAlpine(scope);
  const upstream = { name: "docker.io", url, deny: ["library/alpine"] };
  const { client } = await runBerthOnDisk(scope, {
    root,
    mode: "hybrid",
    private: { repositories: ["mine"] },
    proxy: { upstreams: [upstream] },
  });
  assert.equal((await client.get(`/v2/library/alpine/blobs/${digest}`)).status, 403);
  assert.deepEqual(await mountAll(client), [202, 202, 202]);
});

test("cached content that is not adopted is not mounted in private mode", async (t) => {
  const scope = new Scope(t);
  const { root } = await cachedAlpine(scope);
  const strict = await runBerthOnDisk(scope, { root, mode: "private" });
  assert.deepEqual(await mountAll(strict.client), [202, 202, 202]);
  await strict.server.stop(0);
  const adopting = await runBerthOnDisk(scope, { root, mode: "private", private: { adopt: true } });
  assert.deepEqual(await mountAll(adopting.client), [201, 202, 201]);
});
