import { strict as assert } from "node:assert";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { digestOf } from "../../src/oci/digest.js";
import { expectStatus, pullBlob, pushBlob, seededBytes } from "../support/content.js";
import { RawConnection } from "../support/raw-connection.js";
import { errorCodeOf } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { offsetOf, startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

const trusted = { server: { trustedProxies: ["127.0.0.1"] } };
const from = (address: string) => ({ "x-forwarded-for": address });

test("any number of sessions takes a limited number of files, even in ever new repositories", async (t) => {
  const scope = new Scope(t);
  const { client, root } = await runBerthOnDisk(scope, { private: { uploads: { maxOpen: 20 } } });
  for (let count = 0; count < 200; count++) await startUpload(client, `flood/r${count}`);
  const names = readdirSync(join(root, "docker/registry/v2/repositories/flood"));
  assert.ok(names.length <= 20, `${names.length} repositories have folders`);
  const layer = seededBytes("layer", 100_000);
  await pushBlob(client, "app", layer);
  await pullBlob(client, "app", digestOf(layer));
});

test("a session with bytes does not give way, an empty one does, the oldest first", async (t) => {
  const { client } = await runBerth(new Scope(t), { private: { uploads: { maxOpen: 4 } } });
  const filled = await startUpload(client, "app");
  expectStatus(await client.request("PATCH", filled, { body: "bytes" }), 202, "its first bytes");
  const empty = [await startUpload(client, "app"), await startUpload(client, "app"), await startUpload(client, "app")];
  const next = await startUpload(client, "app");
  const offsets = await Promise.all([filled, ...empty, next].map((session) => offsetOf(client, session)));
  assert.deepEqual(
    offsets.map((offset) => offset !== undefined),
    [true, false, true, true, true],
  );
});

test("a session that is about to receive its first bytes does not give way", async (t) => {
  const { client } = await runBerth(new Scope(t), { private: { uploads: { maxOpen: 3 } } });
  const session = await startUpload(client, "app");
  const sender = client.start("PATCH", session);
  await sender.send(Buffer.from("first"));
  await waitUntil("it has arrived", async () => (await offsetOf(client, session)) === 5 || undefined);
  for (let count = 0; count < 10; count++) await startUpload(client, "app");
  assert.equal((await sender.end()).status, 202);
});

test("if all sessions have bytes, another one is refused until one is finished", async (t) => {
  const { client } = await runBerth(new Scope(t), { private: { uploads: { maxOpen: 2 } } });
  const sessions = [await startUpload(client, "app"), await startUpload(client, "app")];
  for (const session of sessions) await client.request("PATCH", session, { body: "bytes" });
  const refused = await client.request("POST", "/v2/app/blobs/uploads/");
  assert.equal(refused.status, 429);
  assert.equal(errorCodeOf(refused), "TOOMANYREQUESTS");
  assert.match(refused.headers["retry-after"] ?? "", /^\d+$/);
  const finished = await client.request("PUT", `${sessions[0]}?digest=${digestOf(Buffer.from("bytes"))}`);
  assert.equal(finished.status, 201);
  await startUpload(client, "app");
  assert.equal((await client.request("DELETE", sessions[1] ?? "")).status, 204);
  await startUpload(client, "app");
});

test("each client's sessions are limited separately, and cost other clients none", async (t) => {
  const uploads = { maxOpen: 100, maxOpenPerClient: 3 };
  const { client } = await runBerth(new Scope(t), { ...trusted, private: { uploads } });
  const start = async (address: string, body?: string) => {
    const started = await client.request("POST", "/v2/app/blobs/uploads/", { headers: from(address) });
    const session = started.headers.location ?? "";
    if (body !== undefined) await client.request("PATCH", session, { body, headers: from(address) });
    return { status: started.status, session };
  };
  const others = await start("192.0.2.1");
  for (let count = 0; count < 3; count++) assert.equal((await start("2001:db8::1", "bytes")).status, 202);
  assert.equal((await start("2001:db8::ffff")).status, 429);
  assert.equal((await start("2001:db8:0:1::1")).status, 202);
  for (let count = 0; count < 10; count++) assert.equal((await start("192.0.2.2")).status, 202);
  assert.equal(await offsetOf(client, others.session), 0);
});

test("senders that hardly move give their places to one that does, and their bytes are kept", async (t) => {
  const scope = new Scope(t);
  const { client, port, log } = await runBerth(scope, { private: { uploads: { maxConcurrent: 3 } } });
  const slow: RawConnection[] = [];
  for (let count = 0; count < 3; count++) {
    const connection = await RawConnection.open(scope, port);
    connection.send(`PATCH ${await startUpload(client, "app")} HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n`);
    slow.push(connection);
  }
  const drip = setInterval(() => {
    for (const { socket } of slow) socket.write("x".repeat(8));
  }, 100);
  scope.defer(() => clearInterval(drip));
  const session = await startUpload(client, "app");
  await waitUntil("one gives way", async () => {
    const answer = await client.request("PATCH", session, { body: "bytes" });
    return answer.status === 202 || undefined;
  });
  await Promise.race(slow.map(({ closed }) => closed));
  assert.equal(log.named("upload cut off: another one needs its place").length, 1);
  assert.equal(slow.filter(({ socket }) => socket.destroyed).length, 1);
});

/** After this time a silent sender gives its place to anyone. */
const judgedAfterMs = 2_000;

test("a sender that has sent bytes gets the place of a silent one before others would", async (t) => {
  const scope = new Scope(t);
  const { client, port } = await runBerth(scope, { private: { uploads: { maxConcurrent: 1 } } });
  const session = await startUpload(client, "app");
  const put = async (body: string) => (await client.request("PATCH", session, { body })).status;
  await waitUntil("the one with bytes comes first, on a machine that did not stand still for so long", async () => {
    const startedAt = performance.now();
    const silent = await RawConnection.open(scope, port);
    silent.send(`PATCH ${await startUpload(client, "app")} HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n`);
    const isReceiving = async () => silent.socket.destroyed || (await put("")) === 429 || undefined;
    await waitUntil("the silent one is receiving", isReceiving);
    const first = await waitUntil("it gives way", async () => {
      if ((await put("")) !== 429) return "without bytes";
      return (await put("bytes")) === 202 ? "with bytes" : undefined;
    });
    await silent.closed;
    if (first === "with bytes") return true;
    assert.ok(performance.now() - startedAt >= judgedAfterMs, "one without bytes does not get its place sooner");
    return undefined;
  });
});

test("senders that move keep their places: another one of the same client is refused", async (t) => {
  const scope = new Scope(t);
  const { client, log } = await runBerth(scope, { private: { uploads: { maxConcurrent: 2 } } });
  const senders = [
    client.start("PATCH", await startUpload(client, "app")),
    client.start("PATCH", await startUpload(client, "app")),
  ];
  const third = await startUpload(client, "app");
  for (let round = 0; round < 30; round++) {
    // At this speed, a machine that stands still for some seconds changes nothing.
    for (const sender of senders) await sender.send(Buffer.alloc(200_000));
    await delay(100);
    if (round > 2) assert.equal((await client.request("PATCH", third, { body: "x" })).status, 429);
  }
  for (const sender of senders) assert.equal((await sender.end()).status, 202);
  assert.deepEqual(log.named("upload cut off: another one needs its place"), []);
});

test("a client that has most of the places gives one to another client, however fast it is", async (t) => {
  const scope = new Scope(t);
  const { client } = await runBerth(scope, { ...trusted, private: { uploads: { maxConcurrent: 2 } } });
  const senders = [];
  for (let count = 0; count < 2; count++) {
    const sender = client.start("PATCH", await startUpload(client, "app"), from("192.0.2.1"));
    sender.answer.catch(() => {});
    senders.push(sender);
  }
  let isOver = false;
  const sending = (async () => {
    while (!isOver) {
      await Promise.allSettled(senders.map((sender) => sender.send(Buffer.alloc(20_000))));
      await delay(50);
    }
  })();
  const session = await startUpload(client, "app");
  await waitUntil("the other client has a place", async () => {
    const answer = await client.request("PATCH", session, { body: "x", headers: from("192.0.2.2") });
    return answer.status === 202 || undefined;
  });
  isOver = true;
  await sending;
  for (const sender of senders) sender.cut();
});
