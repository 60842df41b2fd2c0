import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { StorageDriver } from "../../src/storage/driver.js";
import { seededBytes } from "../support/content.js";
import { Scope } from "../support/scope.js";
import { listed } from "../support/settled-lists.js";

/** How many changes are made while they are observed. */
const rounds = 25;

/** Tests what every driver must guarantee during many or rapid changes, on a fresh driver each time. */
export function testStorageChanges(name: string, open: (scope: Scope) => Promise<StorageDriver>): void {
  function story(sentence: string, tell: (driver: StorageDriver) => Promise<void>): void {
    test(`${name}: ${sentence}`, async (t) => tell(await open(new Scope(t))));
  }

  story("no version ever stands for two contents, however quickly they follow one another", async (driver) => {
    const seen = new Map<string, string>();
    for (let count = 0; count < 40; count++) {
      const text = String(100 + count);
      await driver.write({ key: "v", content: Buffer.from(text) });
      // Waits for a settled version every fourth time, and continues at once otherwise.
      for (let version: string | undefined; version === undefined; ) {
        version = (await driver.stat("v"))?.version;
        if (version !== undefined) assert.equal(seen.get(version) ?? text, text);
        if (version !== undefined) seen.set(version, text);
        if (count % 4 !== 0) break;
      }
    }
    assert.ok(seen.size >= 10);
  });

  story("each change is in the next list, however quickly changes follow one another", async (driver) => {
    const present = new Set<string>();
    for (let count = 0; count < 60; count++) {
      const name = `n${(count * 7) % 10}`;
      if (present.delete(name)) await driver.remove(`list/${name}`);
      else {
        present.add(name);
        await driver.write({ key: `list/${name}`, content: Buffer.from(name) });
      }
      assert.deepEqual(await listed(driver, "list"), [...present].sort());
    }
  });

  story("what is pruned loses only what holds no object, and can be written to again", async (driver) => {
    await driver.write(...["a/b/c/one", "a/b/d/two"].map((key) => ({ key, content: Buffer.from(key) })));
    await driver.remove("a/b/c/one");
    await driver.prune?.(["a/b/c", "a/b/d", "a/b/missing"], "a");
    assert.deepEqual([await listed(driver, "a/b"), await listed(driver, "a/b/d")], [["d"], ["two"]]);
    await driver.remove("a/b/d/two");
    await driver.prune?.(["a/b/d"], "a");
    assert.deepEqual(await listed(driver, "a"), []);
    await driver.write({ key: "a/b/c/one", content: Buffer.from("again") });
    assert.deepEqual(await listed(driver, "a/b/c"), ["one"]);
  });

  story("of two contents written to one key, the later one stays", async (driver) => {
    await driver.write({ key: "k", content: Buffer.from("earlier") }, { key: "k", content: Buffer.from("later") });
    assert.equal((await driver.read("k"))?.toString(), "later");
    await driver.write();
  });

  story("a reader that sees the last object of a write sees those before it", async (driver) => {
    await whileChanging(
      async (round) => {
        const content = Buffer.from(String(round));
        await driver.write({ key: "first", content }, { key: "second", content });
      },
      async () => {
        const second = Number((await driver.read("second")) ?? -1);
        assert.ok(Number((await driver.read("first")) ?? -1) >= second);
      },
    );
  });

  story("a reader that sees what was written with a commit sees the committed object", async (driver) => {
    let last = -1;
    await whileChanging(
      async (round) => {
        const staged = driver.staging.at(`up/${round}/data`);
        await staged.append(0, only(Buffer.from("content")));
        await staged.commit(`blobs/${round}`, [{ key: "link", content: Buffer.from(String(round)) }]);
        last = round;
      },
      async () => {
        const link = await driver.read("link");
        if (link !== undefined) assert.equal((await driver.read(`blobs/${link}`))?.toString(), "content");
      },
    );
    assert.equal((await driver.read("link"))?.toString(), String(last));
  });

  story("a read during a replacement returns one whole content, of one size", async (driver) => {
    const contents = [seededBytes("short", 10_000), seededBytes("long", 60_000)] as const;
    await driver.write({ key: "k", content: contents[0] });
    await whileChanging(
      async (round) => {
        await driver.write({ key: "k", content: contents[round % 2 === 0 ? 1 : 0] });
      },
      async () => {
        const found = await driver.read("k");
        assert.ok(contents.some((content) => found?.equals(content)));
        assert.ok(contents.some(({ length }) => length === found?.length));
      },
    );
  });

  story("what is removed below a key disappears in code point order", async (driver) => {
    const keysOf = (round: number) => Array.from({ length: 5 }, (_, index) => `${round}/of/${index}`);
    for (let round = 0; round < rounds; round++)
      await driver.write(...keysOf(round).map((key) => ({ key, content: Buffer.from(key) })));
    let removing = 0;
    await whileChanging(
      async (round) => {
        removing = round;
        await driver.remove(String(round));
      },
      async () => {
        const keys = keysOf(removing);
        const last = keys.pop() ?? "";
        if ((await driver.stat(last)) !== undefined) return;
        for (const key of keys) assert.equal(await driver.stat(key), undefined);
      },
    );
  });
}

/** Tests a driver with folders: everything below a key disappears at once. */
export function testWholeRemovals(name: string, open: (scope: Scope) => Promise<StorageDriver>): void {
  test(`${name}: everything removed together disappears at once`, async (t) => {
    const driver = await open(new Scope(t));
    const keysOf = (round: number) => Array.from({ length: 5 }, (_, index) => `${round}/of/${index}`);
    for (let round = 0; round < rounds; round++)
      await driver.write(...keysOf(round).map((key) => ({ key, content: Buffer.from(key) })));
    let removing = 0;
    await whileChanging(
      async (round) => {
        removing = round;
        await driver.remove(String(round));
      },
      async () => {
        // In the order of a removal one by one.
        const [first, ...others] = keysOf(removing);
        if ((await driver.stat(first ?? "")) !== undefined) return;
        for (const key of others) assert.equal(await driver.stat(key), undefined);
      },
    );
  });
}

/** Changes something again and again, and observes it meanwhile and at the end. */
async function whileChanging(change: (round: number) => Promise<void>, look: () => Promise<void>): Promise<void> {
  let isOver = false;
  const changing = (async () => {
    for (let round = 0; round < rounds; round++) await change(round);
  })().finally(() => {
    isOver = true;
  });
  const looking = (async () => {
    while (!isOver) {
      await look();
      // A look that never waits must not keep the changes from continuing.
      await new Promise(setImmediate);
    }
    await look();
  })();
  await Promise.all([changing, looking]);
}

async function* only(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}
