import { strict as assert } from "node:assert";
import { readdir } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { BufferReader } from "../../../../src/oci/blob-reader.js";
import { digestOf } from "../../../../src/oci/digest.js";
import { CopyDisk } from "../../../../src/storage/content/copy-disk.js";
import { CopyFill } from "../../../../src/storage/content/copy-fill.js";
import { CopiesFolder } from "../../../../src/storage/drivers/s3/local-cache/copies-folder.js";
import { seededBytes } from "../../../support/content.js";
import { RecordedLog } from "../../../support/recorded-log.js";
import { Scope } from "../../../support/scope.js";

const MiB = 1024 * 1024;
const blob = seededBytes("blob", 8 * MiB);

test("a copy that nobody reads any more is given up when it has just begun", async (t) => {
  const { fill, files, goOn } = await startFill(t, MiB);
  fill.leave();
  goOn();
  assert.equal(await fill.outcome, "unknown");
  await fill.ended;
  assert.deepEqual(await files(), []);
});

test("a copy that is nearly whole is finished, though nobody reads it any more", async (t) => {
  const { fill, files, goOn } = await startFill(t, 7 * MiB);
  fill.leave();
  goOn();
  assert.equal(await fill.outcome, "right");
  await fill.ended;
  assert.equal((await files()).length, 1);
});

/** A fill whose source waits when so many bytes have been read. */
async function startFill(t: TestContext, waitsAt: number) {
  const scope = new Scope(t);
  const folder = await scope.folder("copies");
  let goOn = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const bytes = new BufferReader(blob);
  let reached = () => {};
  const waiting = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const source = {
    size: blob.length,
    read: async (into: Buffer, position: number) => {
      if (position >= waitsAt) {
        reached();
        await held;
      }
      return bytes.read(into, position);
    },
    close: async () => {},
  };
  const disk = new CopyDisk(new CopiesFolder(folder, 100 * MiB), new RecordedLog());
  const fill = new CopyFill(disk, digestOf(blob), source, () => {});
  scope.defer(() => fill.close());
  await waiting;
  return { fill, goOn, files: () => readdir(folder) };
}
