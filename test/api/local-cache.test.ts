import { strict as assert } from "node:assert";
import { readdir, readFile, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import type { StorageDriver } from "../../src/storage/driver.js";
import { S3Driver } from "../../src/storage/drivers/s3/s3-driver.js";
import { Storage } from "../../src/storage/storage.js";
import { expectStatus, pushBlob, seededBytes } from "../support/content.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { settingsFor } from "../support/object-stores/object-store.js";
import { RecordedLog } from "../support/recorded-log.js";
import type { RegistryClient } from "../support/registry-client.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const name = "team/app";
const MiB = 1024 * 1024;
const layer = seededBytes("layer", 3 * MiB);
const cannotBeUsed =
  "the local cache cannot be used, so blobs are read from the bucket; check the disk of storage.s3.localCache";

test("the second pull of a blob, and a part of it, come from the local disk", async (t) => {
  const { store, machine } = await serve(t);
  const { client, storage } = await machine.start();
  assert.ok((await pull(client, layer)).equals(layer));
  await machine.copied(layer);
  const asked = bytesAskedFor(store);
  assert.ok((await pull(client, layer)).equals(layer));
  const part = await client.get(pathOf(layer), { range: "bytes=1000000-1999999" });
  expectStatus(part, 206, "a part");
  assert.ok(part.body.equals(layer.subarray(1_000_000, 2_000_000)));
  assert.equal(bytesAskedFor(store), asked);
  assert.equal(storage.copyDisk?.use.hit, 2);
});

test("clients that pull a blob at once share one request to the bucket", async (t) => {
  const { store, machine } = await serve(t);
  const { client } = await machine.start();
  const asked = bytesAskedFor(store);
  const pulled = await Promise.all(Array.from({ length: 20 }, () => pull(client, layer)));
  for (const bytes of pulled) assert.ok(bytes.equals(layer));
  assert.equal(bytesAskedFor(store) - asked, 1);
});

test("a small part of a blob is read from the bucket, and makes no copy", async (t) => {
  const { machine } = await serve(t);
  const { client } = await machine.start();
  const part = await client.get(pathOf(layer), { range: "bytes=2000000-2000999" });
  assert.ok(part.body.equals(layer.subarray(2_000_000, 2_001_000)));
  assert.deepEqual(await machine.files(), []);
});

test("copies are used again after a restart, and by other processes of the machine", async (t) => {
  const { store, machine } = await serve(t);
  await pull((await machine.start()).client, layer);
  await machine.copied(layer);
  const { client } = await machine.start();
  const asked = bytesAskedFor(store);
  assert.ok((await pull(client, layer)).equals(layer));
  assert.equal(bytesAskedFor(store), asked);
});

const damages: Readonly<Record<string, (path: string) => Promise<void>>> = {
  "with other bytes": async (path) => writeFile(path, seededBytes("other", layer.length)),
  "that is shorter": (path) => truncate(path, MiB),
  "that is empty": (path) => truncate(path, 0),
};

for (const [kind, damage] of Object.entries(damages)) {
  test(`a copy ${kind} is dropped, and the blob is read from the bucket`, async (t) => {
    const { machine } = await serve(t);
    const { client } = await machine.start();
    await pull(client, layer);
    const path = await machine.copied(layer);
    await damage(path);
    for (const server of [client, (await machine.start()).client]) assert.ok((await pull(server, layer)).equals(layer));
    await machine.copied(layer);
    assert.ok((await readFile(path)).equals(layer));
  });
}

test("a damaged blob of the bucket becomes no copy, and no client gets it to its end", async (t) => {
  const { store, machine } = await serve(t);
  const { client } = await machine.start();
  const key = store.keys().find((each) => each.includes(digestOf(layer).slice(7)) && each.endsWith("/data"));
  store.replace(key ?? "", seededBytes("damaged", layer.length));
  await assert.rejects(pull(client, layer));
  await waitUntil("it is set aside", async () => (await client.head(pathOf(layer))).status === 404 || undefined);
  assert.deepEqual(await machine.files(), []);
});

test("what was deleted in the bucket cannot be pulled, though its copy is still there", async (t) => {
  const { machine } = await serve(t);
  const { client } = await machine.start();
  const other = await machine.start();
  await pull(client, layer);
  await machine.copied(layer);
  expectStatus(await other.client.request("DELETE", pathOf(layer)), 202, "deletion");
  for (const method of ["HEAD", "GET"]) expectStatus(await client.request(method, pathOf(layer)), 404, method);
  expectStatus(await client.get(pathOf(layer, "other/app")), 404, "another repository");
});

test("the copies stay within their size: the one that was not used for the longest time goes first", async (t) => {
  const { machine } = await serve(t, { maxSize: 7 * MiB });
  const { client } = await machine.start();
  const [second, third] = [seededBytes("second", 3 * MiB), seededBytes("third", 3 * MiB)];
  for (const bytes of [second, third]) await pushBlob(client, name, bytes);
  for (const bytes of [layer, second, layer, third]) {
    await pull(client, bytes);
    await machine.copied(bytes);
  }
  assert.deepEqual(await machine.files(), [fileOf(layer), fileOf(third)].sort());
});

test("a blob that is larger than all copies may be is read from the bucket", async (t) => {
  const { store, machine } = await serve(t, { maxSize: 2 * MiB });
  const { client } = await machine.start();
  const asked = bytesAskedFor(store);
  for (let time = 0; time < 2; time++) assert.ok((await pull(client, layer)).equals(layer));
  assert.deepEqual(await machine.files(), []);
  assert.equal(bytesAskedFor(store) - asked, 2);
});

test("what a killed process has left of a copy is counted, and deleted when it is old", async (t) => {
  const { machine } = await serve(t);
  await writeFile(join(machine.root, `${fileOf(layer)}.filling`), "left");
  const { client } = await machine.start();
  // Another process may be writing it.
  assert.ok((await pull(client, layer)).equals(layer));
  assert.deepEqual(await machine.files(), [`${fileOf(layer)}.filling`]);
  await machine.age(`${fileOf(layer)}.filling`);
  assert.ok((await pull(client, layer)).equals(layer));
  await machine.copied(layer);
});

test("a disk that fails keeps nobody from pulling, and is reported once", async (t) => {
  const { machine } = await serve(t, { root: (folder) => join(folder, "file", "cache") });
  await writeFile(dirname(machine.root), "in the way");
  const { client, log } = await machine.start();
  for (let time = 0; time < 3; time++) assert.ok((await pull(client, layer)).equals(layer));
  assert.equal(log.named(cannotBeUsed).length, 1);
});

test("a disk that is full in the middle of a copy keeps nobody from pulling", async (t) => {
  const { machine } = await serve(t);
  const { client, log } = await machine.start((driver) => withoutRoom(driver, MiB));
  const pulled = await Promise.all(Array.from({ length: 5 }, () => pull(client, layer)));
  for (const bytes of pulled) assert.ok(bytes.equals(layer));
  assert.equal(log.named(cannotBeUsed).length, 1);
  assert.deepEqual(await machine.files(), []);
});

test("a copy that cannot be read any more is left in the middle of a pull", async (t) => {
  const { machine } = await serve(t);
  await pull((await machine.start()).client, layer);
  await machine.copied(layer);
  const { client, log } = await machine.start((driver) => withBadSectors(driver, MiB));
  assert.ok((await pull(client, layer)).equals(layer));
  assert.equal(log.named(cannotBeUsed).length, 1);
});

function pathOf(bytes: Buffer, repository = name): string {
  return `/v2/${repository}/blobs/${digestOf(bytes)}`;
}

function fileOf(bytes: Buffer): string {
  return digestOf(bytes).replace(":", "-");
}

async function pull(client: RegistryClient, bytes: Buffer): Promise<Buffer> {
  const answer = await client.get(pathOf(bytes));
  expectStatus(answer, 200, "a pull");
  return answer.body;
}

/** Requests for the bytes of blobs. */
function bytesAskedFor(store: FakeStore): number {
  return store.faults.requests.filter((request) => /^GET .*\/data/.test(request)).length;
}

interface LocalCache {
  readonly maxSize?: number;
  readonly root?: (folder: string) => string;
}

/** A bucket with a blob, and a machine on which processes can be started. */
async function serve(t: TestContext, { maxSize = 100 * MiB, root = (folder) => folder }: LocalCache = {}) {
  const scope = new Scope(t);
  const store = await FakeStore.start(scope);
  const folder = root(await scope.folder("local-cache"));
  const settings = { ...(await settingsFor(scope, store, "images")), localCache: { root: folder, maxSize } };
  const start = async (around = (driver: StorageDriver) => driver) => {
    const log = new RecordedLog();
    const opened = new Storage(around(await S3Driver.open(settings)), MiB, log);
    return { log, storage: opened, client: (await runBerth(scope, { opened })).client };
  };
  await pushBlob((await start()).client, name, layer);
  return { store, machine: { root: folder, start, ...filesOf(folder) } };
}

function filesOf(folder: string) {
  const files = async () => (await readdir(folder).catch(() => [])).sort();
  return {
    files,
    /** Makes a file as old as one of a process that was killed an hour ago. */
    age: async (file: string) => {
      const hourAgo = new Date(Date.now() - 3_600_000);
      await utimes(join(folder, file), hourAgo, hourAgo);
    },
    /** Waits for a copy. @returns its path */
    copied: async (bytes: Buffer) => {
      const path = join(folder, fileOf(bytes));
      await waitUntil("the blob is copied", () => stat(path).catch(() => undefined));
      return path;
    },
  };
}

/** A disk that is full after so many bytes of a copy. */
function withoutRoom(driver: StorageDriver, bytes: number): StorageDriver {
  return withCopies(driver, (copies) => ({
    begin: async (file, size) => {
      const copy = await copies.begin(file, size);
      if (copy === undefined) return undefined;
      let left = bytes;
      const append = async (piece: Buffer) => {
        left -= piece.length;
        if (left < 0) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
        await copy.append(piece);
      };
      return {
        append,
        read: (into, position) => copy.read(into, position),
        finish: () => copy.finish(),
        discard: () => copy.discard(),
        close: () => copy.close(),
      };
    },
  }));
}

/** A disk on which copies can be read only up to there. */
function withBadSectors(driver: StorageDriver, from: number): StorageDriver {
  return withCopies(driver, (copies) => ({
    open: async (file) => {
      const reader = await copies.open(file);
      if (reader === undefined) return undefined;
      const read = async (into: Buffer, position: number) => {
        if (position + into.length > from) throw Object.assign(new Error("i/o error"), { code: "EIO" });
        return reader.read(into, position);
      };
      return { size: reader.size, read, close: () => reader.close() };
    },
  }));
}

type Copies = NonNullable<StorageDriver["copies"]>;

function withCopies(driver: StorageDriver, change: (copies: Copies) => Partial<Copies>): StorageDriver {
  const { copies } = driver;
  assert.ok(copies !== undefined);
  const same: Copies = {
    place: copies.place,
    size: 0,
    maxSize: copies.maxSize,
    evictedBytes: 0,
    open: (file) => copies.open(file),
    begin: (file, size) => copies.begin(file, size),
    delete: (file) => copies.delete(file),
  };
  const changed = { ...same, ...change(same) };
  return new Proxy(driver, {
    get(target, key) {
      if (key === "copies") return changed;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
