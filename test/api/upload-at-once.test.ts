import { strict as assert } from "node:assert";
import type { OutgoingHttpHeaders } from "node:http";
import { test } from "node:test";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { expectStatus, pullBlob, seededBytes } from "../support/content.js";
import { type Answer, errorCodeOf, locationOf, type RegistryClient } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { startUpload } from "../support/upload.js";

/** A body of unknown length, as Go clients send even if they know the length. */
async function* streamed(bytes: Buffer): AsyncIterable<Buffer> {
  for (let start = 0; start < bytes.length; start += 50_000) yield bytes.subarray(start, start + 50_000);
}

interface Push {
  readonly body: Buffer | AsyncIterable<Buffer>;
  readonly digest: Digest;
  readonly headers?: OutgoingHttpHeaders;
}

/** The ways to push a blob in one request. */
const ways: Readonly<Record<string, (client: RegistryClient, push: Push) => Promise<Answer>>> = {
  "a single POST": (client, { digest, ...options }) =>
    client.request("POST", `/v2/team/app/blobs/uploads/?digest=${digest}`, options),
  "POST and PUT": async (client, { digest, ...options }) =>
    client.request("PUT", `${await startUpload(client, "team/app")}?digest=${digest}`, options),
  "POST, a streamed PATCH and an empty PUT": async (client, { digest, ...options }) => {
    const patched = await client.request("PATCH", await startUpload(client, "team/app"), options);
    return patched.status === 202 ? client.request("PUT", locationOf(patched, `digest=${digest}`)) : patched;
  },
};

const storages = [
  ["in memory", runBerth],
  ["on disk", runBerthOnDisk],
] as const;

for (const [way, push] of Object.entries(ways)) {
  for (const [where, start] of storages) {
    test(`a blob is pushed by ${way}, with a length and without (${where})`, async (t) => {
      const { client } = await start(new Scope(t));
      for (const size of [0, 1, 700_000, 2_500_000]) {
        for (const wrap of [(bytes: Buffer) => bytes, streamed]) {
          const bytes = seededBytes(wrap.name, size);
          const digest = digestOf(bytes);
          const pushed = await push(client, { body: wrap(bytes), digest });
          expectStatus(pushed, 201, `${size} bytes`);
          assert.equal(pushed.headers["docker-content-digest"], digest);
          expectStatus(await client.get(locationOf(pushed)), 200, "its Location");
          await pullBlob(client, "team/app", digest);
        }
      }
    });
  }

  test(`${way} of a sha512 blob needs no announcement`, async (t) => {
    const { client } = await runBerthOnDisk(new Scope(t));
    const bytes = seededBytes("layer", 100_000);
    const digest = digestOf(bytes, "sha512");
    expectStatus(await push(client, { body: streamed(bytes), digest }), 201, "push");
    await pullBlob(client, "team/app", digest);
  });

  test(`${way} with the digest of other bytes is refused and leaves nothing`, async (t) => {
    const { client, storage } = await runBerthOnDisk(new Scope(t));
    const bytes = seededBytes("layer", 100_000);
    const other = Buffer.from("other");
    for (const digest of [digestOf(other), digestOf(other, "sha512"), digestOf(bytes.subarray(1))]) {
      const answer = await push(client, { body: bytes, digest });
      assert.equal(answer.status, 400);
      assert.equal(errorCodeOf(answer), "DIGEST_INVALID");
      for (const asked of [digest, digestOf(bytes)]) {
        assert.equal((await client.head(`/v2/team/app/blobs/${asked}`)).status, 404);
      }
    }
    assert.deepEqual(await storage.driver.staging.list(".berth/scratch"), []);
    assert.deepEqual(await storage.driver.list("docker/registry/v2/blobs"), []);
    assert.deepEqual(await storage.uploads.list(parseRepositoryName("team/app")), []);
  });

  test(`${way} with a Content-Encoding is refused, not decoded`, async (t) => {
    const { client } = await runBerth(new Scope(t));
    const bytes = Buffer.from("layer");
    const digest = digestOf(bytes);
    const answer = await push(client, { body: bytes, digest, headers: { "content-encoding": "gzip" } });
    assert.equal(answer.status, 415);
    assert.equal((await client.head(`/v2/team/app/blobs/${digest}`)).status, 404);
  });
}

test("a session may be opened for sha512 and closed with it, or with sha256 all the same", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const bytes = seededBytes("layer", 100_000);
  for (const digest of [digestOf(bytes, "sha512"), digestOf(bytes)]) {
    const started = await client.request("POST", "/v2/team/app/blobs/uploads/?digest-algorithm=sha512");
    const patched = await client.request("PATCH", locationOf(started), { body: bytes });
    const finished = await client.request("PUT", locationOf(patched, `digest=${digest}`));
    expectStatus(finished, 201, digest);
    await pullBlob(client, "team/app", digest);
  }
});

test("an upload can be started with and without the trailing slash", async (t) => {
  const { client } = await runBerth(new Scope(t));
  for (const target of ["/v2/team/app/blobs/uploads/", "/v2/team/app/blobs/uploads"]) {
    assert.equal((await client.request("POST", target)).status, 202, target);
  }
});

test("the digest may be percent-encoded, and the first of two counts", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const bytes = Buffer.from("layer");
  const digest: Digest = digestOf(bytes);
  for (const query of [encodeURIComponent(digest), `${digest}&digest=${digestOf(Buffer.from("other"))}`]) {
    const session = await startUpload(client, "team/app");
    assert.equal((await client.request("PUT", `${session}?digest=${query}`, { body: bytes })).status, 201);
  }
});

test("the same blob may be pushed again and again", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const bytes = seededBytes("layer", 400_000);
  for (const push of [...Object.values(ways), ...Object.values(ways)]) {
    assert.equal((await push(client, { body: bytes, digest: digestOf(bytes) })).status, 201);
    await pullBlob(client, "team/app", digestOf(bytes));
  }
});
