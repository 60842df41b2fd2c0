import assert from "node:assert/strict";
import test from "node:test";
import { findNearest } from "../../../src/config/nearest-key.js";

const keys = ["host", "port", "tls", "trustedProxies", "keepAlive"];

test("a typo finds the intended key", () => {
  assert.equal(findNearest("prot", keys), "port");
  assert.equal(findNearest("hst", keys), "host");
  assert.equal(findNearest("trustedProxys", keys), "trustedProxies");
});

test("case and separators do not hide a key", () => {
  assert.equal(findNearest("trusted_proxies", keys), "trustedProxies");
  assert.equal(findNearest("keep-alive", keys), "keepAlive");
  assert.equal(findNearest("KEEPALIVE", keys), "keepAlive");
});

test("a word that resembles none finds none", () => {
  assert.equal(findNearest("upstreams", keys), undefined);
  assert.equal(findNearest("log", keys), undefined);
  assert.equal(findNearest("", keys), undefined);
});

test("swapped letters of a short word are one mistake", () => {
  assert.equal(findNearest("ulr", ["ca", "ns", "url"]), "url");
});
