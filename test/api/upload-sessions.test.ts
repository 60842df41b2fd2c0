import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { pullBlob, seededBytes } from "../support/content.js";
import { errorCodeOf, locationOf } from "../support/registry-client.js";
import { type RunningBerth, runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { offsetOf, resumeAsTold, startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

const bytes = seededBytes("layer", 900_000);
const digest = digestOf(bytes);
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Waits until the access log has this many lines of a method: these requests are then over. */
async function requestsOver({ log }: RunningBerth, method: string, count: number): Promise<void> {
  await waitUntil(`${count} ${method} are over`, () => {
    const over = log.named("request").filter((fields) => fields.method === method);
    return over.length >= count || undefined;
  });
}

test("a session has an unguessable id, and returns its location and offset", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const ids = new Set<string>();
  for (let count = 0; count < 50; count++) {
    const answer = await client.request("POST", "/v2/team/app/blobs/uploads/");
    const id = answer.headers["docker-upload-uuid"] ?? "";
    assert.match(id, uuid);
    assert.equal(locationOf(answer), `/v2/team/app/blobs/uploads/${id}?_state=stored`);
    assert.equal(answer.headers.range, "0-0");
    assert.equal(answer.headers["content-length"], "0");
    ids.add(id);
  }
  assert.equal(ids.size, 50);
});

test("the status of a session has no body, and no header that announces one", async (t) => {
  const { client } = await runBerth(new Scope(t));
  const session = await startUpload(client, "team/app");
  await client.request("PATCH", session, { body: bytes.subarray(0, 1000) });
  const answer = await client.get(session);
  assert.equal(answer.status, 204);
  assert.equal(answer.headers.range, "0-999");
  assert.equal(locationOf(answer), session);
  assert.equal(answer.headers["content-length"], undefined);
  assert.equal(answer.headers["transfer-encoding"], undefined);
});

test("a cancelled session is deleted with its bytes", async (t) => {
  const { client, storage } = await runBerthOnDisk(new Scope(t));
  const session = await startUpload(client, "team/app");
  await client.request("PATCH", session, { body: bytes });
  const cancelled = await client.request("DELETE", session, { headers: { "content-length": 0 } });
  assert.equal(cancelled.status, 204);
  assert.equal(cancelled.headers["content-length"], undefined);
  for (const [method, target] of [
    ["GET", session],
    ["PATCH", session],
    ["PUT", `${session}?digest=${digest}`],
    ["DELETE", session],
  ] as const) {
    const answer = await client.request(method, target);
    assert.equal(answer.status, 404, method);
    assert.equal(errorCodeOf(answer), "BLOB_UPLOAD_UNKNOWN", method);
  }
  assert.deepEqual(await storage.driver.staging.list("docker/registry/v2/repositories/team/app/_uploads"), []);
});

test("a finished session is gone, and a second PUT creates no second blob", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const session = await startUpload(client, "team/app");
  assert.equal((await client.request("PUT", `${session}?digest=${digest}`, { body: bytes })).status, 201);
  const again = await client.request("PUT", `${session}?digest=${digest}`, { body: bytes });
  assert.equal(again.status, 404);
  assert.equal(errorCodeOf(again), "BLOB_UPLOAD_UNKNOWN");
  await pullBlob(client, "team/app", digest);
});

test("a session of another repository is unknown, and unharmed", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const session = await startUpload(client, "team/app");
  await client.request("PATCH", session, { body: bytes.subarray(0, 1000) });
  const id = session.slice(session.lastIndexOf("/") + 1);
  for (const name of ["team", "other", "team/app/sub", "team/apps"]) {
    const foreign = `/v2/${name}/blobs/uploads/${id}`;
    for (const [method, target] of [
      ["GET", foreign],
      ["PATCH", foreign],
      ["PUT", `${foreign}?digest=${digest}`],
      ["DELETE", foreign],
    ] as const) {
      const answer = await client.request(method, target, { body: method === "GET" ? "" : "bytes" });
      assert.equal(answer.status, 404, `${method} ${name}`);
      assert.equal(errorCodeOf(answer), "BLOB_UPLOAD_UNKNOWN");
    }
  }
  assert.equal(await offsetOf(client, session), 1000);
});

for (const id of [
  "00000000-0000-4000-8000-000000000000",
  "00000000-0000-4000-8000-00000000000",
  "..",
  "..%2f..%2f_layers",
  "%00",
  "__proto__",
  "constructor",
  "1",
  "a".repeat(5000),
  "{00000000-0000-4000-8000-000000000000}",
  "00000000-0000-4000-8000-000000000000%0a",
]) {
  test(`no session has the id ${id.slice(0, 40)}`, async (t) => {
    const { client } = await runBerthOnDisk(new Scope(t));
    await startUpload(client, "team/app");
    for (const method of ["GET", "PATCH", "PUT", "DELETE"]) {
      const answer = await client.request(method, `/v2/team/app/blobs/uploads/${id}?digest=${digest}`);
      assert.equal(answer.status, 404, method);
      assert.equal(errorCodeOf(answer), "BLOB_UPLOAD_UNKNOWN", method);
    }
  });
}

