import assert from "node:assert/strict";
import test from "node:test";
import { readClientCertificate } from "../../../src/auth/client-certificate.js";

const userOf = (CN: string | readonly string[] | undefined, subjectaltname?: string) =>
  readClientCertificate({ subject: CN === undefined ? {} : { CN }, subjectaltname, fingerprint256: "AB" }).user;

test("the user of a certificate is its common name, or else its first alternative name", () => {
  assert.equal(userOf("ann", "DNS:other"), "ann");
  assert.equal(userOf(undefined, "DNS:ci.example.com, DNS:b"), "ci.example.com");
  assert.equal(userOf(undefined, "URI:spiffe://example.com/ci"), "spiffe://example.com/ci");
  assert.equal(userOf(undefined, "othername:<unsupported>, email:ann@example.com"), "ann@example.com");
});

test("a certificate without exactly one name that a user can have identifies no one", () => {
  assert.equal(userOf(undefined), undefined);
  assert.equal(userOf(""), undefined);
  assert.equal(userOf(["ann", "root"]), undefined);
  assert.equal(userOf("ann\nroot"), undefined);
  assert.equal(userOf("ann\0"), undefined);
  assert.equal(userOf("github:owner/repository"), undefined, "that is the form of an issuer's users");
  assert.equal(userOf(undefined, 'DNS:"a, DNS:root"'), undefined);
});
