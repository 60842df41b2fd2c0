import { strict as assert } from "node:assert";
import { test } from "node:test";
import { StorageError } from "../../src/oci/storage-error.js";
import type { StorageDriver } from "../../src/storage/driver.js";
import { S3Driver } from "../../src/storage/drivers/s3/s3-driver.js";
import { seededBytes } from "../support/content.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { settingsFor } from "../support/object-stores/object-store.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const MiB = 1024 * 1024;

function story(sentence: string, tell: (store: FakeStore, driver: S3Driver) => Promise<void>): void {
  test(`s3: ${sentence}`, async (t) => {
    const scope = new Scope(t);
    const store = await FakeStore.start(scope);
    await tell(store, await S3Driver.open(await settingsFor(scope, store, "images")));
  });
}

for (const [status, code] of [
  [500, "InternalError"],
  [503, "SlowDown"],
  [503, "ServiceUnavailable"],
  [429, "TooManyRequests"],
] as const) {
  story(`a request that fails with ${status} ${code} is repeated`, async (store, driver) => {
    for (const matches of [/^PUT .*key/, /^GET .*key/, /^HEAD .*key/, /^GET .*list-type/, /^DELETE .*key/])
      store.faults.add(matches, { kind: "status", status, code }, 2);
    await driver.write({ key: "a/key", content: Buffer.from("content") });
    assert.equal((await driver.read("a/key"))?.toString(), "content");
    assert.equal((await driver.stat("a/key"))?.size, 7);
    assert.deepEqual(await driver.list("a"), ["key"]);
    await driver.remove("a/key");
    assert.deepEqual(store.keys(), []);
  });
}

story(
  "a store that stays in trouble is busy or unavailable, and never says that something is absent",
  async (store, driver) => {
    store.faults.add(/key/, { kind: "status", status: 503, code: "SlowDown" }, 1000);
    const isBusy = (error: unknown) => error instanceof StorageError && error.kind === "busy";
    await assert.rejects(driver.write({ key: "key", content: Buffer.from("x") }), isBusy);
    await assert.rejects(driver.stat("key"), isBusy);
    store.faults.add(/other/, { kind: "status", status: 500, code: "InternalError" }, 1000);
    const isDown = (error: unknown) => error instanceof StorageError && error.kind === "unavailable";
    await assert.rejects(driver.read("other"), isDown);
    await assert.rejects(driver.openRead("other"), isDown);
  },
);

story("a write that is denied once is repeated: MinIO denies those that meet a removal", async (store, driver) => {
  store.faults.add(/^(PUT|DELETE) .*key/, { kind: "status", status: 403, code: "AccessDenied" }, 2);
  await driver.write({ key: "a/key", content: Buffer.from("content") });
  assert.equal((await driver.read("a/key"))?.toString(), "content");
});

story("keys that may only read make the storage read-only", async (store, driver) => {
  store.faults.add(/^(PUT|DELETE) /, { kind: "status", status: 403, code: "AccessDenied" }, 1000);
  const isReadOnly = (error: unknown) => error instanceof StorageError && error.kind === "readonly";
  await assert.rejects(driver.write({ key: "key", content: Buffer.from("x") }), isReadOnly);
  assert.equal(await driver.read("key"), undefined);
});

story("a store without room is full", async (store, driver) => {
  store.faults.add(/^PUT /, { kind: "status", status: 507, code: "XMinioStorageFull" }, 1000);
  const isFull = (error: unknown) => error instanceof StorageError && error.kind === "full";
  await assert.rejects(driver.write({ key: "key", content: Buffer.from("x") }), isFull);
});

story("a conditional write whose answer is lost is known to have happened", async (store, driver) => {
  store.faults.add(/^PUT .*free/, { kind: "lost answer" });
  assert.equal(await driver.conditional?.writeIfAbsent({ key: "free", content: Buffer.from("mine") }), true);
  store.faults.add(/^PUT .*free/, { kind: "lost answer" });
  assert.equal(await driver.conditional?.writeIfAbsent({ key: "free", content: Buffer.from("others") }), false);
  assert.equal((await driver.read("free"))?.toString(), "mine");
});

story("a large blob is put together although answers are lost, and errors come as success", async (store, driver) => {
  const content = seededBytes("large", 30 * MiB);
  store.faults.add(/^PUT .*partNumber=2/, { kind: "error in success" });
  store.faults.add(/^POST .*uploadId/, { kind: "error in success" });
  store.faults.add(/^POST .*uploadId/, { kind: "lost answer" });
  const staged = driver.staging.at("up/1/data");
  await staged.append(0, inPieces(content));
  await staged.commit("blobs/large");
  assert.ok((await driver.read("blobs/large", 100 * MiB))?.equals(content));
  assert.deepEqual(store.keys(), ["blobs/large"]);
  assert.deepEqual(store.openUploads, []);
});

