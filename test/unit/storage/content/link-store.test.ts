import { strict as assert } from "node:assert";
import { mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../../../src/oci/digest.js";
import { Scope } from "../../../support/scope.js";
import { SecondProcess } from "../../../support/second-process.js";
import { storageOnDisk } from "../../../support/storage.js";
import { waitUntil } from "../../../support/wait-until.js";

const one = digestOf(Buffer.from("one"));
const other = digestOf(Buffer.from("other"), "sha512");

test("a link is found, replaced and removed", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  assert.equal((await storage.links.find("a/link"))?.digest, undefined);
  await storage.links.put("a/link", one);
  assert.equal((await storage.links.find("a/link"))?.digest, one);
  await storage.links.put("a/link", other);
  assert.equal((await storage.links.find("a/link"))?.digest, other);
  await storage.driver.remove("a/link");
  assert.equal((await storage.links.find("a/link"))?.digest, undefined);
});

test("a link holds the digest and no newline, as the distribution registry writes it", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  await storage.links.put("a/link", one);
  assert.equal((await storage.driver.read("a/link"))?.toString(), one);
});

test("a link with a newline, as an editor leaves it, is read", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  await writeFile(join(root, "link"), `${one}\r\n`);
  assert.equal((await storage.links.find("link"))?.digest, one);
});

test("a link below a digest that contains another one counts as missing, and a push repairs it", async (t) => {
  const { storage, log } = await storageOnDisk(new Scope(t));
  const key = `_layers/${one.replace(":", "/")}/link`;
  await storage.links.put(key, digestOf(Buffer.from("secret")));
  assert.equal((await storage.links.find(key))?.digest, undefined);
  assert.equal(log.events[0]?.level, "warn");
  await storage.links.put(key, one);
  assert.equal((await storage.links.find(key))?.digest, one);
  // Distribution writes this below sha512.
  const below512 = `_layers/${other.replace(":", "/")}/link`;
  await storage.links.put(below512, one);
  assert.equal((await storage.links.find(below512))?.digest, one);
});

for (const [what, text] of [
  ["empty", ""],
  ["torn", one.slice(0, 40)],
  ["full of zeros", "\0".repeat(one.length)],
  ["in upper case", one.toUpperCase()],
  ["of an unknown algorithm", `md5:${"0".repeat(32)}`],
  ["a path", "sha256:../../../../etc/passwd"],
  ["followed by something", `${one} ${one}`],
] as const) {
  test(`a link that is ${what} is absent, said so in the log, and healed by a push`, async (t) => {
    const { storage, root, log } = await storageOnDisk(new Scope(t));
    await writeFile(join(root, "link"), text);
    assert.equal((await storage.links.find("link"))?.digest, undefined);
    assert.equal(log.events[0]?.level, "warn");
    await storage.links.put("link", one);
    assert.equal((await storage.links.find("link"))?.digest, one);
  });
}

test("a huge file in place of a link counts as missing, and is not read", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  await writeFile(join(root, "link"), "");
  // Sparse: it takes no space on disk, but would not fit in memory.
  await truncate(join(root, "link"), 2 ** 40);
  assert.equal((await storage.links.find("link"))?.digest, undefined);
});

test("a folder, or a symbolic link to nowhere, is not a link", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  await mkdir(join(root, "folder/link"), { recursive: true });
  await symlink("nowhere", join(root, "dangling"));
  assert.equal((await storage.links.find("folder/link"))?.digest, undefined);
  assert.equal((await storage.links.find("dangling"))?.digest, undefined);
});

test("a link that another process moves or removes is not remembered", async (t) => {
  const scope = new Scope(t);
  const { storage, root } = await storageOnDisk(scope);
  const process = await SecondProcess.start(scope, root);
  const target = (round: number) => digestOf(Buffer.from(String(round)));
  for (let round = 0; round < 10; round++) {
    await process.write("link", target(round));
    assert.equal((await storage.links.find("link"))?.digest, target(round));
    // Remembered from here on, every other time.
    if (round % 2 === 0)
      await waitUntil("the version settles", async () => (await storage.driver.stat("link"))?.version);
    assert.equal((await storage.links.find("link"))?.digest, target(round));
  }
  await process.remove("link");
  assert.equal((await storage.links.find("link"))?.digest, undefined);
});
