import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { expectStatus, pullBlob, pullManifest, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { MovedClock } from "../support/moved-clock.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { startCluster } from "../support/object-stores/replicas.js";
import { locationOf } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { startUpload } from "../support/upload.js";

const minute = 60_000;
const cached = parseRepositoryName("library/alpine");
const layer = seededBytes("layer", 6_000_000);
const binary = { "content-type": "application/octet-stream" };

test("replicas whose clocks differ by minutes share uploads, tags and downloads all the same", async (t) => {
  const scope = new Scope(t);
  const upstream = await FakeUpstream.start(scope);
  upstream.store.addImage(cached, [layer], "latest");
  upstream.throttle.bytesPerSecond = 6_000_000;
  const clocks = await Promise.all([0, minute, -minute].map(() => MovedClock.create(scope)));
  await Promise.all([0, minute, -minute].map((offset, index) => clocks[index]?.jump(offset)));
  const replicas = await startCluster(scope, await FakeStore.start(scope), "images", {
    each: (index) => ({ env: clocks[index]?.environment ?? {} }),
    mode: "hybrid",
    private: { repositories: ["team/**"] },
    proxy: { upstreams: [{ name: "docker.io", url: upstream.url }] },
  });
  const [right, ahead, behind] = replicas.map(({ client }) => client);
  assert.ok(right && ahead && behind);

  await t.test("an upload goes on at any of them", async () => {
    const bytes = seededBytes("upload", 300_000);
    let session = await startUpload(behind, "team/app");
    for (const [index, client] of [ahead, right, behind].entries()) {
      const body = bytes.subarray(index * 100_000, (index + 1) * 100_000);
      const answer = await client.request("PATCH", session, { body, headers: binary });
      expectStatus(answer, 202, "a part");
      session = locationOf(answer);
    }
    const digest = digestOf(bytes);
    expectStatus(await ahead.request("PUT", `${session}?digest=${digest}`), 201, "the end");
    await pullBlob(behind, "team/app", digest);
  });

  await t.test("a tag that one moves is moved for all", async () => {
    for (const [index, client] of [ahead, behind, right].entries()) {
      const { descriptor } = await pushSmallImage(client, "team/app", `image ${index}`, { tag: "latest" });
      const seen = async () => (await pullManifest(right, "team/app", "latest")).digest === descriptor.digest;
      while (!(await seen()));
    }
  });

  await t.test("a blob is downloaded once", async () => {
    const path = `/v2/${cached}/blobs/${digestOf(layer)}`;
    const pulls = [right, ahead, behind].flatMap((client) => Array.from({ length: 4 }, () => client.get(path)));
    for (const { body } of await Promise.all(pulls)) assert.ok(body.equals(layer));
    assert.equal(upstream.ledger.count({ kind: "blob", method: "GET" }), 1);
  });
});
