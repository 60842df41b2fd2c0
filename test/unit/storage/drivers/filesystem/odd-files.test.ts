import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { StorageError } from "../../../../../src/oci/storage-error.js";
import { FilesystemDriver } from "../../../../../src/storage/drivers/filesystem/filesystem-driver.js";
import { RecordedLog } from "../../../../support/recorded-log.js";
import { Scope } from "../../../../support/scope.js";

const blob = "docker/registry/v2/blobs/sha256/ab/abcd/data";
const upload = "docker/registry/v2/repositories/team/app/_uploads/1/data";
const layers = "docker/registry/v2/repositories/team/app/_layers";
const link = `${layers}/sha256/abcd/link`;
const content = Buffer.from("content");

/** What may be in place of a file, and how to create it. */
const oddities: Record<string, (path: string, outside: string) => Promise<unknown> | unknown> = {
  "a pipe": (path) => execFileSync("mkfifo", [path]),
  "a folder": (path) => mkdir(path),
  "a socket": (path) =>
    new Promise<void>((resolve) => {
      // The name stays if the server is not closed by its program.
      const server = createServer().listen(path, () => resolve());
      server.unref();
    }),
  "a link to a device": (path) => symlink("/dev/zero", path),
  "a link to a file outside": (path, outside) => symlink(join(outside, "file"), path),
  "a link to itself": (path) => symlink(path, path),
};

for (const [what, make] of Object.entries(oddities)) {
  test(`${what} in place of a file counts as missing, is logged once, and is replaced by what is stored there`, async (t) => {
    const { root, outside, driver, log } = await freshDriver(t);
    await mkdir(dirname(join(root, blob)), { recursive: true });
    await make(join(root, blob), outside);
    for (let times = 0; times < 2; times++) {
      assert.equal(await driver.openRead(blob), undefined);
      assert.equal(await driver.read(blob), undefined);
      assert.equal(await driver.stat(blob), undefined);
    }
    assert.equal(log.events.filter(({ level }) => level === "warn").length, 1);
    await driver.write({ key: blob, content });
    assert.deepEqual(await driver.read(blob), content);
    assert.equal(await readFile(join(outside, "file"), "utf8"), "outside");
  });

  test(`${what} in place of an upload receives no bytes: it is refused, and its target is unchanged`, async (t) => {
    const { root, outside, driver } = await freshDriver(t);
    await mkdir(dirname(join(root, upload)), { recursive: true });
    await make(join(root, upload), outside);
    assert.equal(await driver.staging.at(upload).stat(), undefined);
    assert.equal(await driver.staging.at(upload).openRead(), undefined);
    await assert.rejects(driver.staging.at(upload).append(0, only(content)), StorageError);
    assert.equal(await readFile(join(outside, "file"), "utf8"), "outside");
  });
}

test("links below a repository or a digest are not followed, for reading, listing or writing", async (t) => {
  const { root, outside, driver } = await freshDriver(t);
  await mkdir(join(outside, "sha256/abcd"), { recursive: true });
  await writeFile(join(outside, "sha256/abcd/link"), "sha256:abcd");
  await mkdir(dirname(join(root, layers)), { recursive: true });
  await symlink(outside, join(root, layers));
  assert.equal(await driver.stat(link), undefined);
  assert.equal(await driver.read(link), undefined);
  assert.deepEqual(await driver.list(layers), []);
  assert.deepEqual(await driver.list(`${layers}/sha256`), []);
  await assert.rejects(driver.write({ key: link, content }), StorageError);
  await assert.rejects(driver.remove(link), StorageError);
  assert.equal(await readFile(join(outside, "sha256/abcd/link"), "utf8"), "sha256:abcd");
  // The link itself can be removed, and then all is well.
  await driver.remove(layers);
  assert.deepEqual((await readdir(outside)).sort(), ["file", "sha256"]);
  await driver.write({ key: link, content });
  assert.deepEqual(await driver.read(link), content);
});

for (const folder of [
  "",
  "docker",
  "docker/registry/v2",
  "docker/registry/v2/blobs",
  "docker/registry/v2/repositories",
]) {
  test(`the data directory's ${folder || "root"} may be a link to another disk`, async (t) => {
    const { root, outside } = await freshDriver(t);
    await mkdir(join(root, folder), { recursive: true });
    await rm(join(outside, "file"));
    await rename(join(root, folder), join(outside, "moved"));
    await symlink(join(outside, "moved"), join(root, folder));
    const driver = await FilesystemDriver.open(root);
    await driver.staging.at(upload).append(0, only(content));
    await driver.staging.at(upload).commit(blob, [{ key: link, content }]);
    assert.deepEqual(await driver.read(blob), content);
    assert.deepEqual(await driver.read(link), content);
    assert.deepEqual(await driver.list(layers), ["sha256"]);
  });
}

test("a small file that was made large is not read: it counts as missing", async (t) => {
  const { root, driver, log } = await freshDriver(t);
  await driver.write({ key: ".berth/cached/team/app/_upstream", content: Buffer.from("docker.io") });
  await truncate(join(root, ".berth/cached/team/app/_upstream"), 1_500_000_000);
  assert.equal(await driver.read(".berth/cached/team/app/_upstream"), undefined);
  assert.equal(log.events.filter(({ level }) => level === "warn").length, 1);
});

async function freshDriver(t: TestContext) {
  const scope = new Scope(t);
  const [root, outside, log] = [await scope.folder("data"), await scope.folder("outside"), new RecordedLog()];
  await writeFile(join(outside, "file"), "outside");
  return { root, outside, log, driver: await FilesystemDriver.open(root, log) };
}

async function* only(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}
