import { strict as assert } from "node:assert";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { BlobReader } from "../../src/oci/blob-reader.js";
import { StorageError } from "../../src/oci/storage-error.js";
import { S3Driver } from "../../src/storage/drivers/s3/s3-driver.js";
import { CertificateAuthority } from "../support/certificates.js";
import { seededBytes } from "../support/content.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { settingsFor } from "../support/object-stores/object-store.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const MiB = 1024 * 1024;
const content = seededBytes("pulled", 3 * MiB);

function story(sentence: string, tell: (store: FakeStore, driver: S3Driver) => Promise<void>): void {
  test(`s3: ${sentence}`, async (t) => {
    const scope = new Scope(t);
    const store = await FakeStore.start(scope);
    const driver = await S3Driver.open(await settingsFor(scope, store, "images"));
    await driver.write({ key: "blob", content });
    await tell(store, driver);
  });
}

story("pulls that begin together share one request to the store", async (store, driver) => {
  const asked = getsOf(store);
  const pulled = await Promise.all(Array.from({ length: 20 }, () => pull(driver)));
  for (const bytes of pulled) assert.ok(bytes.equals(content));
  assert.equal(asked(), 1);
});

story("pulls that follow one another ask the store each time", async (store, driver) => {
  const asked = getsOf(store);
  for (let time = 0; time < 3; time++) assert.ok((await pull(driver)).equals(content));
  assert.equal(asked(), 3);
});

story(
  "a pull shows at once what this process has written or deleted, though another one is running",
  async (_, driver) => {
    const running = await driver.openRecently("blob");
    const other = seededBytes("replaced", 2 * MiB);
    await driver.write({ key: "blob", content: other });
    assert.ok((await pull(driver)).equals(other));
    await driver.remove("blob");
    assert.equal(await driver.openRecently("blob"), undefined);
    await running?.close();
  },
);

story("of pulls that share a request, each goes on by itself where the connection breaks", async (store, driver) => {
  store.faults.add(/^GET .*blob/, { kind: "cut", after: 100_000 });
  const pulled = await Promise.all(Array.from({ length: 5 }, () => pull(driver)));
  for (const bytes of pulled) assert.ok(bytes.equals(content));
});

story("a pull never goes on with the bytes of a successor", async (store, driver) => {
  const reader = await driver.openRecently("blob");
  assert.ok(reader);
  const first = Buffer.alloc(100_000);
  await reader.read(first, 0);
  store.faults.add(/^GET .*blob/, { kind: "cut", after: 1 }, 10);
  await driver.write({ key: "blob", content: seededBytes("successor", 3 * MiB) });
  await assert.rejects(reader.read(Buffer.alloc(1000), 2 * MiB), StorageError);
  await reader.close();
});

story("a pull of what is absent is told so, and a store in trouble is none", async (store, driver) => {
  assert.equal(await driver.openRecently("other"), undefined);
  store.faults.add(/^GET .*blob/, { kind: "status", status: 503, code: "SlowDown" }, 1_000);
  await assert.rejects(async () => driver.openRecently("blob"), StorageError);
});

story("parts are read in any order, and from several readers at once", async (_, driver) => {
  const readers = await Promise.all(Array.from({ length: 4 }, () => driver.openRecently("blob")));
  await Promise.all(
    readers.map(async (reader, index) => {
      assert.ok(reader);
      for (let turn = 0; turn < 40; turn++) {
        const start = (turn * 1_234_567 + index * 777_777) % (content.length - 50_000);
        const into = Buffer.alloc(50_000);
        assert.equal(await reader.read(into, start), into.length);
        assert.ok(into.equals(content.subarray(start, start + into.length)), `${index} at ${start}`);
      }
      await reader.close();
    }),
  );
});

story("a client that leaves while the store is asked for it leaves no answer behind", async (store, driver) => {
  const [one, other] = [await driver.openRecently("blob"), await driver.openRecently("blob")];
  assert.ok(one && other);
  let goOn = () => {};
  const until = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  store.faults.add(/^GET .*blob/, { kind: "held", until });
  const asked = getsOf(store);
  const reading = one.read(Buffer.alloc(1000), 2 * MiB);
  await waitUntil("the store is asked", () => asked() === 1 || undefined);
  await one.close();
  goOn();
  await assert.rejects(reading);
  assert.equal(await other.read(Buffer.alloc(1000), 2 * MiB), 1000);
  assert.equal(asked(), 2);
  await other.close();
});

test("s3: pulls come over TLS from a store whose authority is configured", async (t) => {
  const scope = new Scope(t);
  const store = await FakeStore.start(scope);
  const authority = await CertificateAuthority.create(scope);
  const front = createServer(await authority.issue("store", ["IP:127.0.0.1"]), (incoming, response) => {
    const { method, url, headers } = incoming;
    const passed = request(store.endpoint, { method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(passed);
  }).listen(0, "127.0.0.1");
  await once(front, "listening");
  scope.defer(() => {
    front.closeAllConnections();
    front.close();
  });
  const caFile = join(await scope.folder("authority"), "ca.crt");
  await writeFile(caFile, authority.cert);
  // The address of a server on a port, not on a pipe, is of this kind.
  const endpoint = `https://127.0.0.1:${(front.address() as AddressInfo).port}`;
  const driver = await S3Driver.open({ ...(await settingsFor(scope, { endpoint }, "images")), caFile });
  await driver.write({ key: "blob", content });
  const asked = getsOf(store);
  for (const bytes of await Promise.all([pull(driver), pull(driver)])) assert.ok(bytes.equals(content));
  assert.equal(asked(), 1);
});

/** How many requests for the blob have come since. */
function getsOf(store: FakeStore): () => number {
  const count = () => store.faults.requests.filter((each) => /^GET .*blob/.test(each)).length;
  const before = count();
  return () => count() - before;
}

async function pull(driver: S3Driver): Promise<Buffer> {
  const reader = await driver.openRecently("blob");
  assert.ok(reader);
  const into = Buffer.alloc(reader.size);
  await readWhole(reader, into);
  await reader.close();
  return into;
}

async function readWhole(reader: BlobReader, into: Buffer): Promise<void> {
  for (let position = 0; position < into.length; ) {
    const count = await reader.read(into.subarray(position, position + 100_000), position);
    assert.ok(count > 0);
    position += count;
  }
}
