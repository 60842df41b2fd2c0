import { strict as assert } from "node:assert";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdir, readdir, readFile, readlink, rm, symlink, utimes, writeFile } from "node:fs/promises";
import os from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FilesystemDriver } from "../../src/storage/drivers/filesystem/filesystem-driver.js";
import { Scope } from "../support/scope.js";
import { SecondProcess } from "../support/second-process.js";
import { waitUntil } from "../support/wait-until.js";
import { testStorageChanges, testWholeRemovals } from "./storage-changes.js";
import { testStorageDriver } from "./storage-driver.js";
import { testStorageRaces } from "./storage-races.js";
import { testGrowingContent, testStaging } from "./storage-staging.js";

testStorageDriver("filesystem", async (scope) => FilesystemDriver.open(await scope.folder("driver")));
testStaging("filesystem", async (scope) => FilesystemDriver.open(await scope.folder("driver")));
testGrowingContent("filesystem", async (scope) => FilesystemDriver.open(await scope.folder("driver")));
testStorageChanges("filesystem", async (scope) => FilesystemDriver.open(await scope.folder("driver")));
testStorageRaces("filesystem", async (scope) => FilesystemDriver.open(await scope.folder("driver")));
testWholeRemovals("filesystem", async (scope) => FilesystemDriver.open(await scope.folder("driver")));

test("filesystem: a list is the same array until something changes, and a different one afterwards", async (t) => {
  const driver = await FilesystemDriver.open(await new Scope(t).folder("lists"));
  await driver.write({ key: "list/a", content: Buffer.from("x") });
  const before = await settledList(driver, "list");
  assert.equal(await driver.list("list"), before);
  await driver.write({ key: "list/b", content: Buffer.from("x") });
  assert.deepEqual(await driver.list("list"), ["a", "b"]);
  await driver.remove("list/a");
  assert.deepEqual(await driver.list("list"), ["b"]);
  assert.deepEqual(before, ["a"]);
});

test("filesystem: a withdrawal leaves no empty folder where the object was", async (t) => {
  const driver = await FilesystemDriver.open(await new Scope(t).folder("withdrawals"));
  await driver.write({ key: "blobs/a/data", content: Buffer.from("x") });
  await driver.withdrawal.withdraw("blobs/a/data", "aside/a");
  assert.deepEqual(await driver.list("blobs"), []);
});

test("filesystem: with its first manifest a repository gets the layers folder that registry 2.8 looks for", async (t) => {
  const driver = await FilesystemDriver.open(await new Scope(t).folder("folders"));
  const repository = "docker/registry/v2/repositories/team/app";
  for (const manifest of ["a", "b"]) {
    const key = `${repository}/_manifests/revisions/sha256/${manifest}/link`;
    await driver.write({ key, content: Buffer.from("x") });
    assert.deepEqual(await driver.list(repository), ["_layers", "_manifests"]);
    assert.deepEqual(await driver.list(`${repository}/_layers`), []);
  }
});

test("filesystem: if two processes write a free key at the same time, one succeeds", async (t) => {
  const folder = await new Scope(t).folder("shared");
  const drivers = await Promise.all([FilesystemDriver.open(folder), FilesystemDriver.open(folder)]);
  for (let round = 0; round < 20; round++) {
    const key = `free/${round}`;
    const written = await Promise.all(
      drivers.map((driver, index) => driver.conditional.writeIfAbsent({ key, content: Buffer.from(String(index)) })),
    );
    assert.equal(written.filter(Boolean).length, 1);
    assert.equal((await drivers[0]?.read(key))?.toString(), String(written.indexOf(true)));
  }
  assert.deepEqual(await readdir(join(folder, ".berth/scratch")), []);
});

/** The list once it is cached: a very recent change could hide another one. */
function settledList(driver: FilesystemDriver, key: string): Promise<readonly string[]> {
  return waitUntil("the list settles", async () => {
    const list = await driver.list(key);
    return (await driver.list(key)) === list ? list : undefined;
  });
}

test("filesystem: what another process writes is seen, although listings and versions are cached", async (t) => {
  const folder = await new Scope(t).folder("shared");
  const [one, other] = await Promise.all([FilesystemDriver.open(folder), FilesystemDriver.open(folder)]);
  await one.write({ key: "tags/a/link", content: Buffer.from("1") });
  await settledList(one, "tags");
  await other.write({ key: "tags/b/link", content: Buffer.from("2") });
  await other.write({ key: "tags/a/link", content: Buffer.from("3") });
  assert.deepEqual(await one.list("tags"), ["a", "b"]);
  assert.equal((await one.read("tags/a/link"))?.toString(), "3");
});

