import { strict as assert } from "node:assert";
import { test } from "node:test";
import { networkOf } from "../../../src/http/client-address.js";

for (const [address, network] of [
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8:1:2::6", "2001:db8:1:2"],
  ["2001:db8::6", "2001:db8:0:0"],
  ["2001:db8::3:4:5:6", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  ["", ""],
] as const) {
  test(`${address || "an unknown address"} counts as the client ${network || "without one"}`, () => {
    assert.equal(networkOf(address), network);
  });
}
