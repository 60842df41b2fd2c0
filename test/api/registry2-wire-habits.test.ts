import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { pullBlob, pushBlob } from "../support/content.js";
import { type Answer, errorCodeOf, locationOf, type RegistryClient } from "../support/registry-client.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { offsetOf, startUpload } from "../support/upload.js";

const bytes = Buffer.from("0123456789");
const digest = digestOf(bytes);
const nothing = digestOf(Buffer.alloc(0));
const uploads = "/v2/team/app/blobs/uploads/";

/** A POST without a body, as clients start an upload. */
function post(client: RegistryClient, query: string): Promise<Answer> {
  return client.request("POST", `${uploads}?${query}`, { headers: { "content-length": 0 } });
}

test("an upload is closed by a digest appended with & or ?, plain or encoded, to every location that was sent", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const places: Readonly<Record<string, (session: string) => Promise<string>>> = {
    "the start": async (session) => session,
    "the chunk": async (session) => locationOf(await client.request("PATCH", session, { body: bytes })),
    "the status": async (session) => locationOf(await client.get(session)),
    "the id alone": async (session) => session.split("?")[0] ?? "",
  };
  for (const [told, placeOf] of Object.entries(places)) {
    for (const appended of [`&digest=${digest}`, `?digest=${digest}`, `&digest=${encodeURIComponent(digest)}`]) {
      const place = await placeOf(await startUpload(client, "team/app"));
      if (told !== "the id alone") assert.match(place, /\?_state=./, "scripts for registry:2 depend on a query");
      const body = told === "the chunk" ? "" : bytes;
      assert.equal(
        (await client.request("PUT", place + appended, { body })).status,
        201,
        `${told}: ${place}${appended}`,
      );
    }
  }
  await pullBlob(client, "team/app", digest);
});

test("a mount that is not possible starts a session", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushBlob(client, "team/source", bytes);
  for (const query of [
    `mount=${digest}&from=`,
    `mount=${digest}&from=bartowski/Llama-3.2-1B`,
    `mount=${digest}&from=../etc`,
    "mount=&from=",
    "mount=",
    "mount=sha384:00&from=team/source",
    `mount=${digest.toUpperCase()}&from=team/source`,
    `mount=blake3:${"0".repeat(64)}`,
  ]) {
    const answer = await post(client, query);
    assert.equal(answer.status, 202, query);
    assert.equal(await offsetOf(client, locationOf(answer)), 0, query);
  }
  assert.equal((await client.head(`/v2/team/app/blobs/${digest}`)).status, 404);
});

test("a POST with a digest and no body starts a session, unless it is the digest of empty content", async (t) => {
  const { client } = await runBerth(new Scope(t));
  for (const query of [`digest=${digest}`, "digest=", "digest=sha384:00"]) {
    const started = await post(client, query);
    assert.equal(started.status, 202, query);
    assert.equal((await client.request("PUT", locationOf(started, `digest=${digest}`), { body: bytes })).status, 201);
  }
  assert.equal((await post(client, `digest=${nothing}`)).status, 201);
  await pullBlob(client, "team/app", nothing);
  const chunked = { "transfer-encoding": "chunked" };
  assert.equal((await client.start("POST", `${uploads}?digest=${digest}`, chunked).end()).status, 202);
  const whole = client.start("POST", `${uploads}?digest=${digest}`, chunked);
  await whole.send(bytes);
  assert.equal((await whole.end()).status, 201);
  const malformed = await client.request("POST", `${uploads}?digest=sha384:00`, { body: bytes });
  assert.equal(errorCodeOf(malformed), "DIGEST_INVALID", "with a body, the digest counts");
});

test("a Content-Range is accepted with a unit and with a size, as other APIs write it", async (t) => {
  const { client } = await runBerth(new Scope(t));
  for (const range of ["0-9", "bytes 0-9/10", "bytes=0-9", "bytes 0-9/*", "0-9/10", "Bytes 0-9", "bytes = 0-9"]) {
    const headers = { "content-range": range };
    const patched = await client.request("PATCH", await startUpload(client, "team/app"), { body: bytes, headers });
    assert.equal(patched.status, 202, range);
    assert.equal(patched.headers.range, "0-9", range);
    assert.equal((await client.request("PUT", locationOf(patched, `digest=${digest}`))).status, 201, range);
  }
  for (const range of ["bytes */10", "items 0-9", "0-", "-9", "9-0"]) {
    const headers = { "content-range": range };
    const patched = await client.request("PATCH", await startUpload(client, "team/app"), { body: bytes, headers });
    assert.equal(errorCodeOf(patched), "BLOB_UPLOAD_INVALID", range);
  }
});

test("a closing PUT without a body closes, whatever Content-Range it repeats", async (t) => {
  const { client } = await runBerth(new Scope(t));
  for (const range of ["0-9", "bytes 0-9/10", "5-9", "10-10", "0-0", "nonsense"]) {
    const patched = await client.request("PATCH", await startUpload(client, "team/app"), { body: bytes });
    const headers = { "content-range": range, "content-length": 0 };
    const closed = await client.request("PUT", locationOf(patched, `digest=${digest}`), { headers });
    assert.equal(closed.status, 201, range);
    const again = await client.request("PATCH", await startUpload(client, "team/app"), { body: bytes });
    const chunked = { "content-range": range, "transfer-encoding": "chunked" };
    const last = client.start("PUT", locationOf(again, `digest=${digest}`), chunked);
    assert.equal((await last.end()).status, 201, `${range}, chunked`);
  }
});

test("a path with two consecutive slashes, as joined URLs have, is accepted", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushBlob(client, "team/app", bytes);
  for (const target of ["//v2/", "/v2//", `//v2/team/app/blobs/${digest}`, `/v2//team//app/blobs///${digest}?a=b//c?d`])
    assert.equal((await client.get(target)).status, 200, target);
  const started = await client.request("POST", "//v2/team/app/blobs/uploads/");
  assert.equal(started.status, 202);
  assert.match(locationOf(started), /^\/v2\/team\/app\/blobs\/uploads\/[^/]+$/);
});