for (const method of ["PATCH", "PUT"] as const) {
  test(`a ${method} that is cut off keeps what arrived, and the upload resumes from there`, async (t) => {
    const berth = await runBerthOnDisk(new Scope(t));
    const { client } = berth;
    const session = await startUpload(client, "team/app");
    const sender = client.start(method, `${session}?digest=${digest}`, { "content-length": bytes.length });
    await sender.send(bytes.subarray(0, 800_000));
    await waitUntil("something arrived", async () => ((await offsetOf(client, session)) ?? 0) > 0 || undefined);
    sender.cut();
    await requestsOver(berth, method, 1);
    const offset = await offsetOf(client, session);
    assert.ok(offset !== undefined && offset > 0 && offset <= 800_000, `offset ${offset}`);
    await resumeAsTold(client, session, { bytes, digest });
    await pullBlob(client, "team/app", digest);
  });
}

test("a single POST that is cut off leaves nothing", async (t) => {
  const berth = await runBerthOnDisk(new Scope(t));
  const { client, storage } = berth;
  const target = `/v2/team/app/blobs/uploads/?digest=${digest}`;
  const sender = client.start("POST", target, { "content-length": bytes.length });
  await sender.send(bytes.subarray(0, 400_000));
  await waitUntil(
    "it began",
    async () => (await storage.driver.staging.list(".berth/scratch")).length > 0 || undefined,
  );
  sender.cut();
  await requestsOver(berth, "POST", 1);
  await waitUntil(
    "it was cleared",
    async () => (await storage.driver.staging.list(".berth/scratch")).length === 0 || undefined,
  );
  assert.equal((await client.head(`/v2/team/app/blobs/${digest}`)).status, 404);
});

test("a client that reconnects does not wait for its own dead connection, whose bytes are kept", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const session = await startUpload(client, "team/app");
  const dead = client.start("PATCH", session);
  await dead.send(bytes.subarray(0, 800_000));
  await waitUntil("something arrived", async () => ((await offsetOf(client, session)) ?? 0) > 0 || undefined);
  let offset = (await offsetOf(client, session)) ?? 0;
  let answer = await client.request("PATCH", session, {
    headers: { "content-range": `${offset}-${bytes.length - 1}` },
    body: bytes.subarray(offset),
  });
  // What the dead connection was still sending may have moved the end.
  if (answer.status === 416) {
    offset = Number(answer.headers.range?.slice(2)) + 1;
    answer = await client.request("PATCH", session, { body: bytes.subarray(offset) });
  }
  assert.equal(answer.status, 202);
  assert.equal((await client.request("PUT", `${session}?digest=${digest}`)).status, 201);
  await pullBlob(client, "team/app", digest);
  await assert.rejects(dead.end());
});

test("of two concurrent chunks for one offset, at most one is accepted", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  for (let round = 0; round < 10; round++) {
    const session = await startUpload(client, "team/app");
    const send = () =>
      client
        .request("PATCH", session, { headers: { "content-range": "0-499999" }, body: bytes.subarray(0, 500_000) })
        .then(({ status }) => status)
        .catch(() => undefined);
    const statuses = await Promise.all([send(), send(), send()]);
    assert.ok(statuses.filter((status) => status === 202).length <= 1, `${statuses}`);
    const offset = await offsetOf(client, session);
    assert.ok(offset !== undefined && offset <= 500_000);
    const rest = await client.request("PUT", `${session}?digest=${digest}`, { body: bytes.subarray(offset) });
    assert.equal(rest.status, 201);
    await pullBlob(client, "team/app", digest);
  }
});

test("of a concurrent PUT and DELETE, whichever comes first, the blob is complete or absent", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  for (let round = 0; round < 10; round++) {
    const content = seededBytes(`round ${round}`, 200_000);
    const session = await startUpload(client, "team/app");
    const target = `${session}?digest=${digestOf(content)}`;
    const put = client.request("PUT", target, { body: content }).then(
      ({ status }) => status,
      () => undefined,
    );
    const cancelled = await client.request("DELETE", session);
    assert.ok([204, 404].includes(cancelled.status), `${cancelled.status}`);
    const found = await client.get(`/v2/team/app/blobs/${digestOf(content)}`);
    if ((await put) === 201) assert.ok(found.body.equals(content));
    else assert.equal(found.status, 404);
    assert.equal(await offsetOf(client, session), undefined);
  }
});

test("no more uploads run at once than the limit, and a refused one may retry", async (t) => {
  const { client, log } = await runBerth(new Scope(t), { private: { uploads: { maxConcurrent: 2 } } });
  const sessions = [await startUpload(client, "team/app"), await startUpload(client, "team/app")];
  const running = sessions.map((session) => client.start("PATCH", session));
  for (const sender of running) await sender.send(Buffer.from("begun"));

  const third = await startUpload(client, "team/app");
  const refused = await waitUntil("both run", async () => {
    const answer = await client.request("PATCH", third, { body: "" });
    return answer.status === 202 ? undefined : answer;
  });
  assert.equal(refused.status, 429);
  assert.equal(errorCodeOf(refused), "TOOMANYREQUESTS");
  assert.match(refused.headers["retry-after"] ?? "", /^\d+$/);
  assert.equal((await client.get("/v2/_catalog")).status, 200);

  await running[0]?.end();
  running[1]?.cut();
  await waitUntil("the cut one is over", () => log.named("request").find(({ cut }) => cut === true));
  for (const session of [third, ...sessions]) {
    assert.equal((await client.request("PATCH", session, { body: "bytes" })).status, 202);
  }
});