test("filesystem: a deleted scratch folder is made again", async (t) => {
  const folder = await new Scope(t).folder("swept");
  const driver = await FilesystemDriver.open(folder);
  await driver.write({ key: "tags/a/link", content: Buffer.from("1") });
  await rm(join(folder, ".berth"), { recursive: true });
  await driver.remove("tags/a");
  assert.deepEqual(await driver.list("tags"), []);
  await rm(join(folder, ".berth"), { recursive: true });
  await driver.write({ key: "tags/b/link", content: Buffer.from("2") });
  await rm(join(folder, ".berth"), { recursive: true });
  assert.equal(await driver.withLock("lock", async () => "had"), "had");
  assert.deepEqual(await driver.list("tags"), ["b"]);
});

test("filesystem: failed writes leave no temporary files", async (t) => {
  const folder = await new Scope(t).folder("failures");
  const driver = await FilesystemDriver.open(folder);
  await writeFile(join(folder, "file"), "a file where a folder would have to be");
  await assert.rejects(driver.write({ key: "file/below", content: Buffer.from("x") }));
  assert.deepEqual(await readdir(join(folder, ".berth/scratch")), []);
});

test("filesystem: a failed commit keeps the staged content, and leaves no temporary files", async (t) => {
  const folder = await new Scope(t).folder("failures");
  const driver = await FilesystemDriver.open(folder);
  await writeFile(join(folder, "file"), "a file where a folder would have to be");
  const staged = driver.staging.at("up/1/data");
  await staged.append(0, only("content"));
  await assert.rejects(staged.commit("file/below", [{ key: "link", content: Buffer.from("link") }]));
  assert.deepEqual(await readdir(join(folder, ".berth/scratch")), []);
  assert.equal(await driver.stat("link"), undefined);
  await staged.commit("blob");
  assert.equal((await driver.read("blob"))?.toString(), "content");
});

test("filesystem: no file stays open, whatever fails", async (t) => {
  const folder = await new Scope(t).folder("failures");
  const driver = await FilesystemDriver.open(folder);
  await writeFile(join(folder, "file"), "a file where a folder would have to be");
  const staged = driver.staging.at("up/1/data");
  await staged.append(0, only("content"));
  await assert.rejects(staged.append(7, failing()));
  await assert.rejects(staged.append(3, only("x")));
  await assert.rejects(staged.commit("file/below"));
  await assert.rejects(driver.staging.at("up/2/data").commit("blob"));
  await assert.rejects(driver.write({ key: "file/below", content: Buffer.from("x") }));
  for (const key of ["file", "up", "absent", "file/below"]) await (await driver.openRead(key))?.close();
  await staged.discard();
  assert.deepEqual(
    (await openFiles()).filter((path) => path.startsWith(folder)),
    [],
  );
});

test("filesystem: if a write fails midway, the objects before the failure are whole and those after it absent", async (t) => {
  const folder = await new Scope(t).folder("failures");
  const driver = await FilesystemDriver.open(folder);
  await writeFile(join(folder, "file"), "a file where a folder would have to be");
  const keys = ["before", "file/below", "after"];
  await assert.rejects(driver.write(...keys.map((key) => ({ key, content: Buffer.from(key) }))));
  assert.equal((await driver.read("before"))?.toString(), "before");
  assert.equal(await driver.stat("after"), undefined);
});

test("filesystem: a key that several processes write at once always holds the content of one of them", async (t) => {
  const scope = new Scope(t);
  const folder = await scope.folder("shared");
  const driver = await FilesystemDriver.open(folder);
  const others = await Promise.all([SecondProcess.start(scope, folder), SecondProcess.start(scope, folder)]);
  const texts = ["a".repeat(30_000), "b".repeat(50_000), "c".repeat(70_000)] as const;
  await driver.write({ key: "key", content: Buffer.from(texts[0]) });
  for (let round = 0; round < 10; round++) {
    const writing = [
      driver.write({ key: "key", content: Buffer.from(texts[0]) }),
      ...others.map((other, index) => other.write("key", texts[index === 0 ? 1 : 2])),
    ];
    const reading = writing.map(async (written) => {
      await written;
      assert.ok([...texts].includes((await driver.read("key"))?.toString() ?? ""));
    });
    await Promise.all(reading);
  }
  assert.deepEqual(await readdir(join(folder, ".berth/scratch")), []);
});

