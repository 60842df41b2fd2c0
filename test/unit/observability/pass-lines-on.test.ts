import { strict as assert } from "node:assert";
import { PassThrough, Writable } from "node:stream";
import { test } from "node:test";
import { passLinesOn } from "../../../src/observability/pass-lines-on.js";
import { waitUntil } from "../../support/wait-until.js";

test("lines that arrive in pieces are passed on whole, never mixed with others", async () => {
  const [one, other] = [new PassThrough(), new PassThrough()];
  const blocks: string[] = [];
  const target = new Writable({ write: (chunk, _encoding, done) => done(void blocks.push(String(chunk))) });
  passLinesOn(one, target);
  passLinesOn(other, target);
  one.write("a1\na2 begins,");
  await waitUntil("the first line", () => blocks[0]);
  other.write("b1\n");
  await waitUntil("the other's", () => blocks[1]);
  one.write(" goes on");
  other.end("b2, which nobody ended");
  await waitUntil("the other's last", () => blocks[2]);
  one.end(" and ends\n");
  await waitUntil("all", () => blocks[3]);
  assert.deepEqual(blocks, ["a1\n", "b1\n", "b2, which nobody ended\n", "a2 begins, goes on and ends\n"]);
});
