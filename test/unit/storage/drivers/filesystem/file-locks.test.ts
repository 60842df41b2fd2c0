import { strict as assert } from "node:assert";
import { readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { link, lutimes, mkdir, readdir, readlink, symlink, unlink } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { LockError } from "../../../../../src/oci/storage-error.js";
import { whileLocked } from "../../../../../src/storage/drivers/filesystem/disk-lock.js";
import { FileLocks } from "../../../../../src/storage/drivers/filesystem/file-locks.js";
import { OwnerFiles } from "../../../../../src/storage/drivers/filesystem/owner-files.js";
import { Scope } from "../../../../support/scope.js";
import { SecondProcess } from "../../../../support/second-process.js";
import { waitUntil } from "../../../../support/wait-until.js";

test("a lock that another process holds is waited for", async (t) => {
  const { locks, root } = await freshLocks(t);
  const other = await SecondProcess.start(new Scope(t), root);
  await other.lock("one");
  let isUnlocked = false;
  const waiting = locks.withLock("one", async () => assert.ok(isUnlocked, "both have the lock"));
  assert.equal(await locks.withLock("another", async () => "had"), "had");
  isUnlocked = true;
  await other.unlock("one");
  await waiting;
});

test("a lock whose owner was killed is taken over at once, by one process after another", async (t) => {
  // So long that the test would time out if the stale time had to pass.
  const { locks, root } = await freshLocks(t, 1_000_000_000);
  const other = await SecondProcess.start(new Scope(t), root);
  await other.lock("one");
  await other.kill();
  let holders = 0;
  const hold = async () => {
    assert.equal(++holders, 1);
    await new Promise(setImmediate);
    holders--;
  };
  await Promise.all([locks.withLock("one", hold), locks.withLock("one", hold)]);
});

test("a live owner on this machine keeps its lock, however long it is held up", async (t) => {
  const { locks, root, folder } = await freshLocks(t, 2000);
  const other = await SecondProcess.start(new Scope(t), root);
  await other.lock("one");
  await lutimes(join(folder, (await readdir(folder))[0] ?? ""), 1, 1);
  let isUnlocked = false;
  const waiting = locks.withLock("one", async () => assert.ok(isUnlocked, "both have the lock"));
  for (let times = 0; times < 10; times++) await locks.withLock("another", async () => {});
  isUnlocked = true;
  await other.unlock("one");
  await waiting;
});

/** Holds up the next renewal when it is told to, and tells of each. */
class HeldUpFiles extends OwnerFiles {
  #held: { readonly reached: () => void; readonly until: Promise<void> } | undefined;
  #renewed = () => {};

  /** @returns what settles once a renewal is held up */
  holdUpNext(until: Promise<void>): Promise<void> {
    return new Promise((reached) => {
      this.#held = { reached, until };
    });
  }

  next(): Promise<void> {
    return new Promise((renewed) => {
      this.#renewed = renewed;
    });
  }

  override async renew(...lock: Parameters<OwnerFiles["renew"]>): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    held?.reached();
    await held?.until;
    await super.renew(...lock);
    this.#renewed();
  }
}

test("a renewal that ends after its lock was released does not take the lock from the next holder", async (t) => {
  // The timer of a renewal does not keep a process alive.
  const alive = setInterval(() => {}, 1000);
  t.after(() => clearInterval(alive));
  const files = new HeldUpFiles();
  const locks = new FileLocks(await new Scope(t).folder("locks"), files, 2000);
  let resume = () => {};
  const resumed = new Promise<void>((resolve) => {
    resume = resolve;
  });
  await locks.withLock("one", () => files.holdUpNext(resumed));
  await locks.withLock("one", async (lost) => {
    const late = files.next();
    resume();
    await late;
    await Promise.race([files.next(), new Promise((resolve) => lost.addEventListener("abort", resolve))]);
    assert.equal(lost.aborted, false);
  });
});

test("what a process holds through one opened storage, it does not take over through another, however old it is", async (t) => {
  const { locks, folder } = await freshLocks(t, 2000);
  const others = new FileLocks(folder, new OwnerFiles(), 2000);
  await locks.withLock("one", async (lost) => {
    await lutimes(join(folder, (await readdir(folder))[0] ?? ""), 1, 1);
    await assert.rejects(
      others.withLock("one", async () => {}, 100),
      LockError,
    );
    assert.equal(lost.aborted, false);
  });
});

test("if several processes find the old lock of a killed one, one holds it at a time", async (t) => {
  const scope = new Scope(t);
  const { root, folder } = await freshLocks(t);
  const others = await Promise.all([1, 2, 3].map(() => SecondProcess.start(scope, root)));
  for (let round = 0; round < 6; round++) {
    const killed = await SecondProcess.start(scope, root);
    await killed.lock("one");
    await killed.kill();
    await lutimes(join(folder, (await readdir(folder))[0] ?? ""), 1, 1);
    let holders = 0;
    const holdInTurn = async (other: SecondProcess) => {
      await other.lock("one");
      assert.equal(++holders, 1, `round ${round}`);
      await new Promise(setImmediate);
      holders--;
      await other.unlock("one");
    };
    await Promise.all(others.map(holdInTurn));
  }
});

test("an earlier process with the same pid is another owner", async (t) => {
  const { locks, folder } = await freshLocks(t, 1_000_000_000);
  const { path, owner } = await lockFileOf(locks, folder, "one");
  await symlink(owner.replace(/[^:]+$/, "another life"), path);
  assert.equal(await locks.withLock("one", async () => "had"), "had");
});

