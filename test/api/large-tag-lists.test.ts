import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { contentOf, repeated } from "../support/fake-upstream/content.js";
import { answer } from "../support/fake-upstream/faults.js";
import { emptyReply, jsonReply } from "../support/fake-upstream/reply.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

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

test("a large page is not read while another one is being read, and small ones do not wait", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { client } = await runProxy(scope, fake.url);
  const of = (repository: string) => ({ kind: "tags", name: repository }) as const;
  const unfinished = emptyReply(200, { "content-length": "" });
  const large = contentOf("x".repeat(2_000_000));
  fake.faults.add(of("team/stalls"), answer({ ...unfinished, body: large, ending: "stall" }));
  fake.faults.add(of("team/endless"), answer({ ...unfinished, body: repeated(Buffer.alloc(64 * 1024, "x")) }));
  fake.faults.add(of("team/small"), answer(jsonReply(200, { name, tags: ["small"] })));
  const answered: string[] = [];
  const list = (repository: string) =>
    client.get(`/v2/team/${repository}/tags/list`).then(
      ({ status }) => answered.push(`${repository}: ${status}`),
      () => {},
    );
  void list("stalls");
  await waitUntil("it is being read", () => fake.ledger.bytes(of("team/stalls")) >= large.size || undefined);
  void list("endless");
  // Read to the most that a page may have, it would have been refused long before.
  for (let count = 0; count < 50; count++) await list("small");
  assert.deepEqual([...new Set(answered)], ["small: 200"]);
});
