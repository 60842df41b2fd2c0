import { strict as assert } from "node:assert";
import { test } from "node:test";
import { isHelloComplete } from "../../../src/http/connections/client-hello.js";

/** A first message of so many bytes, in records of the given size. */
function helloOf(bytes: number, recordBytes: number): Buffer {
  const message = Buffer.alloc(4 + bytes);
  message.writeUInt8(1, 0);
  message.writeUIntBE(bytes, 1, 3);
  const records: Buffer[] = [];
  for (let start = 0; start < message.length; start += recordBytes) {
    const content = message.subarray(start, start + recordBytes);
    records.push(Buffer.from([22, 3, 1, content.length >> 8, content.length & 255]), content);
  }
  return Buffer.concat(records);
}

test("the first message of a TLS client is complete with its last byte, however it is cut into records", () => {
  for (const recordBytes of [1, 3, 4, 5, 100, 1_000]) {
    const hello = helloOf(517, recordBytes);
    for (let length = 0; length < hello.length; length++) {
      assert.equal(isHelloComplete(hello.subarray(0, length)), false, `${length} bytes, records of ${recordBytes}`);
    }
    assert.equal(isHelloComplete(hello), true);
  }
});

test("what is not TLS, or longer than any real message, is left to TLS to refuse", () => {
  assert.equal(isHelloComplete(Buffer.from("GET / HTTP/1.1\r\n")), true);
  assert.equal(isHelloComplete(helloOf(60_000, 16_000)), true);
});
