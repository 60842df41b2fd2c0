import { strict as assert } from "node:assert";
import { test } from "node:test";
import { ClusterKeys } from "../../../src/cluster/cluster-keys.js";
import { parseReplica } from "../../../src/cluster/replica.js";
import { Gate, isAnswer, signAnswer, signatureHeader, signRequest } from "../../../src/cluster/signatures.js";

const secret = Buffer.alloc(32, "the secret of all replicas");
const keys = new ClusterKeys([secret]);
const path = "/instance/blobs/sha256:abc/0";
const now = 1_700_000_000_000;
const minute = 60_000;

test("a request is accepted once", () => {
  const gate = new Gate(keys, () => now);
  const headers = { ...signRequest(keys, path, now) };
  assert.equal(gate.refusalOf(path, headers), undefined);
  assert.equal(gate.refusalOf(path, headers), "it was sent before");
  assert.equal(gate.refusalOf(path, { ...signRequest(keys, path, now) }), undefined);
});

test("a request is accepted if clocks differ by some minutes, and not after more", () => {
  for (const [skew, refusal] of [
    [minute, undefined],
    [-4 * minute, undefined],
    [6 * minute, "its clock"],
    [-6 * minute, "its clock"],
  ] as const) {
    const refused = new Gate(keys, () => now + skew).refusalOf(path, { ...signRequest(keys, path, now) });
    assert.equal(refused, refusal && "its clock differs too much");
  }
});

test("nothing of a request can be changed", () => {
  const signed = { ...signRequest(keys, path, now) };
  const gate = new Gate(keys, () => now);
  assert.equal(gate.refusalOf("/instance/blobs/sha256:abc/1", signed), "its key differs");
  for (const [name, value] of Object.entries(signed)) {
    const other = value.startsWith("1") ? `2${value.slice(1)}` : `1${value.slice(1)}`;
    assert.equal(gate.refusalOf(path, { ...signed, [name]: other }), "its key differs", name);
    assert.equal(gate.refusalOf(path, { ...signed, [name]: undefined }), "it is not signed", name);
    assert.equal(gate.refusalOf(path, { ...signed, [name]: [value, value] }), "it is not signed", name);
  }
  const endless = { ...signed, "berth-time": "Infinity", [signatureHeader]: "" };
  assert.equal(gate.refusalOf(path, endless), "its key differs");
});

test("a secret can be exchanged while replicas run: the new one signs, and both are accepted", () => {
  const renewed = new ClusterKeys([Buffer.alloc(32, "new"), secret]);
  const gate = new Gate(renewed, () => now);
  assert.equal(gate.refusalOf(path, { ...signRequest(keys, path, now) }), undefined);
  assert.equal(gate.refusalOf(path, { ...signRequest(renewed, path, now) }), undefined);
  assert.equal(new Gate(keys, () => now).refusalOf(path, { ...signRequest(renewed, path, now) }), "its key differs");
});

test("an answer belongs to its request", () => {
  const answer = { status: 200, size: 7, digest: "sha256:1" };
  const signature = signAnswer(keys, "request", answer);
  assert.ok(isAnswer(keys, "request", answer, signature));
  assert.ok(!isAnswer(keys, "another", answer, signature));
  assert.ok(!isAnswer(keys, "request", { ...answer, size: 8 }, signature));
  assert.ok(!isAnswer(keys, "request", { ...answer, digest: "sha256:2" }, signature));
  assert.ok(!isAnswer(keys, "request", answer, undefined));
  assert.ok(!isAnswer(new ClusterKeys([Buffer.alloc(32)]), "request", answer, signature));
});

test("a key for requests between replicas is not the secret that it is derived from", () => {
  assert.notEqual(keys.sign("text"), new ClusterKeys([Buffer.from(keys.sign("text"), "hex")]).sign("text"));
});

test("what a bucket says about a replica is a host and a port, and nothing else", () => {
  const instance = "0b5b5a5e-1f3c-4f0c-9d3e-2d8f5a1f7c11";
  for (const address of ["10.0.0.5:5100", "[fd00::1]:5100", "berth-0.berth:5100"])
    assert.deepEqual(parseReplica(`${address} ${instance}`), { address, instance });
  for (const text of [
    undefined,
    "",
    "10.0.0.5:5100",
    `user@host:1 ${instance}`,
    `host/path ${instance}`,
    `a b ${instance}`,
  ])
    assert.equal(parseReplica(text), undefined, text);
});