test("filesystem: a start removes the temporary files of an earlier process, but none that may belong to a running one", async (t) => {
  const folder = await new Scope(t).folder("leftovers");
  const scratch = join(folder, ".berth/scratch");
  await mkdir(join(scratch, "old folder/below"), { recursive: true });
  for (const file of ["old", "old folder/below/file", "new"]) await writeFile(join(scratch, file), file);
  const twoHoursAgo = new Date(Date.now() - 2 * 60 * 60 * 1000);
  for (const name of ["old", "old folder"]) await utimes(join(scratch, name), twoHoursAgo, twoHoursAgo);
  await FilesystemDriver.open(folder);
  assert.deepEqual(await readdir(scratch), ["new"]);
});

test("filesystem: changes are seen even if the file clock cannot tell them apart", async (t) => {
  const folder = await new Scope(t).folder("fast");
  const driver = await FilesystemDriver.open(folder);
  const names: string[] = [];
  for (let round = 100; round < 200; round++) {
    mkdirSync(join(folder, `list/${round}`), { recursive: true });
    names.push(String(round));
    assert.deepEqual(await driver.list("list"), names);
  }
  const versions = new Map<string, number>();
  for (let round = 100; round < 200; round++) {
    writeFileSync(join(folder, "object"), String(round));
    const version = (await driver.stat("object"))?.version;
    if (version === undefined) continue;
    assert.equal(versions.get(version), undefined);
    versions.set(version, round);
  }
});

test("filesystem: files of other programs and dangling links do no harm", async (t) => {
  const folder = await new Scope(t).folder("litter");
  const driver = await FilesystemDriver.open(folder);
  await driver.write({ key: "tags/v1", content: Buffer.from("1") });
  await writeFile(join(folder, "tags/.DS_Store"), "junk");
  await symlink("nowhere", join(folder, "tags/dangling"));
  assert.equal(await driver.stat("tags/dangling"), undefined);
  assert.equal(await driver.read("tags/dangling"), undefined);
  assert.deepEqual(await driver.list("tags"), [".DS_Store", "dangling", "v1"]);
  await driver.write({ key: "tags/dangling", content: Buffer.from("2") });
  assert.equal(await readFile(join(folder, "tags/dangling"), "utf8"), "2");
  await driver.remove("tags");
  assert.deepEqual(await driver.list("tags"), []);
});

async function* only(text: string): AsyncIterable<Buffer> {
  yield Buffer.from(text);
}

async function* failing(): AsyncIterable<Buffer> {
  yield Buffer.from("some");
  throw new Error("the connection is gone");
}

/** Paths of all files that this process and its threads have open. */
async function openFiles(): Promise<string[]> {
  const descriptors = await readdir("/proc/self/fd");
  const paths = descriptors.map((descriptor) => readlink(`/proc/self/fd/${descriptor}`).catch(() => ""));
  return Promise.all(paths);
}

test("filesystem: a reader that follows invalidated content reaches its end, also through another process's driver", async (t) => {
  const folder = await new Scope(t).folder("invalidated");
  const [one, other] = await Promise.all([FilesystemDriver.open(folder), FilesystemDriver.open(folder)]);
  const pieces = async function* () {
    yield Buffer.from("wrong");
  };
  await one.staging.at("downloads/a").append(0, pieces());
  const reader = await other.staging.at("downloads/a").openRead();
  await one.staging.at("downloads/a").invalidate();
  assert.equal(await one.staging.at("downloads/a").stat(), undefined);
  assert.equal(await reader?.read(Buffer.alloc(5), 0), 0);
  await reader?.close();
});

test("filesystem: the thread that answers walks over everything goes last where processors are scarce, and no other", {
  skip: process.platform !== "linux" && "elsewhere, threads have no priority of their own",
}, async (t) => {
  const driver = await FilesystemDriver.open(await new Scope(t).folder("priority"));
  await driver.many.has(["a"]);
  await driver.write({ key: "a", content: Buffer.from("x") });
  const priorities = (await readdir("/proc/self/task")).map((thread) => os.getPriority(Number(thread)));
  assert.deepEqual([...new Set(priorities)].sort(), [0, 10]);
  assert.equal(priorities.filter((priority) => priority > 0).length, 1);
});
