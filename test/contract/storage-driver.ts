import { strict as assert } from "node:assert";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { BlobReader } from "../../src/oci/blob-reader.js";
import type { StorageDriver } from "../../src/storage/driver.js";
import { OffsetMismatchError } from "../../src/storage/staging.js";
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
    // The clock of a file system may be behind by a tick.
    assert.ok(modifiedMs > before - 1000 && modifiedMs <= Date.now(), String(modifiedMs - before));
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

  story("staged content grows only at its end, and has no name before it is committed", async (driver) => {
    const staged = driver.staging.at("up/1/data");
    assert.equal(await staged.stat(), undefined);
    assert.equal(await staged.append(0, pieces("hello ", "world")), 11);
    await assert.rejects(staged.append(5, pieces("x")), new OffsetMismatchError(11));
    assert.equal(await staged.append(11, pieces("!")), 12);
    assert.equal((await staged.stat())?.size, 12);
    await staged.commit("blobs/1", [{ key: "links/1", content: Buffer.from("link") }]);
    assert.equal((await driver.read("blobs/1"))?.toString(), "hello world!");
    assert.equal((await driver.read("links/1"))?.toString(), "link");
    assert.equal(await staged.stat(), undefined);
  });

  story("if content fails, what arrived is kept and can be continued", async (driver) => {
    const staged = driver.staging.at("up/2/data");
    await assert.rejects(staged.append(0, failing("first")), /cut/);
    assert.equal((await staged.stat())?.size, 5);
    await staged.append(5, pieces(" second"));
    const reader = await staged.openRead();
    const into = Buffer.alloc(12);
    assert.equal(await reader?.read(into, 0), 12);
    await reader?.close();
    assert.equal(into.toString(), "first second");
  });

  story(
    "a reader sees what is appended after it was opened, and continues when the content gets its name",
    async (driver) => {
      const staged = driver.staging.at("up/grows/data");
      await staged.append(0, pieces("first"));
      const reader = await staged.openRead();
      assert.ok(reader);
      assert.equal(await textAt(reader, 0), "first");
      assert.equal(await textAt(reader, 5), "");
      const more = seededBytes("more", 50_000);
      await staged.append(5, pieces(more));
      assert.equal(await textAt(reader, 0), "first");
      const into = Buffer.alloc(60_000);
      assert.equal(await reader.read(into, 5), more.length);
      assert.ok(into.subarray(0, more.length).equals(more));
      await staged.commit("blobs/grown");
      assert.equal(await textAt(reader, 0), "first");
      await reader.close();
    },
  );

  story(
    "a reader continues when the content is discarded, and reaches its end at once when it is invalidated",
    async (driver) => {
      const discarded = driver.staging.at("up/discarded/data");
      const invalidated = driver.staging.at("up/invalidated/data");
      for (const staged of [discarded, invalidated]) await staged.append(0, pieces("bytes"));
      const [reader, misled] = [await discarded.openRead(), await invalidated.openRead()];
      assert.ok(reader && misled);
      await discarded.discard();
      await invalidated.invalidate();
      assert.equal(await textAt(reader, 0), "bytes");
      assert.equal(await textAt(misled, 0), "");
      await Promise.all([reader.close(), misled.close()]);
    },
  );

  story("a piece may be overwritten once the next one is requested", async (driver) => {
    const staged = driver.staging.at("up/3/data");
    await staged.append(0, lent(["aaa", "bbb", "ccc"]));
    await staged.commit("blobs/3");
    assert.equal((await driver.read("blobs/3"))?.toString(), "aaabbbccc");
  });

  story("committing nothing makes an empty object, and discarding leaves no trace", async (driver) => {
    const empty = driver.staging.at("up/4/data");
    await empty.append(0, pieces());
    await empty.commit("blobs/empty");
    assert.equal((await driver.stat("blobs/empty"))?.size, 0);
    const unwanted = driver.staging.at("up/5/data");
    await unwanted.append(0, pieces("x"));
    await unwanted.discard();
    await unwanted.discard();
    await unwanted.discardWithFolders("up");
    assert.ok(!(await listed(driver, "up")).includes("5"));
  });

  story("discarded content cannot be committed, and nothing gets the name", async (driver) => {
    const staged = driver.staging.at("up/6/data");
    await staged.append(0, pieces("x"));
    await staged.discard();
    await assert.rejects(staged.commit("blobs/6", [{ key: "links/6", content: Buffer.from("link") }]));
    assert.equal(await driver.stat("blobs/6"), undefined);
    assert.equal(await driver.stat("links/6"), undefined);
    assert.equal(await staged.stat(), undefined);
  });

  story(
    "a committed object replaces the one before, and its name can be staged and committed again",
    async (driver) => {
      for (const content of ["first", "second"]) {
        const staged = driver.staging.at("up/7/data");
        assert.equal(await staged.append(0, pieces(content)), content.length);
        await staged.commit("blobs/7");
        assert.equal((await driver.read("blobs/7"))?.toString(), content);
      }
    },
  );

  story("content for another offset is refused before any of it is read", async (driver) => {
    const staged = driver.staging.at("up/8/data");
    await staged.append(0, pieces("hello"));
    const untouched = { [Symbol.asyncIterator]: () => assert.fail("the content was asked for") };
    for (const offset of [0, 4, 6]) await assert.rejects(staged.append(offset, untouched), new OffsetMismatchError(5));
    assert.equal((await staged.stat())?.size, 5);
    const finished = driver.staging.at("up/finished/data");
    await assert.rejects(finished.append(5, untouched), new OffsetMismatchError(0));
    assert.equal(await finished.stat(), undefined);
    assert.deepEqual(await driver.staging.list("up"), ["8"]);
  });

  story(
    "staged content is found by its folder, has the time when it grew, and is removed with the folder",
    async (driver) => {
      const before = Date.now();
      const staged = driver.staging.at("up/9/data");
      assert.equal(await staged.openRead(), undefined);
      await staged.append(0, pieces("x"));
      assert.deepEqual(await driver.staging.list("up"), ["9"]);
      // The clock of files ticks every 10 ms.
      assert.ok(((await staged.stat())?.modifiedMs ?? 0) > before - 20);
      await driver.staging.remove("up/9");
      assert.equal(await staged.stat(), undefined);
      assert.equal(await staged.openRead(), undefined);
      assert.deepEqual(await driver.staging.list("up"), []);
    },
  );

  story("discarding keeps a folder that contains something else", async (driver) => {
    const [one, other] = [driver.staging.at("up/10/data"), driver.staging.at("up/10/startedat")];
    for (const staged of [one, other]) await staged.append(0, pieces("x"));
    await one.discard();
    assert.deepEqual(await driver.staging.list("up/10"), ["startedat"]);
    assert.equal((await other.stat())?.size, 1);
    await other.discard();
    assert.deepEqual(await driver.staging.list("up"), []);
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

async function* pieces(...contents: (string | Buffer)[]): AsyncIterable<Buffer> {
  for (const content of contents) yield Buffer.from(content);
}

/** Up to five bytes from the position. */
async function textAt(reader: BlobReader, position: number): Promise<string> {
  const into = Buffer.alloc(5);
  return into.toString("utf8", 0, await reader.read(into, position));
}

async function* failing(text: string): AsyncIterable<Buffer> {
  yield Buffer.from(text);
  throw new Error("cut");
}

/** The same buffer again and again, as from a pool. */
async function* lent(texts: readonly string[]): AsyncIterable<Buffer> {
  const buffer = Buffer.alloc(3);
  for (const text of texts) {
    buffer.write(text);
    yield buffer;
    buffer.fill("?");
  }
}
