import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { contentOf } from "../support/fake-upstream/content.js";
import { answer } from "../support/fake-upstream/faults.js";
import { emptyReply, jsonReply } from "../support/fake-upstream/reply.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";

const name = parseRepositoryName("team/app");
const path = `/v2/${name}/tags/list`;

test("a page of a hundred thousand tags is parsed in a thread, and listed in order", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { client } = await runProxy(scope, fake.url);
  const tags = Array.from({ length: 90_000 }, (_, number) => `tag-${number}-${"x".repeat(60)}`);
  fake.faults.add({ kind: "tags" }, answer(jsonReply(200, { name, tags: [...tags, "no/tag", "again", "again"] })));
  let threads = 0;
  const count = () => threads++;
  process.on("worker", count);
  scope.defer(() => process.off("worker", count));
  const listed = await client.get(path);
  assert.equal(threads, 1);
  assert.deepEqual(JSON.parse(String(listed.body)).tags, [...tags, "again"].sort());
});

test("a large page that is not a list of tags, or not JSON, is an invalid response", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { client } = await runProxy(scope, fake.url);
  for (const reply of [
    jsonReply(200, { tags: "x".repeat(400_000) }),
    { ...emptyReply(200), body: contentOf("x".repeat(400_000)) },
  ]) {
    const end = fake.faults.add({ kind: "tags" }, answer(reply));
    assert.equal((await client.get(path)).status, 502);
    end();
  }
});