story(
  "a blob that cannot be put together leaves no unfinished upload, and can be committed again",
  async (store, driver) => {
    const content = seededBytes("again", 20 * MiB);
    const staged = driver.staging.at("up/2/data");
    await staged.append(0, inPieces(content));
    store.faults.add(/^PUT .*partNumber/, { kind: "status", status: 500, code: "InternalError" }, 15);
    await assert.rejects(staged.commit("blobs/again"), StorageError);
    assert.equal(await driver.stat("blobs/again"), undefined);
    assert.deepEqual(store.openUploads, []);
    await driver.staging.at("up/2/data").commit("blobs/again");
    assert.ok((await driver.read("blobs/again", 100 * MiB))?.equals(content));
  },
);

story("the last part of an upload is sent while the one before it is still on its way", async (store, driver) => {
  const partsSent = () => store.faults.requests.filter((request) => /^PUT .*\/parts\//.test(request)).length;
  let release = () => {};
  store.faults.add(/^PUT .*\/parts\//, { kind: "held", until: new Promise<void>((resolve) => (release = resolve)) });
  const content = seededBytes("two parts", 10 * MiB);
  const staged = driver.staging.at("up/4/data");
  const appended = staged.append(0, inPieces(content));
  await waitUntil("both parts are on their way", () => partsSent() === 2 || undefined);
  release();
  assert.equal(await appended, content.length);
  await staged.commit("blobs/two-parts");
  assert.ok((await driver.read("blobs/two-parts", 100 * MiB))?.equals(content));
});

story("a trace is written beside what is written in order", async (store, driver) => {
  let release = () => {};
  store.faults.add(/^PUT .*trace/, { kind: "held", until: new Promise<void>((resolve) => (release = resolve)) });
  const [first, second] = ["first", "second"].map((key) => ({ key, content: Buffer.from(key) }));
  assert.ok(first && second);
  const written = driver.write({ key: "trace", content: Buffer.from("trace"), isTrace: true }, first, second);
  await waitUntil("the others are written", () => store.keys().join() === "first,second" || undefined);
  release();
  await written;
  assert.deepEqual(store.keys(), ["first", "second", "trace"]);
});

story("a part that the store confirms without an ETag is no success: the upload is aborted", async (store, driver) => {
  const staged = driver.machine.staging.at("up/5/data");
  await staged.append(0, inPieces(seededBytes("parts", 20 * MiB)));
  store.faults.add(/^PUT .*partNumber/, { kind: "no etag" }, 1000);
  await assert.rejects(staged.commit("blobs/no-etag"), /no ETag was sent/);
  assert.equal(await driver.stat("blobs/no-etag"), undefined);
  assert.deepEqual(store.openUploads, []);
});

story(
  "no request waits for 100 Continue or has a checksum in a trailer: other stores refuse both",
  async (store, driver) => {
    const content = seededBytes("plain", 20 * MiB);
    await driver.write({ key: "small", content: Buffer.from("content") }, { key: "empty", content: Buffer.alloc(0) });
    for (const [staged, key] of [
      [driver.staging.at("up/6/data"), "blobs/copied"],
      [driver.machine.staging.at("up/7/data"), "blobs/sent"],
    ] as const) {
      await staged.append(0, inPieces(content));
      await staged.commit(key);
      assert.ok((await readAll(driver, key)).equals(content));
    }
    await driver.remove("small");
    for (const headers of store.headers) {
      assert.equal(headers.expect, undefined);
      assert.equal(headers["x-amz-trailer"], undefined);
      assert.ok(!headers["content-encoding"]?.includes("aws-chunked"));
    }
  },
);

story("a reader goes on where the connection to the store broke", async (store, driver) => {
  const content = seededBytes("broken", 2 * MiB);
  await driver.write({ key: "blob", content });
  store.faults.add(/^GET .*blob/, { kind: "cut", after: 10_000 });
  store.faults.add(/^GET .*blob/, { kind: "cut", after: 200_000 }, 3);
  const read = await readAll(driver, "blob");
  assert.ok(read.equals(content));
});

story("an object that is replaced while it is read is never mixed with its successor", async (store, driver) => {
  await driver.write({ key: "blob", content: seededBytes("before", 2 * MiB) });
  const reader = await driver.openRead("blob");
  await driver.write({ key: "blob", content: seededBytes("after", 2 * MiB) });
  store.faults.add(/^GET .*blob/, { kind: "cut", after: 1 });
  await assert.rejects(async () => reader?.read(Buffer.alloc(MiB), MiB), StorageError);
  await reader?.close();
});

story("what was acknowledged of an upload stays if a later part cannot be stored", async (store, driver) => {
  const content = seededBytes("parts", 20 * MiB);
  const staged = driver.staging.at("up/3/data");
  await staged.append(0, inPieces(content.subarray(0, 3 * MiB)));
  store.faults.add(/^PUT .*parts/, { kind: "status", status: 500, code: "InternalError" }, 1000);
  await assert.rejects(staged.append(3 * MiB, inPieces(content.subarray(3 * MiB))), StorageError);
  const again = driver.staging.at("up/3/data");
  assert.equal((await again.stat())?.size, 3 * MiB);
  const into = Buffer.alloc(3 * MiB);
  const reader = await again.openRead();
  assert.equal(await reader?.read(into, 0), into.length);
  assert.ok(into.equals(content.subarray(0, 3 * MiB)));
});

story("parts that belong together are those of one writer, if two append at once", async (store, driver) => {
  const [left, right] = [seededBytes("left", 20 * MiB), seededBytes("right", 20 * MiB)];
  const outcomes = await Promise.allSettled([
    driver.staging.at("up/4/data").append(0, inPieces(left)),
    driver.staging.at("up/4/data").append(0, inPieces(right)),
  ]);
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  await driver.staging.at("up/4/data").commit("blobs/one");
  const winner = outcomes[0].status === "fulfilled" ? left : right;
  assert.ok((await driver.read("blobs/one", 100 * MiB))?.equals(winner));
  assert.deepEqual(store.openUploads, []);
});

async function* inPieces(content: Buffer): AsyncIterable<Buffer> {
  for (let start = 0; start < content.length; start += MiB) yield content.subarray(start, start + MiB);
}

async function readAll(driver: StorageDriver, key: string): Promise<Buffer> {
  const reader = await driver.openRead(key);
  assert.ok(reader);
  const into = Buffer.alloc(reader.size);
  for (let position = 0; position < into.length; ) {
    const count = await reader.read(into.subarray(position, position + 100_000), position);
    assert.ok(count > 0);
    position += count;
  }
  await reader.close();
  return into;
}

story("many clients that ask for one object at once cost the store two requests", async (store, driver) => {
  await driver.write({ key: "link", content: Buffer.from("x") });
  const stats = await Promise.all(Array.from({ length: 50 }, () => driver.stat("link")));
  assert.ok(stats.every((stat) => stat?.size === 1));
  assert.equal(store.faults.requests.filter((request) => request.startsWith("HEAD /images/link")).length, 2);
});

test("s3: a large part may take minutes, as over a slow line", async (t) => {
  const scope = new Scope(t);
  const store = await FakeStore.start(scope);
  const driver = await S3Driver.open(await settingsFor(scope, store, "images"));
  const content = seededBytes("slowly sent", 8 * MiB);
  let goOn = () => {};
  const until = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  store.faults.add(/^PUT .*\/parts\//, { kind: "held", until });
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const pieces = async function* () {
    yield content;
  };
  const sent = driver.staging.at("blob").append(0, pieces());
  const parts = () => store.faults.requests.filter((each) => /^PUT .*\/parts\//.test(each)).length;
  while (parts() === 0) await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(120_000);
  goOn();
  await sent;
  assert.equal(parts(), 1);
});

for (const [what, request, ask] of [
  ["a list", /^GET .*list-type.*prefix=a/, (driver: S3Driver) => driver.list("a")],
  ["a small object", /^GET .*\/a\/b/, (driver: S3Driver) => driver.read("a/b")],
  ["a removal", /^POST .*delete/, (driver: S3Driver) => driver.staging.remove("a")],
] as const)
  test(`s3: ${what} whose answer stays incomplete is asked for again`, async (t) => {
    const scope = new Scope(t);
    const store = await FakeStore.start(scope);
    const driver = await S3Driver.open(await settingsFor(scope, store, "images"));
    await driver.write({ key: "a/b", content: Buffer.from("some more content") });
    for (const folder of ["staging", "parts"]) store.replace(`.berth/${folder}/a/b`, Buffer.from("x"));
    store.faults.add(request, { kind: "stalled" });
    const asked = () => store.faults.requests.filter((each) => request.test(each)).length;
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const answered = ask(driver);
    // The pause before the second request is over at the next tick, too.
    while (asked() < 2) {
      await new Promise((resolve) => setImmediate(resolve));
      if (asked() > 0) t.mock.timers.tick(1_000);
    }
    await answered;
  });

test("s3: an absence is told although its answer stays incomplete", async (t) => {
  const scope = new Scope(t);
  const store = await FakeStore.start(scope);
  const driver = await S3Driver.open(await settingsFor(scope, store, "images"));
  store.faults.add(/^GET .*none/, { kind: "stalled" });
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let isTold = false;
  const told = driver.read("none").finally(() => {
    isTold = true;
  });
  while (!isTold) {
    await new Promise((resolve) => setImmediate(resolve));
    if (store.faults.requests.some((each) => each.includes("none"))) t.mock.timers.tick(1_000);
  }
  assert.equal(await told, undefined);
});
