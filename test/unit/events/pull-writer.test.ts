import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type EventSource, eventOf } from "../../../src/events/event.js";
import { type Pull, PullWriter } from "../../../src/events/pull-writer.js";
import { parseDigest } from "../../../src/oci/digest.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";

const source: EventSource = { publicUrl: undefined, scheme: "http", address: "here:5000", instanceId: "an id" };
const digest = parseDigest(`sha256:${"a".repeat(64)}`);
const repository = parseRepositoryName("team/app");
const client = { method: "GET", host: "registry:5000", agent: "docker" };
const emptyClient = { method: undefined, host: undefined, agent: undefined };
const pull: Pull = {
  atMs: 1_700_000_000_000,
  content: { mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 7 },
  repository,
  tag: "1.0",
  requestId: "one",
  address: "10.0.0.1",
  client,
  user: undefined,
};

const others: Readonly<Record<string, Partial<Pull>>> = {
  "by digest": { tag: undefined },
  "of a blob with the digest of a manifest": {
    tag: undefined,
    content: { mediaType: "application/octet-stream", digest, size: 7 },
  },
  "by a user whose name needs escapes": { user: '"\\ \u202e' },
  "with quotes in what the client says of itself": { client: { ...client, agent: 'a"b\\', host: 'h"' } },
  "without a client's request": { client: undefined },
  "at another time, with another id": { atMs: 1_700_000_000_001, requestId: 'o"ne' },
  "from another address": { address: "::1" },
  "of another repository": { repository: parseRepositoryName("other") },
};

test("each pull of a batch is the event that it is alone, whatever it has in common with the others", () => {
  const pulls = [pull, ...Object.values(others).map((other) => ({ ...pull, ...other })), pull];
  const { body, count } = new PullWriter(source).envelope(pulls);
  const { events } = JSON.parse(body.toString());
  assert.equal(count, pulls.length);
  assert.equal(new Set(events.map(({ id }: { id: string }) => id)).size, pulls.length);
  for (const [index, each] of pulls.entries()) {
    const { content, tag, atMs, requestId, address, user } = each;
    const target = { ...content, repository: each.repository, tag };
    const cause = { atMs, requestId, address, ...(each.client ?? emptyClient), user };
    const expected = JSON.parse(JSON.stringify(eventOf("pull", target, cause, source)));
    assert.deepEqual({ ...events[index], id: "" }, { ...expected, id: "" }, Object.keys(others)[index - 1] ?? "itself");
  }
});

test("a batch of pulls fits into the body that a receiver takes by default, and leaves the rest to the next one", () => {
  const repository = parseRepositoryName(`team/${"a".repeat(240)}`);
  // Each of these letters is two bytes.
  const talkative = { ...client, agent: "é".repeat(4_000) };
  const pulls = Array.from({ length: 200 }, (_, at) => ({
    ...pull,
    repository,
    client: at < 20 ? talkative : client,
    atMs: pull.atMs + at,
  }));
  const writer = new PullWriter(source);
  const told: string[] = [];
  while (told.length < pulls.length) {
    const { body, count } = writer.envelope(pulls.slice(told.length));
    const { events } = JSON.parse(body.toString());
    assert.ok(body.length < 91_000, `${body.length} bytes`);
    assert.equal(events.length, count);
    told.push(...events.map(({ timestamp }: { timestamp: string }) => timestamp));
  }
  assert.deepEqual(
    told,
    pulls.map(({ atMs }) => new Date(atMs).toISOString()),
  );
});
