import { strict as assert } from "node:assert";
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { type TestContext, test } from "node:test";
import { DurableFolders } from "../../../../../src/storage/drivers/filesystem/durable-folders.js";
import { hasCode } from "../../../../../src/storage/drivers/filesystem/system-error.js";
import { Scope } from "../../../../support/scope.js";

test("each new folder is synced in its parent", async (t) => {
  const { folders, root, synced } = await recorded(t);
  folders.make(join(root, "a/b/c"));
  folders.sync();
  assert.deepEqual(synced(), ["", "a", "a/b"]);
});

test("what is already durable is not synced again", async (t) => {
  const { folders, root, synced } = await recorded(t);
  folders.make(join(root, "a/b/c"));
  folders.sync();
  synced();
  folders.make(join(root, "a/b/d"));
  folders.noteChange(join(root, "a/b/d"));
  folders.sync();
  folders.make(join(root, "a/b/d"));
  folders.sync();
  assert.deepEqual(synced(), ["a/b", "a/b/d"]);
});

test("a folder that another process created is synced before it is relied on", async (t) => {
  const { folders, root, synced } = await recorded(t);
  mkdirSync(join(root, "theirs/below"), { recursive: true });
  folders.make(join(root, "theirs/below"));
  folders.sync();
  assert.deepEqual(synced(), ["", "theirs"]);
});

test("a change in a folder that another process created does not mean that its name is durable", async (t) => {
  const { folders, root, synced } = await recorded(t);
  mkdirSync(join(root, "theirs/below"), { recursive: true });
  folders.noteChange(join(root, "theirs/below"));
  folders.sync();
  assert.deepEqual(synced(), ["theirs/below"]);
  folders.make(join(root, "theirs/below"));
  folders.sync();
  assert.deepEqual(synced(), ["", "theirs"]);
});

test("a folder that was deleted and is created again is synced again", async (t) => {
  const { folders, root, synced } = await recorded(t);
  folders.make(join(root, "tags/v1/current"));
  folders.sync();
  synced();
  rmSync(join(root, "tags/v1"), { recursive: true });
  folders.make(join(root, "tags/v1/current"));
  folders.sync();
  assert.deepEqual(synced(), ["tags", "tags/v1"]);
});

test("after a failure, everything is synced again", async (t) => {
  const { folders, root, synced } = await recorded(t);
  folders.make(join(root, "a/b"));
  folders.sync();
  synced();
  folders.forget();
  folders.make(join(root, "a/b"));
  folders.sync();
  assert.deepEqual(synced(), ["", "a"]);
});

test("folders above an existing root are not touched", async (t) => {
  const parent = await new Scope(t).folder("parent");
  const root = join(parent, "root");
  mkdirSync(root);
  const folders = new DurableFolders(root, (path) => assert.ok(path.startsWith(root), `${path} is none of ours`));
  folders.make(join(root, "a/b"));
  folders.sync();
});

test("a root that was created is synced up to the first existing folder", async (t) => {
  const parent = await new Scope(t).folder("parent");
  const synced: string[] = [];
  const folders = new DurableFolders(join(parent, "x/root"), (path) => synced.push(relative(parent, path)));
  folders.make(join(parent, "x/root/scratch"));
  folders.sync();
  assert.deepEqual(synced.sort(), ["", "x", "x/root"]);
});

test("a folder that has been deleted by the time of its sync is not a failure", async (t) => {
  const root = await new Scope(t).folder("root");
  const folders = new DurableFolders(root);
  folders.make(join(root, "a/b"));
  rmSync(join(root, "a"), { recursive: true });
  folders.sync();
});

test("a failed sync is reported", async (t) => {
  const root = await new Scope(t).folder("root");
  const failure = Object.assign(new Error("disk"), { code: "EIO" });
  const folders = new DurableFolders(root, () => {
    throw failure;
  });
  folders.noteChange(root);
  assert.throws(
    () => folders.sync(),
    (error) => hasCode(error, "EIO"),
  );
});

/** Folders below a new root; `synced` returns those that were synced since its last call, relative to the root. */
async function recorded(t: TestContext) {
  const root = join(await new Scope(t).folder("root"), "data");
  mkdirSync(root);
  const paths: string[] = [];
  const folders = new DurableFolders(root, (path) => {
    assert.notEqual(path, dirname(root));
    paths.push(relative(root, path));
  });
  return { folders, root, synced: () => paths.splice(0).sort() };
}
