import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { pushBlob, seededBytes } from "../support/content.js";
import { errorCodeOf } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";

const storages = [
  ["in memory", runBerth],
  ["on disk", runBerthOnDisk],
] as const;

/** Sizes around those of the buffers for sending blobs. */
const sizes = [0, 1, 2, 65_535, 65_536, 262_144, 262_145, 1_048_576, 3_500_000];

for (const [where, start] of storages) {
  test(`a blob comes back byte for byte, whatever its size (${where})`, async (t) => {
    const { client } = await start(new Scope(t));
    for (const size of sizes) {
      const bytes = seededBytes("layer", size);
      const target = `/v2/team/app/blobs/${digestOf(bytes)}`;
      await pushBlob(client, "team/app", bytes);
      for (const answer of [await client.head(target), await client.get(target)]) {
        assert.equal(answer.status, 200);
        assert.equal(answer.headers["content-length"], String(size));
        assert.equal(answer.headers["content-type"], "application/octet-stream");
        assert.equal(answer.headers["docker-content-digest"], digestOf(bytes));
        assert.equal(answer.headers["accept-ranges"], "bytes");
        if (answer.body.length > 0) assert.ok(answer.body.equals(bytes));
      }
      assert.equal((await client.get(target)).body.length, size);
    }
  });
}

test("a response by digest may be cached forever", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const bytes = Buffer.from("layer");
  await pushBlob(client, "team/app", bytes);
  const answer = await client.get(`/v2/team/app/blobs/${digestOf(bytes)}`);
  assert.match(answer.headers["cache-control"] ?? "", /immutable/);
  assert.equal(answer.headers.etag, `"${digestOf(bytes)}"`);
});

test("content that a client already has is not sent again", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const bytes = Buffer.from("layer");
  const digest = digestOf(bytes);
  await pushBlob(client, "team/app", bytes);
  const target = `/v2/team/app/blobs/${digest}`;
  for (const known of [`"${digest}"`, digest, `W/"${digest}"`, `"other", "${digest}"`, "*"]) {
    for (const method of ["GET", "HEAD"]) {
      const answer = await client.request(method, target, { headers: { "if-none-match": known } });
      assert.equal(answer.status, 304, `${method} ${known}`);
      assert.equal(answer.body.length, 0);
      assert.equal(answer.headers.etag, `"${digest}"`);
    }
  }
  for (const other of ['"other"', "", `"${digest}x"`]) {
    assert.equal((await client.get(target, { "if-none-match": other })).status, 200, other);
  }
});

test("a missing blob is reported as unknown", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const digest = digestOf(Buffer.from("absent"));
  const answer = await client.get(`/v2/team/app/blobs/${digest}`, { "if-none-match": `"${digest}"` });
  assert.equal(answer.status, 404);
});

test("a blob cannot be read through a repository that it was not pushed to", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const bytes = Buffer.from("secret layer");
  await pushBlob(client, "team/secret", bytes);
  for (const name of ["team/app", "team", "secret", "team/secret/more", "team/secret2"]) {
    const answer = await client.get(`/v2/${name}/blobs/${digestOf(bytes)}`);
    assert.equal(answer.status, 404, name);
    assert.equal(errorCodeOf(answer), "BLOB_UNKNOWN");
    assert.equal((await client.head(`/v2/${name}/blobs/${digestOf(bytes)}`)).status, 404, name);
  }
});

test("a blob by its sha512 digest and by its sha256 digest are two, each where it was pushed", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const bytes = Buffer.from("layer");
  await pushBlob(client, "team/app", bytes, digestOf(bytes, "sha512"));
  const answer = await client.get(`/v2/team/app/blobs/${digestOf(bytes, "sha512")}`);
  assert.equal(answer.headers["docker-content-digest"], digestOf(bytes, "sha512"));
  assert.ok(answer.body.equals(bytes));
  assert.equal((await client.get(`/v2/team/app/blobs/${digestOf(bytes)}`)).status, 404);
  await pushBlob(client, "team/app", bytes);
  assert.equal((await client.get(`/v2/team/app/blobs/${digestOf(bytes)}`)).status, 200);
});

for (const digest of [
  "sha256:",
  `sha256:${"a".repeat(63)}`,
  `sha256:${"a".repeat(65)}`,
  `sha256:${"A".repeat(64)}`,
  `SHA256:${"a".repeat(64)}`,
  `sha512:${"a".repeat(64)}`,
  `sha256:${"g".repeat(64)}`,
  `md5:${"a".repeat(32)}`,
  `sha1:${"a".repeat(40)}`,
  `sha256+b64:${"a".repeat(64)}`,
  `sha256.a:${"a".repeat(64)}`,
  `sha256:${"a".repeat(62)}%0A`,
  `sha256:${"a".repeat(64)}%0A`,
  `%20sha256:${"a".repeat(64)}`,
  "sha256:..%2f..%2fx",
  `constructor:${"a".repeat(64)}`,
  `__proto__:${"a".repeat(64)}`,
  "a".repeat(64),
  "latest",
] as const) {
  test(`${digest.slice(0, 30)} (${digest.length} characters) is no digest`, async (t) => {
    const { client } = await runBerthOnDisk(new Scope(t));
    for (const target of [`blobs/${digest}`, `referrers/${digest}`]) {
      const answer = await client.get(`/v2/team/app/${target}`);
      assert.equal(answer.status, 400, target);
      assert.equal(errorCodeOf(answer), "DIGEST_INVALID", target);
    }
    const query = digest.replace("+", "%2B");
    const push = await client.request("POST", `/v2/team/app/blobs/uploads/?digest=${query}`, { body: "x" });
    assert.equal(push.status, 400);
    assert.equal(errorCodeOf(push), "DIGEST_INVALID");
    // A mount that is not possible starts a session, as with registry:2.
    const mount = await client.request("POST", `/v2/team/app/blobs/uploads/?mount=${query}`);
    assert.equal(mount.status, 202);
  });
}

test("the bytes of a manifest are not a blob of the repository, and a blob is not a manifest", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const image = await pushSmallImage(client, "team/app", "layer");
  assert.equal((await client.get(`/v2/team/app/blobs/${image.descriptor.digest}`)).status, 404);
  assert.equal((await client.get(`/v2/team/app/manifests/${digestOf(Buffer.from("layer"))}`)).status, 404);
  await pushBlob(client, "team/app", image.bytes);
  assert.ok((await client.get(`/v2/team/app/blobs/${image.descriptor.digest}`)).body.equals(image.bytes));
});
