import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import test from "node:test";
import { readSmallFile, readSmallInput, readSmallText } from "../../../src/foundation/small-file.js";
import { Scope } from "../../support/scope.js";

function pipeIn(folder: string): string {
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  return path;
}

test("a file is read whole, also an empty one, one behind a link, one of the kernel, and /dev/null", async (t) => {
  const folder = await new Scope(t).folder("files");
  const content = "ä".repeat(100_000);
  await writeFile(join(folder, "file"), content);
  await symlink("file", join(folder, "link"));
  await writeFile(join(folder, "empty"), "");
  assert.equal(await readSmallText(join(folder, "link")), content);
  assert.equal(await readSmallText(join(folder, "empty")), "");
  assert.match(await readSmallText("/proc/self/status"), /^Name:/);
  assert.equal(await readSmallText("/dev/null"), "");
});

test("a file of the most bytes is read, and one byte more is refused", async (t) => {
  const file = join(await new Scope(t).folder("files"), "file");
  await writeFile(file, Buffer.alloc(100_000));
  assert.equal((await readSmallFile(file, { mostBytes: 100_000 })).length, 100_000);
  await assert.rejects(readSmallFile(file, { mostBytes: 99_999 }), /larger than 100\.0 kB, the most that is read/);
});

test("standard input without an end is read no further than a file", async () => {
  let mebibytes = 0;
  async function* endless(): AsyncGenerator<Buffer> {
    for (; ; mebibytes++) yield Buffer.alloc(1024 * 1024);
  }
  await assert.rejects(readSmallInput(endless()), /^Error: it is larger than 16\.8 MB, the most that is read$/);
  assert.equal(mebibytes, 16);
});

test("a pipe is read to its end, however late its writer comes and in however many pieces it writes", async (t) => {
  const pipe = pipeIn(await new Scope(t).folder("pipe"));
  const read = readSmallText(pipe);
  const writer = createWriteStream(pipe);
  await once(writer, "open");
  for (const piece of ["one,", "two,", "x".repeat(200_000)]) {
    await new Promise((resolve) => writer.write(piece, resolve));
  }
  writer.end();
  assert.equal(await read, `one,two,${"x".repeat(200_000)}`);
});

test("a pipe with too many bytes is refused", async (t) => {
  const pipe = pipeIn(await new Scope(t).folder("pipe"));
  const read = readSmallFile(pipe, { mostBytes: 1_000 });
  const writer = createWriteStream(pipe).on("error", () => {});
  writer.write("x".repeat(2_000));
  await assert.rejects(read, /larger than 1\.0 kB/);
  writer.destroy();
});

test("a pipe without a writer, and one whose writer never ends, are refused", async (t) => {
  const pipe = pipeIn(await new Scope(t).folder("pipe"));
  await assert.rejects(readSmallFile(pipe, { pipeMs: 40 }), /a pipe into which no program wrote within 0\.04 seconds/);
  const read = readSmallFile(pipe, { pipeMs: 200 });
  const writer = createWriteStream(pipe);
  writer.on("error", () => {}).write("mode:");
  await assert.rejects(read, /a pipe that did not end within 0\.2 seconds/);
  writer.destroy();
});

test("a folder, a socket, a terminal and a device without an end are refused before they are opened", async (t) => {
  const scope = new Scope(t);
  const folder = await scope.folder("files");
  const socket = createServer().listen(join(folder, "socket"));
  t.after(() => socket.close());
  await once(socket, "listening");
  await assert.rejects(readSmallFile(folder), { message: "it is a folder; name a file in it", code: "EISDIR" });
  await assert.rejects(readSmallFile(join(folder, "socket")), /it is a socket; name a file or a pipe/);
  for (const device of ["/dev/zero", "/dev/ptmx"]) {
    await assert.rejects(readSmallFile(device), /it is a device; name a file or a pipe/);
  }
  await assert.rejects(readSmallFile(join(folder, "gone")), { code: "ENOENT" });
});
