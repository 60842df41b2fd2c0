import { strict as assert } from "node:assert";
import { lstatSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { FolderListings } from "../../../../../src/storage/drivers/filesystem/folder-listings.js";
import { Scope } from "../../../../support/scope.js";

const oddNames = ["ä", "line\nbreak", "\u{1f600}", "\uffee"];

/** A folder with so many files, whose names are so long that few make it large, and some with odd names. */
async function folderOf(scope: Scope, files: number): Promise<string> {
  const path = join(await scope.folder("data"), "many");
  await mkdir(path);
  const names = Array.from({ length: files }, (_, number) => `${number}-${"x".repeat(230)}`);
  await Promise.all([...names, ...oddNames].map((name) => writeFile(join(path, name), "")));
  return path;
}

test("a folder with more than a megabyte of names is listed by a thread, and the list is the same", async (t) => {
  const scope = new Scope(t);
  let threads = 0;
  const count = () => threads++;
  process.on("worker", count);
  scope.defer(() => process.off("worker", count));
  for (const [files, expectedThreads] of [
    [1_000, 0],
    [7_000, 1],
  ] as const) {
    const path = await folderOf(scope, files);
    const names = await new FolderListings(1).list({ path, stat: lstatSync(path) });
    assert.equal(names.length, files + oddNames.length);
    assert.deepEqual(names, [...names].sort());
    for (const name of oddNames) assert.ok(names.includes(name), name);
    assert.equal(threads, expectedThreads, `${files} files`);
  }
});

test("a large folder that is gone when it is listed is empty", async (t) => {
  const scope = new Scope(t);
  const path = await folderOf(scope, 7_000);
  const stat = lstatSync(path);
  await rm(path, { recursive: true });
  assert.deepEqual(await new FolderListings(1).list({ path, stat }), []);
});