test("an owner in another container or on another machine may be alive, and keeps its lock until it is stale", async (t) => {
  const { locks, folder } = await freshLocks(t, 2000);
  const { path, owner } = await lockFileOf(locks, folder, "one");
  const start = performance.now();
  // No process has a pid this high (proc(5), pid_max).
  await symlink(owner.replace(/^[^:]+/, "elsewhere").replace(/:\d+:/, ":4194305:"), path);
  await locks.withLock("one", async () => {});
  assert.ok(performance.now() - start > 1000, "the lock was taken from its owner");
});

test("an action learns that its lock was lost, and the lock of the new owner stays", async (t) => {
  const { locks, folder } = await freshLocks(t, 2000);
  const { path } = await lockFileOf(locks, folder, "one");
  const failed = locks.withLock("one", async (lost) => {
    await unlink(path);
    await symlink("elsewhere:1:x", path);
    // Made in the same millisecond, it would be as old as ours.
    await lutimes(path, 1, 1);
    await waitUntil("the loss is noticed", () => lost.aborted || undefined);
  });
  await assert.rejects(failed, (error) => error instanceof LockError && error.reason === "lost");
  assert.equal(await readlink(path), "elsewhere:1:x");
});

test("an action that ends before it could learn that its lock was lost fails all the same", async (t) => {
  const { locks, folder } = await freshLocks(t);
  const { path } = await lockFileOf(locks, folder, "one");
  const failed = locks.withLock("one", async () => {
    await unlink(path);
    await symlink("elsewhere:1:x", path);
  });
  await assert.rejects(failed, (error) => error instanceof LockError && error.reason === "lost");
  assert.equal(await readlink(path), "elsewhere:1:x");
});

test("the next owner waits for the end of an action that lost its lock", async (t) => {
  const { locks, folder } = await freshLocks(t, 2000);
  const { path } = await lockFileOf(locks, folder, "one");
  let isEnded = false;
  const losing = locks.withLock("one", async (lost) => {
    await unlink(path);
    await waitUntil("the loss is noticed", () => lost.aborted || undefined);
    await new Promise(setImmediate);
    isEnded = true;
  });
  await Promise.all([assert.rejects(losing), locks.withLock("one", async () => assert.ok(isEnded))]);
});

test("a change that takes its lock itself takes over from a process that has ended, and waits for one that runs", async (t) => {
  const { locks, folder } = await freshLocks(t);
  const { path, owner } = await lockFileOf(locks, folder, "one");
  await symlink(owner.replace(/[^:]+$/, "another life"), path);
  const holders: (string | undefined)[] = [];
  const change = () =>
    locks.withTakenLock("one", async (file) => {
      assert.ok(file !== undefined);
      whileLocked(file, () => holders.push(readlinkSync(path)));
    });
  await change();
  await symlink(owner, path);
  const waiting = change();
  await new Promise(setImmediate);
  assert.deepEqual(holders, [owner]);
  await unlink(path);
  await waiting;
  assert.deepEqual(holders, [owner, owner]);
  assert.deepEqual(await readdir(folder), []);
});

test("a change whose lock was taken over meanwhile fails", async (t) => {
  const { locks, folder } = await freshLocks(t);
  const { path } = await lockFileOf(locks, folder, "one");
  const failed = locks.withTakenLock("one", async (file) => {
    assert.ok(file !== undefined);
    whileLocked(file, () => {
      unlinkSync(path);
      symlinkSync("elsewhere:1:x", path);
    });
  });
  await assert.rejects(failed, (error) => error instanceof LockError && error.reason === "lost");
  assert.equal(await readlink(path), "elsewhere:1:x");
});

test("the age of a lock that is a second name counts from when it was taken", async (t) => {
  const { locks, folder } = await freshLocks(t, 2000);
  const { path } = await lockFileOf(locks, folder, "one");
  const start = performance.now();
  await symlink("elsewhere:1:x", `${path}-name`);
  await lutimes(`${path}-name`, 1, 1);
  await link(`${path}-name`, path);
  await locks.withLock("one", async () => {});
  assert.ok(performance.now() - start > 1000, "the lock was taken from its owner");
});

test("the name that a process leaves behind is removed by the next one", async (t) => {
  const { locks, root, folder } = await freshLocks(t);
  const { owner } = await lockFileOf(locks, folder, "one");
  const names = join(root, ".berth/processes");
  await mkdir(names);
  await symlink(owner.replace(/[^:]+$/, "another life"), join(names, "ended"));
  await locks.withLock("one", async () => {});
  assert.deepEqual(await Promise.all((await readdir(names)).map((name) => readlink(join(names, name)))), [owner]);
});

async function freshLocks(t: TestContext, staleMs?: number) {
  const root = await new Scope(t).folder("locks");
  const folder = join(root, ".berth/locks");
  return { root, folder, locks: new FileLocks(folder, new OwnerFiles(), staleMs) };
}

/** The name of a lock on the disk, and the state of its owner, read while it is held. It is free afterwards. */
async function lockFileOf(locks: FileLocks, folder: string, name: string): Promise<{ path: string; owner: string }> {
  const seen = await locks.withLock(name, async () => {
    const path = join(folder, (await readdir(folder))[0] ?? "");
    return { path, owner: await readlink(path) };
  });
  await waitUntil("the lock is released", async () => (await readdir(folder)).length === 0 || undefined);
  return seen;
}
