import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { FilesystemDriver } from "../../src/storage/drivers/filesystem/filesystem-driver.js";
import { Storage } from "../../src/storage/storage.js";
import { pushBlob, seededBytes } from "../support/content.js";
import { RecordedLog } from "../support/recorded-log.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";

const kibibyte = 1024;

test("only a little of a blob is read before its client has taken some, and more each time", async (t) => {
  const scope = new Scope(t);
  const log = new RecordedLog();
  const driver = await FilesystemDriver.open(await scope.folder("data"), log);
  const asked: number[] = [];
  const openRead = driver.openRead.bind(driver);
  driver.openRead = async (key) => {
    const reader = await openRead(key);
    return (
      reader && {
        size: reader.size,
        read: (into, position) => {
          asked.push(into.length / kibibyte);
          return reader.read(into, position);
        },
        close: () => reader.close(),
      }
    );
  };
  const { client } = await runBerth(scope, { opened: new Storage(driver, 1_000_000, log) });
  const content = seededBytes("layer", 4_000 * kibibyte);
  await pushBlob(client, "app", content);
  asked.length = 0;
  const { body } = await client.get(`/v2/app/blobs/${digestOf(content)}`);
  assert.ok(body.equals(content));
  const ofContent = asked.filter((kibibytes) => kibibytes >= 16);
  assert.deepEqual(ofContent, [128, 256, 512, 1024, 1024, 1024, 32]);
});
