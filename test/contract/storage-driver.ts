import { strict as assert } from "node:assert";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { StorageDriver } from "../../src/storage/driver.js";
import { orThrow } from "../../src/storage/many-reads.js";
import { seededBytes } from "../support/content.js";
import { Scope } from "../support/scope.js";
import { listed } from "../support/settled-lists.js";
import { waitUntil } from "../support/wait-until.js";

/** Tests what every driver must guarantee, on a fresh driver each time. */
export function testStorageDriver(name: string, open: (scope: Scope) => Promise<StorageDriver>): void {
  function story(sentence: string, tell: (driver: StorageDriver) => Promise<void>): void {
    test(`${name}: ${sentence}`, async (t) => tell(await open(new Scope(t))));
  }

  story("a missing object is undefined, and listing a missing key returns nothing", async (driver) => {
    assert.equal(await driver.stat("a/b"), undefined);
    assert.equal(await driver.read("a/b"), undefined);
    assert.equal(await driver.openRead("a/b"), undefined);
    assert.deepEqual(await listed(driver, "a"), []);
    await driver.remove("a/b");
  });

  story("written content is read back byte for byte, and replaced as a whole", async (driver) => {
    for (const content of [seededBytes("one", 5000), Buffer.alloc(0), seededBytes("two", 70_000)]) {
      await driver.write({ key: "a/b/c", content });
      assert.deepEqual(await driver.read("a/b/c"), content);
      assert.equal((await driver.stat("a/b/c"))?.size, content.length);
    }
  });

  story("questions about many keys have the answers of single calls, in the order of the keys", async (driver) => {
    const content = seededBytes("many", 300);
    await driver.write({ key: "m/a/1", content }, { key: "m/a/2", content: Buffer.alloc(0) }, { key: "m/b", content });
    await listed(driver, "m/a");
    const keys = ["m/b", "m/none", "m/a/2", "m/a/1"];
    const { many } = driver;
    assert.deepEqual(await many.has(keys), [true, false, true, true]);
    assert.deepEqual(await many.read(keys, 299), [undefined, undefined, Buffer.alloc(0), undefined]);
    assert.deepEqual(await many.read(keys, 300), [content, undefined, Buffer.alloc(0), content]);
    const stats = (await many.stat(keys)).map(orThrow);
    for (const [index, key] of keys.entries()) {
      const single = await driver.stat(key);
      assert.equal(stats[index]?.size, single?.size);
      assert.equal(stats[index]?.modifiedMs, single?.modifiedMs);
    }
    const folders = ["m/a", "m/none", "m"];
    const names = (await many.list(folders)).map((listing) => orThrow(listing).names);
    assert.deepEqual(names, [["1", "2"], [], ["a", "b"]]);
    assert.deepEqual(await many.list([]), []);
  });

  story("the version of a list, asked for many keys, differs after a child was added", async (driver) => {
    await driver.write({ key: "lv/a", content: Buffer.from("1") });
    const versionOf = async () => (await driver.many.listVersion(["lv", "none"]))[0];
    const before = await waitUntil("the version settles, or there is none", async () => (await versionOf()) ?? true);
    await driver.write({ key: "lv/b", content: Buffer.from("2") });
    assert.notEqual(await versionOf(), before);
    const [listing] = (await driver.many.list(["lv"])).map(orThrow);
    assert.notEqual(listing?.version, before);
  });

  story("several objects are written together", async (driver) => {
    await driver.write({ key: "x/1", content: Buffer.from("one") }, { key: "y/2", content: Buffer.from("two") });
    assert.equal((await driver.read("x/1"))?.toString(), "one");
    assert.equal((await driver.read("y/2"))?.toString(), "two");
  });

  story("concurrent writers of one key leave one of their contents whole", async (driver) => {
    const contents = Array.from({ length: 8 }, (_, index) => seededBytes(`writer ${index}`, 20_000));
    await Promise.all(contents.map((content) => driver.write({ key: "k", content })));
    const found = await driver.read("k");
    assert.ok(contents.some((content) => found?.equals(content)));
  });

  story("the version of an object settles, and differs after a change of the same size", async (driver) => {
    const versionOf = async (key: string) => (await driver.stat(key))?.version;
    await driver.write({ key: "v", content: Buffer.from("1") });
    const before = await settledVersion(driver, "v");
    assert.equal(await versionOf("v"), before);
    await driver.write({ key: "v", content: Buffer.from("2") });
    assert.notEqual(await versionOf("v"), before);
    assert.notEqual(await settledVersion(driver, "v"), before);
  });

  story("an object has the time when its content was last written", async (driver) => {
    const before = Date.now();
    await driver.write({ key: "m", content: Buffer.from("1") });
    const modifiedMs = (await driver.stat("m"))?.modifiedMs ?? 0;
    // The clock of a file system may be behind by a tick, and has parts of a millisecond.
    assert.ok(modifiedMs > before - 1000 && modifiedMs < Date.now() + 1, String(modifiedMs - before));
  });

  story(
    "several objects and whole subtrees are removed together, and a missing key is not an error",
    async (driver) => {
      const keys = ["r/object", "r/folder/1", "r/folder/deep/2", "r/kept"];
      for (const key of keys) await driver.write({ key, content: Buffer.from("x") });
      await driver.remove("r/absent", "r/object", "r/folder", "r/object/below");
      assert.deepEqual(await listed(driver, "r"), ["kept"]);
      await driver.remove();
      assert.ok(await driver.read("r/kept"));
    },
  );

  story("a folder is not an object", async (driver) => {
    await driver.write({ key: "folder/object", content: Buffer.from("x") });
    assert.equal(await driver.stat("folder"), undefined);
    assert.equal(await driver.read("folder"), undefined);
  });

  story("nothing can be below an object", async (driver) => {
    await driver.write({ key: "object", content: Buffer.from("x") });
    assert.equal(await driver.stat("object/below"), undefined);
    assert.equal(await driver.read("object/below"), undefined);
    assert.equal(await driver.staging.at("object/below").stat(), undefined);
    assert.deepEqual(await listed(driver, "object"), []);
    assert.deepEqual(await listed(driver, "object/below"), []);
    await driver.remove("object/below");
    assert.ok(await driver.read("object"));
  });

  story("children are listed in code point order, whatever their names are", async (driver) => {
    const names = ["b", "a", "Z", "a-b", "a.b", "a_b", "a0", "__proto__", "constructor"];
    for (const name of names) await driver.write({ key: `list/${name}/link`, content: Buffer.from(name) });
    assert.deepEqual(await listed(driver, "list"), [...names].sort());
  });

  story("a list is read in pages, in the order of names whatever is below them", async (driver) => {
    const names = ["a", "a-b", "a.b", "a0", "a_b", "b"];
    for (const name of names) await driver.write({ key: `list/${name}/below/link`, content: Buffer.from(name) });
    for (const limit of [1, 2, 3, 6, 7]) {
      const seen: string[] = [];
      for (;;) {
        const after = seen.at(-1);
        const page = await listed(driver, "list", { after, limit });
        seen.push(...page);
        if (page.length < limit) break;
      }
      assert.deepEqual(seen, names, String(limit));
    }
    assert.deepEqual(await listed(driver, "list", { after: "a" }), names.slice(1));
    assert.deepEqual(
      await listed(driver, "list", { after: "a-a" }),
      names.slice(1),
      "after a name that does not exist",
    );
    assert.deepEqual(await listed(driver, "list", { after: "z", limit: 3 }), []);
    assert.deepEqual(await listed(driver, "list", { limit: 0 }), []);
    assert.deepEqual(await listed(driver, "absent", { after: "a", limit: 3 }), []);
  });

  story("the version of a list, if there is one, differs after a child was added or removed", async (driver) => {
    await driver.write({ key: "list/a/link", content: Buffer.from("x") });
    const versions = new Map<string, string>();
    for (const change of ["b", "c", "d"]) {
      const version = await settledListVersion(driver, "list");
      if (version === undefined) return;
      assert.equal(versions.get(version), undefined);
      versions.set(version, change);
      assert.equal(await driver.listVersion("list"), version);
      await driver.write({ key: `list/${change}/link`, content: Buffer.from("x") });
      assert.notEqual(await driver.listVersion("list"), version);
      await driver.remove(`list/${change}`);
      assert.notEqual(await driver.listVersion("list"), version);
    }
  });

  story("removing a key removes everything below it, and nothing next to it", async (driver) => {
    for (const key of ["tags/a/current", "tags/a/index/1", "tags/ab/current"]) {
      await driver.write({ key, content: Buffer.from(key) });
    }
    await driver.remove("tags/a");
    assert.deepEqual(await listed(driver, "tags"), ["ab"]);
    assert.equal(await driver.read("tags/a/index/1"), undefined);
    assert.ok(await driver.read("tags/ab/current"));
  });

  story("a reader reads at any position, and is not disturbed by replacement or removal", async (driver) => {
    const content = seededBytes("content", 100_000);
    await driver.write({ key: "r", content });
    const reader = await driver.openRead("r");
    assert.ok(reader);
    await driver.write({ key: "r", content: Buffer.from("other") });
    await driver.remove("r");
    const into = Buffer.alloc(1000);
    assert.equal(await reader.read(into, 99_500), 500);
    assert.deepEqual(into.subarray(0, 500), content.subarray(99_500));
    assert.equal(await reader.read(into, 100_000), 0);
    await reader.close();
  });

  story("actions under one lock run in order of arrival, whatever the lock's name is", async (driver) => {
    for (const name of ["tag a/b:__proto__", "../..", "", "x".repeat(10_000)]) {
      const order: number[] = [];
      const asked = Array.from({ length: 8 }, (_, index) => index);
      await Promise.all(asked.map((index) => driver.withLock(name, async () => void order.push(index))));
      assert.deepEqual(order, asked);
    }
  });

  story("actions under one lock run one after another, those under different locks concurrently", async (driver) => {
    const order: string[] = [];
    const others: Promise<unknown>[] = [];
    await driver.withLock("one", async () => {
      others.push(driver.withLock("one", async () => void order.push("second")));
      await driver.withLock("other", async () => void order.push("other"));
      order.push("first");
    });
    await Promise.all(others);
    assert.deepEqual(order, ["other", "first", "second"]);
  });

  story("a failing action passes on its error and releases the lock", async (driver) => {
    await assert.rejects(
      driver.withLock("f", async () => Promise.reject(new Error("failed"))),
      /failed/,
    );
    assert.equal(await driver.withLock("f", async () => "next"), "next");
  });

  story("a write under a lock waits for the holder, and looks before it writes", async (driver) => {
    const write = (text: string) =>
      driver.writeUnderLock("w", [{ key: "docker/w", content: Buffer.from(text) }], async () => {
        return (await driver.read("docker/w"))?.toString();
      });
    await driver.withLock("w", async () => {});
    const seen = [await write("first"), await write("second")];
    const writing: Promise<unknown>[] = [];
    await driver.withLock("w", async () => {
      writing.push(write("third"));
      await new Promise(setImmediate);
      assert.equal((await driver.read("docker/w"))?.toString(), "second");
      await driver.write({ key: "docker/w", content: Buffer.from("the holder's") });
    });
    assert.deepEqual([...seen, ...(await Promise.all(writing))], [undefined, "first", "the holder's"]);
    assert.equal((await driver.read("docker/w"))?.toString(), "third");
  });

  story("a failing look writes nothing, and releases the lock", async (driver) => {
    const failing = driver.writeUnderLock("w", [{ key: "docker/w", content: Buffer.from("x") }], async () => {
      throw new Error("failed");
    });
    await assert.rejects(failing, /failed/);
    assert.equal(await driver.read("docker/w"), undefined);
    assert.equal(await driver.withLock("w", async () => "next"), "next");
  });

  story("objects without content, and traces, are written like others", async (driver) => {
    const content = Buffer.from("text");
    await driver.write({ key: "docker/a", content }, { key: "docker/b", content, isTrace: true });
    await driver.write({ key: "docker/a", content: Buffer.alloc(0) }, { key: "docker/c", content: Buffer.alloc(0) });
    await driver.write({ key: "docker/b", content: Buffer.from("other"), isTrace: true });
    const written = await Promise.all(["a", "b", "c"].map((name) => driver.read(`docker/${name}`)));
    assert.deepEqual(
      written.map((bytes) => bytes?.toString()),
      ["", "other", ""],
    );
  });
}

/** `undefined` if the storage has none. */
async function settledListVersion(driver: StorageDriver, key: string): Promise<string | undefined> {
  for (let look = 0; look < 20; look++) {
    const version = await driver.listVersion(key);
    if (version !== undefined) return version;
    await delay(5);
  }
  return undefined;
}

function settledVersion(driver: StorageDriver, key: string): Promise<string> {
  return waitUntil("the version settles", async () => (await driver.stat(key))?.version);
}
