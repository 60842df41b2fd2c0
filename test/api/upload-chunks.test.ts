import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { pullBlob, seededBytes } from "../support/content.js";
import { type Answer, errorCodeOf, locationOf, type RegistryClient } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { offsetOf, startUpload } from "../support/upload.js";

const bytes = seededBytes("layer", 1_500_000);
const digest = digestOf(bytes);

function patch(client: RegistryClient, session: string, start: number, end: number, range?: string): Promise<Answer> {
  const headers = { "content-range": range ?? `${start}-${end - 1}` };
  return client.request("PATCH", session, { body: bytes.subarray(start, end), headers });
}

function close(client: RegistryClient, session: string, start = bytes.length): Promise<Answer> {
  const rest = bytes.subarray(start);
  const headers = rest.length > 0 ? { "content-range": `${start}-${bytes.length - 1}` } : {};
  return client.request("PUT", `${session}?digest=${digest}`, { body: rest, headers });
}

for (const [where, start] of [
  ["in memory", runBerth],
  ["on disk", runBerthOnDisk],
] as const) {
  test(`chunks in order form a blob, the last one by PATCH or by PUT (${where})`, async (t) => {
    const { client } = await start(new Scope(t));
    for (const boundaries of [[0, bytes.length], [0, 1, 2, 700_000, bytes.length], [0, 700_000], [0]]) {
      let session = await startUpload(client, "team/app");
      for (const [index, from] of boundaries.slice(0, -1).entries()) {
        const to = boundaries[index + 1] ?? 0;
        const answer = await patch(client, session, from, to);
        assert.equal(answer.status, 202);
        assert.equal(answer.headers.range, `0-${to - 1}`);
        assert.equal(await offsetOf(client, session), to === 1 ? 0 : to);
        session = locationOf(answer);
      }
      const closed = await close(client, session, boundaries.at(-1));
      assert.equal(closed.status, 201);
      await pullBlob(client, "team/app", digest);
      assert.equal((await client.request("DELETE", locationOf(closed))).status, 202);
    }
  });

  test(`a chunk that does not start where the session ends is refused with 416, and the session stays (${where})`, async (t) => {
    const { client } = await start(new Scope(t));
    const session = await startUpload(client, "team/app");
    for (const [from, to] of [
      [0, 400_000],
      [400_000, 900_000],
    ] as const) {
      for (const wrong of [from + 1, to, to + 500_000, from === 0 ? 5 : 0]) {
        const answer = await patch(client, session, wrong, wrong + 1000);
        assert.equal(answer.status, 416, `${wrong} instead of ${from}`);
        assert.equal(errorCodeOf(answer), "BLOB_UPLOAD_INVALID");
        assert.equal(answer.headers.range, `0-${Math.max(0, from - 1)}`);
        assert.equal(await offsetOf(client, session), from);
      }
      assert.equal((await patch(client, session, from, to)).status, 202);
    }
    assert.equal((await close(client, session, 900_000)).status, 201);
    await pullBlob(client, "team/app", digest);
  });

  test(`a closing PUT out of order is refused before its digest is checked (${where})`, async (t) => {
    const { client } = await start(new Scope(t));
    const session = await startUpload(client, "team/app");
    await patch(client, session, 0, 900_000);
    for (const wrong of [0, 900_001]) assert.equal((await close(client, session, wrong)).status, 416);
    const answer = await client.request("PUT", `${session}?digest=${digestOf(Buffer.from("other"))}`, {
      headers: { "content-range": "5-5" },
      body: "x",
    });
    assert.equal(answer.status, 416);
    assert.equal((await close(client, session, 900_000)).status, 201);
    await pullBlob(client, "team/app", digest);
  });
}

test("a chunk that is sent again is refused, not appended twice", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const session = await startUpload(client, "team/app");
  assert.equal((await patch(client, session, 0, 1000)).status, 202);
  assert.equal((await patch(client, session, 0, 1000)).status, 416);
  assert.equal(await offsetOf(client, session), 1000);
});

for (const range of [
  "items 0-999/1000",
  "bytes */1000",
  "0-999/x",
  "999-0",
  "-1-998",
  "-999",
  "0-",
  "*",
  "",
  "0x0-0x3e7",
  "0-1e3",
  "0.0-999",
  "0-9223372036854775807",
  "9223372036854775808-9223372036854776807",
]) {
  test(`Content-Range: "${range}" is refused and changes nothing`, async (t) => {
    const { client } = await runBerthOnDisk(new Scope(t));
    const session = await startUpload(client, "team/app");
    const answer = await patch(client, session, 0, 1000, range);
    assert.equal(answer.status, 400);
    assert.equal(errorCodeOf(answer), "BLOB_UPLOAD_INVALID");
    assert.equal(await offsetOf(client, session), 0);
  });
}

test("spaces around a Content-Range are ignored", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const session = await startUpload(client, "team/app");
  assert.equal((await patch(client, session, 0, 1000, "  0-999\t")).status, 202);
});

test("a Content-Range that contradicts Content-Length is refused and changes nothing", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const session = await startUpload(client, "team/app");
  for (const range of ["0-998", "0-1000", "0-999999999999"]) {
    const answer = await patch(client, session, 0, 1000, range);
    assert.equal(answer.status, 400, range);
    assert.equal(errorCodeOf(answer), "SIZE_INVALID");
    assert.equal(await offsetOf(client, session), 0);
  }
});

test("a streamed chunk whose length contradicts its Content-Range is refused, and the offset says what was kept", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  for (const [announced, kept] of [
    [1500, 1000],
    [700, 700],
  ] as const) {
    const session = await startUpload(client, "team/app");
    const answer = await client.request("PATCH", session, {
      headers: { "content-range": `0-${announced - 1}` },
      body: (async function* () {
        yield bytes.subarray(0, 400);
        yield bytes.subarray(400, 1000);
      })(),
    });
    assert.equal(answer.status, 400);
    assert.equal(errorCodeOf(answer), "SIZE_INVALID");
    assert.equal(await offsetOf(client, session), kept);
    assert.equal((await close(client, session, kept)).status, 201);
    await pullBlob(client, "team/app", digest);
  }
});

test("streamed chunks without a range are appended, whatever came before", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const session = await startUpload(client, "team/app");
  await client.request("PATCH", session, { body: bytes.subarray(0, 5) });
  await client.request("PATCH", session, { body: Buffer.alloc(0) });
  await patch(client, session, 5, 600_000);
  const last = client.start("PATCH", session);
  await last.send(bytes.subarray(600_000, 600_001));
  await last.send(bytes.subarray(600_001));
  assert.equal((await last.end()).headers.range, `0-${bytes.length - 1}`);
  assert.equal((await close(client, session)).status, 201);
  await pullBlob(client, "team/app", digest);
});

test("a wrong digest after many chunks is refused, and the session is deleted with its bytes", async (t) => {
  const { client, storage } = await runBerthOnDisk(new Scope(t));
  const session = await startUpload(client, "team/app");
  await patch(client, session, 0, 900_000);
  await patch(client, session, 900_000, bytes.length);
  const wrong = digestOf(bytes.subarray(1));
  const answer = await client.request("PUT", `${session}?digest=${wrong}`);
  assert.equal(answer.status, 400);
  assert.equal(errorCodeOf(answer), "DIGEST_INVALID");
  assert.equal(await offsetOf(client, session), undefined);
  for (const asked of [wrong, digest]) assert.equal((await client.head(`/v2/team/app/blobs/${asked}`)).status, 404);
  assert.deepEqual(await storage.driver.staging.list("docker/registry/v2/repositories/team/app/_uploads"), []);
});
