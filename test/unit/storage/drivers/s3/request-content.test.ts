import { strict as assert } from "node:assert";
import { EventEmitter, once } from "node:events";
import { Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { RequestContent } from "../../../../../src/storage/drivers/s3/request-content.js";
import { seededBytes } from "../../../../support/content.js";

const bytes = seededBytes("sent", 1_500_000);

function contentOf(size = bytes.length): RequestContent {
  return new RequestContent(size, async (into, position) => bytes.copy(into, 0, position));
}

/** A connection that takes its time with each piece, and copies it only then. */
class SlowConnection extends Writable {
  readonly taken: Buffer[] = [];

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    setImmediate(() => {
      this.taken.push(Buffer.from(piece));
      done();
    });
  }
}

test("all of the content is sent, and nothing is overwritten before it has left", async () => {
  const connection = new SlowConnection();
  const content = contentOf();
  content.pipe(connection);
  await once(connection, "finish");
  assert.ok(Buffer.concat(connection.taken).equals(bytes));
  content.destroy();
});

test("content that ends too early breaks the request off", async () => {
  const connection = new SlowConnection();
  contentOf(bytes.length + 1).pipe(connection);
  const [error] = await once(connection, "error");
  assert.match(String(error), /the content ends at 1500000 of 1500001 bytes/);
});

test("a file that cannot be read breaks the request off", async () => {
  const connection = new SlowConnection();
  const content = new RequestContent(10, async () => {
    throw new Error("the disk is broken");
  });
  content.pipe(connection);
  const [error] = await once(connection, "error");
  assert.match(String(error), /the disk is broken/);
});

test("a store that takes nothing more for half a minute is given up", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const taken = new EventEmitter();
  const connection = new Writable({ write: () => void taken.emit("piece") });
  contentOf().pipe(connection);
  await once(taken, "piece");
  t.mock.timers.tick(29_000);
  assert.equal(connection.destroyed, false);
  t.mock.timers.tick(2_000);
  const [error] = await once(connection, "error");
  assert.match(String(error), /the store took nothing for 30 s/);
});

test("whoever reads it as any other stream gets the same", async () => {
  assert.ok((await buffer(contentOf())).equals(bytes));
});
