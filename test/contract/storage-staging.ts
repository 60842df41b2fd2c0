import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { BlobReader } from "../../src/oci/blob-reader.js";
import type { StorageDriver } from "../../src/storage/driver.js";
import { OffsetMismatchError, type Staging } from "../../src/storage/staging.js";
import { seededBytes } from "../support/content.js";
import { Scope } from "../support/scope.js";
import { listed } from "../support/settled-lists.js";

interface Tested {
  readonly driver: StorageDriver;
  /** One of the driver's. */
  readonly staging: Staging;
}

type Open = (scope: Scope) => Promise<StorageDriver>;
type Pick = (driver: StorageDriver) => Staging;

/** Tests what unfinished content must guarantee, on a fresh driver each time. */
export function testStaging(name: string, open: Open, pick: Pick = (driver) => driver.staging): void {
  function story(sentence: string, tell: (tested: Tested) => Promise<void>): void {
    test(`${name}: ${sentence}`, async (t) => {
      const driver = await open(new Scope(t));
      await tell({ driver, staging: pick(driver) });
    });
  }

  story("staged content grows only at its end, and has no name before it is committed", async ({ driver, staging }) => {
    const staged = staging.at("up/1/data");
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

  story("if content fails, what arrived is kept and can be continued", async ({ staging }) => {
    const staged = staging.at("up/2/data");
    await assert.rejects(staged.append(0, failing("first")), /cut/);
    assert.equal((await staged.stat())?.size, 5);
    await staged.append(5, pieces(" second"));
    const reader = await staged.openRead();
    const into = Buffer.alloc(12);
    assert.equal(await reader?.read(into, 0), 12);
    await reader?.close();
    assert.equal(into.toString(), "first second");
  });

  story("a piece may be overwritten once the next one is requested", async ({ driver, staging }) => {
    const staged = staging.at("up/3/data");
    await staged.append(0, lent(["aaa", "bbb", "ccc"]));
    await staged.commit("blobs/3");
    assert.equal((await driver.read("blobs/3"))?.toString(), "aaabbbccc");
  });

  story("committing nothing makes an empty object, and discarding leaves no trace", async ({ driver, staging }) => {
    const empty = staging.at("up/4/data");
    await empty.append(0, pieces());
    await empty.commit("blobs/empty");
    assert.equal((await driver.stat("blobs/empty"))?.size, 0);
    const unwanted = staging.at("up/5/data");
    await unwanted.append(0, pieces("x"));
    await unwanted.discard();
    await unwanted.discard();
    await unwanted.discardWithFolders("up");
    assert.ok(!(await listed(driver, "up")).includes("5"));
  });

  story("discarded content cannot be committed, and nothing gets the name", async ({ driver, staging }) => {
    const staged = staging.at("up/6/data");
    await staged.append(0, pieces("x"));
    await staged.discard();
    await assert.rejects(staged.commit("blobs/6", [{ key: "links/6", content: Buffer.from("link") }]));
    assert.equal(await driver.stat("blobs/6"), undefined);
    assert.equal(await driver.stat("links/6"), undefined);
    assert.equal(await staged.stat(), undefined);
  });

  story(
    "a committed object replaces the one before, and its name can be staged and committed again",
    async ({ driver, staging }) => {
      for (const content of ["first", "second"]) {
        const staged = staging.at("up/7/data");
        assert.equal(await staged.append(0, pieces(content)), content.length);
        await staged.commit("blobs/7");
        assert.equal((await driver.read("blobs/7"))?.toString(), content);
      }
    },
  );

  story("content for another offset is refused before any of it is read", async ({ staging }) => {
    const staged = staging.at("up/8/data");
    await staged.append(0, pieces("hello"));
    const untouched = { [Symbol.asyncIterator]: () => assert.fail("the content was asked for") };
    for (const offset of [0, 4, 6]) await assert.rejects(staged.append(offset, untouched), new OffsetMismatchError(5));
    assert.equal((await staged.stat())?.size, 5);
    const finished = staging.at("up/finished/data");
    await assert.rejects(finished.append(5, untouched), new OffsetMismatchError(0));
    assert.equal(await finished.stat(), undefined);
    assert.deepEqual(await staging.list("up"), ["8"]);
  });

  story(
    "staged content is found by its folder, has the time when it grew, and is removed with the folder",
    async ({ staging }) => {
      const before = Date.now();
      const staged = staging.at("up/9/data");
      assert.equal(await staged.openRead(), undefined);
      await staged.append(0, pieces("x"));
      assert.deepEqual(await staging.list("up"), ["9"]);
      // The clock of files ticks every 10 ms.
      assert.ok(((await staged.stat())?.modifiedMs ?? 0) > before - 20);
      await staging.remove("up/9");
      assert.equal(await staging.at("up/9/data").stat(), undefined);
      assert.equal(await staging.at("up/9/data").openRead(), undefined);
      assert.deepEqual(await staging.list("up"), []);
    },
  );

  story("notes are kept with an object, also before it has bytes, and end with it", async ({ driver, staging }) => {
    const key = "up/noted/data";
    await staging.at(key).begin({ openedby: "someone", startedat: "today" });
    assert.equal((await staging.at(key).stat())?.size ?? 0, 0);
    assert.deepEqual(await staging.list("up"), ["noted"]);
    await staging.at(key).append(0, pieces("x"));
    const note = await staging.at(key).note("openedby");
    assert.equal(await note?.text(), "someone");
    assert.ok(note !== undefined && note.writtenMs > Date.now() - 60_000);
    assert.equal(await staging.at(key).note("other"), undefined);
    const committed = staging.at(key);
    await committed.commit("blobs/noted", [], ["openedby", "startedat"]);
    assert.deepEqual(await staging.list("up"), [], "the notes end in the same change");
    await committed.discardWithNotes(["openedby", "startedat"]);
    assert.equal((await driver.read("blobs/noted"))?.toString(), "x");
    await staging.at("up/dropped/data").begin({ startedat: "today" });
    await staging.at("up/dropped/data").discardWithNotes(["startedat"]);
    assert.deepEqual(await staging.list("up"), []);
  });

  story("discarding keeps a folder that contains something else", async ({ staging }) => {
    const [one, other] = [staging.at("up/10/data"), staging.at("up/10/startedat")];
    for (const staged of [one, other]) await staged.append(0, pieces("x"));
    await one.discard();
    assert.deepEqual(await staging.list("up/10"), ["startedat"]);
    assert.equal((await other.stat())?.size, 1);
    await other.discard();
    assert.deepEqual(await staging.list("up"), []);
  });
}

/** Tests unfinished content that others read while it grows, as a download. */
export function testGrowingContent(name: string, open: Open): void {
  function story(sentence: string, tell: (staging: Staging) => Promise<void>): void {
    test(`${name}: ${sentence}`, async (t) => tell((await open(new Scope(t))).machine.staging));
  }

  story(
    "a reader sees what is appended after it was opened, and continues when the content gets its name",
    async (staging) => {
      const staged = staging.at("up/grows/data");
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
    async (staging) => {
      const discarded = staging.at("up/discarded/data");
      const invalidated = staging.at("up/invalidated/data");
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
