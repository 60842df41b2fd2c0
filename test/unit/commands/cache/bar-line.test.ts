import assert from "node:assert/strict";
import test from "node:test";
import { barLine } from "../../../../src/commands/cache/warm/bar-line.js";
import { digestOf } from "../../../../src/oci/digest.js";

const digest = digestOf(Buffer.from("layer"));
const short = digest.slice("sha256:".length, "sha256:".length + 12);

function blob(fields: { title?: string; arrived: number; startedAt?: number; size?: number }) {
  return { title: "alpine:3.20", digest, size: 200_000_000, startedAt: 0, ...fields };
}

test("a bar shows image, blob, progress, speed and time left", () => {
  const line = barLine(blob({ arrived: 50_000_000 }), 5_000, 110);
  assert.equal(
    line.trimEnd(),
    `${"alpine:3.20".padEnd(25)} ${short} [#####---------------]  50.0 MB / 200.0 MB  10.0 MB/s 15 s left`,
  );
});

test("bytes from an earlier transfer fill the bar, but do not count for the speed", () => {
  const line = barLine(blob({ arrived: 150_000_000, startedAt: 140_000_000 }), 10_000, 110);
  assert.match(line, /\[#{15}-{5}\] 150\.0 MB \/ 200\.0 MB {3}1\.0 MB\/s 50 s left/);
});

test("before the first new byte, neither speed nor time left is shown", () => {
  assert.doesNotMatch(
    barLine(blob({ arrived: 140_000_000, startedAt: 140_000_000 }), 1_000, 110),
    /left|\/s|Infinity|NaN/,
  );
  assert.doesNotMatch(barLine(blob({ arrived: 0, size: 0 }), 0, 110), /Infinity|NaN/);
});

test("no line is wider than the terminal, and of a long image name the end is kept", () => {
  const title = `registry.example.com:5000/${"team/".repeat(20)}app:1.0`;
  for (let columns = 1; columns <= 200; columns++) {
    const line = barLine(blob({ title, arrived: 123_456_789 }), 12_345_678, columns);
    assert.ok(line.length <= columns, `${columns}: ${line}`);
    if (columns >= 62) assert.match(line, /^\.\.\..*app:1\.0 /);
    if (columns >= 110) assert.match(line, /\[#{12}-{8}\]/);
  }
});
