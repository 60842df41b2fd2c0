import { strict as assert } from "node:assert";
import { test } from "node:test";
import { LockError } from "../../src/oci/storage-error.js";
import type { ConditionalWrites, StorageDriver } from "../../src/storage/driver.js";
import { seededBytes } from "../support/content.js";
import { Scope } from "../support/scope.js";
import { listed } from "../support/settled-lists.js";
import { waitUntil } from "../support/wait-until.js";

/** How many times two of them race. */
const rounds = 25;
const key = "blobs/a/data";
const note = "aside/a";

/** Tests what every driver must guarantee under contention: conditional writes, withdrawals and locks. */
export function testStorageRaces(name: string, open: (scope: Scope) => Promise<StorageDriver>): void {
  function story(sentence: string, tell: (driver: StorageDriver) => Promise<void>): void {
    test(`${name}: ${sentence}`, async (t) => tell(await open(new Scope(t))));
  }

  /** A driver without conditional writes says so, and has nothing else to fulfil. */
  function conditionally(
    sentence: string,
    tell: (driver: StorageDriver, conditional: ConditionalWrites) => Promise<void>,
  ): void {
    story(sentence, async (driver) => {
      if (driver.conditional !== undefined) await tell(driver, driver.conditional);
    });
  }

  conditionally(
    "an object is written if there is none, and an existing one is not replaced",
    async (_driver, conditional) => {
      assert.equal(await conditional.writeIfAbsent({ key, content: Buffer.from("first") }), true);
      assert.equal(await conditional.writeIfAbsent({ key, content: Buffer.from("second") }), false);
    },
  );

  conditionally("if many write a free key, one succeeds, and its content is whole", async (driver, conditional) => {
    for (let round = 0; round < rounds; round++) {
      const contents = Array.from({ length: 6 }, (_, index) => seededBytes(`${round} ${index}`, 10_000));
      const written = await Promise.all(
        contents.map((content) => conditional.writeIfAbsent({ key: `free/${round}`, content })),
      );
      assert.equal(written.filter(Boolean).length, 1);
      assert.deepEqual(await driver.read(`free/${round}`), contents[written.indexOf(true)]);
    }
  });

  conditionally(
    "an object of a known version is replaced, but not one that has replaced it",
    async (driver, conditional) => {
      await driver.write({ key, content: Buffer.from("1") });
      const first = await settledVersion(driver, key);
      await driver.write({ key, content: Buffer.from("2") });
      assert.equal(await conditional.writeIfVersion({ key, content: Buffer.from("3") }, first), false);
      assert.equal((await driver.read(key))?.toString(), "2");
      const second = await settledVersion(driver, key);
      assert.equal(await conditional.writeIfVersion({ key, content: Buffer.from("3") }, second), true);
      assert.equal((await driver.read(key))?.toString(), "3");
      await driver.remove(key);
      assert.equal(await conditional.writeIfVersion({ key, content: Buffer.from("4") }, second), false);
      assert.equal(await driver.stat(key), undefined);
    },
  );

  conditionally(
    "an object of a known version is emptied, but not one that has replaced it",
    async (driver, conditional) => {
      const empty = { key, content: Buffer.alloc(0) };
      await driver.write({ key, content: Buffer.from("1") });
      const first = await settledVersion(driver, key);
      await driver.write({ key, content: Buffer.from("2") });
      assert.equal(await conditional.writeIfVersion(empty, first), false);
      assert.equal((await driver.read(key))?.toString(), "2");
      assert.equal(await conditional.writeIfVersion(empty, await settledVersion(driver, key)), true);
      assert.equal((await driver.stat(key))?.size, 0);
    },
  );

  conditionally("if many replace the same version, one succeeds", async (driver, conditional) => {
    await driver.write({ key, content: Buffer.from("before") });
    const version = await settledVersion(driver, key);
    const contents = Array.from({ length: 6 }, (_, index) => Buffer.from(`after ${index}`));
    const written = await Promise.all(contents.map((content) => conditional.writeIfVersion({ key, content }, version)));
    assert.equal(written.filter(Boolean).length, 1);
    assert.deepEqual(await driver.read(key), contents[written.indexOf(true)]);
  });

  story("a withdrawn object can be read until it is erased, and its readers continue", async (driver) => {
    const content = seededBytes("withdrawn", 50_000);
    await driver.write({ key, content });
    const reader = await driver.openRead(key);
    assert.equal((await driver.withdrawal.withdraw(key, note))?.size, content.length);
    assert.deepEqual((await driver.read(key)) ?? (await driver.read(note)), content);
    await driver.withdrawal.erase(key, note);
    assert.equal(await driver.stat(key), undefined);
    assert.equal(await driver.stat(note), undefined);
    const into = Buffer.alloc(50_000);
    assert.equal(await reader?.read(into, 0), 50_000);
    assert.deepEqual(into, content);
    await reader?.close();
  });

  story("a released withdrawal leaves the object as it was, and no note", async (driver) => {
    await driver.write({ key, content: Buffer.from("kept") });
    await driver.withdrawal.withdraw(key, note);
    await driver.withdrawal.release(key, note);
    assert.equal((await driver.read(key))?.toString(), "kept");
    assert.equal(await driver.stat(note), undefined);
    assert.equal(await driver.withdrawal.keep(key, note), true);
    await driver.withdrawal.erase(key, note);
    assert.equal((await driver.read(key))?.toString(), "kept");
  });

  story("a missing object is neither withdrawn nor kept", async (driver) => {
    assert.equal(await driver.withdrawal.withdraw(key, note), undefined);
    assert.equal(await driver.stat(note), undefined);
    await driver.withdrawal.release(key, note);
    await driver.withdrawal.erase(key, note);
    assert.equal(await driver.withdrawal.keep(key, note), false);
  });

  story("what a killed withdrawal has left is found by its note", async (driver) => {
    await driver.write({ key, content: Buffer.from("x") });
    await driver.withdrawal.withdraw(key, note);
    await waitUntil("the note is listed", async () => (await listed(driver, "aside")).includes("a") || undefined);
  });

  story("if one process keeps an object and another erases it, exactly one of them wins", async (driver) => {
    for (let round = 0; round < rounds; round++) {
      await driver.write({ key, content: Buffer.from("needed") });
      await driver.withdrawal.withdraw(key, note);
      const [isKept] = await Promise.all([driver.withdrawal.keep(key, note), driver.withdrawal.erase(key, note)]);
      assert.equal((await driver.stat(key)) !== undefined, isKept);
      assert.equal(await driver.stat(note), undefined);
    }
  });

  story("what is stored after an object could not be kept stays, and so does a kept object", async (driver) => {
    for (let round = 0; round < rounds; round++) {
      await driver.write({ key, content: Buffer.from("needed") });
      await driver.withdrawal.withdraw(key, note);
      const need = async () => {
        while (!(await driver.withdrawal.keep(key, note))) await driver.write({ key, content: Buffer.from("needed") });
      };
      await Promise.all([need(), driver.withdrawal.erase(key, note), need()]);
      assert.equal((await driver.read(key))?.toString(), "needed");
    }
  });

  story("what is stored while the object is withdrawn stays if it is kept afterwards", async (driver) => {
    for (let round = 0; round < rounds; round++) {
      await driver.write({ key, content: Buffer.from("needed") });
      await driver.withdrawal.withdraw(key, note);
      const store = async () => {
        do await driver.write({ key, content: Buffer.from("needed") });
        while (!(await driver.withdrawal.keep(key, note)));
      };
      await Promise.all([store(), driver.withdrawal.erase(key, note)]);
      assert.equal((await driver.read(key))?.toString(), "needed");
    }
  });

  story("what is written while an object is withdrawn is not lost", async (driver) => {
    for (let round = 0; round < rounds; round++) {
      await driver.write({ key: `blobs/${round}/data`, content: Buffer.from("first") });
      await Promise.all([
        driver.withdrawal.withdraw(`blobs/${round}/data`, `aside/${round}`),
        driver.write({ key: `blobs/${round}/link`, content: Buffer.from("second") }),
      ]);
      assert.equal((await driver.read(`blobs/${round}/link`))?.toString(), "second");
    }
  });

  story("if a lock is held for too long, the next one gives up, and its action does not run", async (driver) => {
    let isHeld = true;
    const runs: string[] = [];
    let release = () => {};
    let holding = Promise.resolve();
    await new Promise<void>((begun) => {
      holding = driver.withLock("long", async () => {
        begun();
        await new Promise<void>((resolve) => (release = resolve));
      });
    });
    const giving = driver.withLock("long", async () => void runs.push("gave up"), { waitMs: 20 });
    await assert.rejects(giving, (error) => error instanceof LockError && error.reason === "held");
    const patient = driver.withLock("long", async () => void runs.push(isHeld ? "too early" : "in turn"));
    isHeld = false;
    release();
    await Promise.all([holding, patient]);
    assert.deepEqual(runs, ["in turn"]);
  });
}

function settledVersion(driver: StorageDriver, of: string): Promise<string> {
  return waitUntil("the version settles", async () => (await driver.stat(of))?.version);
}
