import assert from "node:assert/strict";
import test from "node:test";
import { KnownCredentials, type Sender } from "../../../src/auth/known-credentials.js";

const certificate = { user: "ann", fingerprint: "AB:CD" };

test("credentials are remembered until their lease ends or no longer holds, and no others with them", (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  const known = new KnownCredentials<{ readonly user: string }>();
  let isRevoked = false;
  known.remember("Basic YTpi", { user: "ann" }, { untilMs: Date.now() + 1_000, holds: () => !isRevoked });
  assert.deepEqual(known.recall("Basic YTpi", undefined), { user: "ann" });
  for (const other of ["", "Basic YTpj", "Basic YTpi ", "basic YTpi", "Bearer YTpi"]) {
    assert.equal(known.recall(other, undefined), undefined, other);
  }
  isRevoked = true;
  assert.equal(known.recall("Basic YTpi", undefined), undefined);
  isRevoked = false;
  assert.equal(known.recall("Basic YTpi", undefined), undefined, "what was revoked once has to be checked again");
  known.remember("Basic YTpi", { user: "ann" }, { untilMs: Date.now() + 1_000, holds: () => true });
  t.mock.timers.tick(1_000);
  assert.equal(known.recall("Basic YTpi", undefined), undefined);
});

test("what a connection sends again is known at once, as long as it is good, and for this configuration only", (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  const [known, other] = [new KnownCredentials<{ readonly user: string }>(), new KnownCredentials<{ user: string }>()];
  const sender: Sender<{ readonly user: string }> = {
    certificate: undefined,
    connection: { lastCredentials: undefined },
  };
  let isRevoked = false;
  const lease = { untilMs: Date.now() + 1_000, holds: () => !isRevoked };
  known.remember("Basic YTpi", { user: "ann" }, lease);
  known.remember("Basic YTpj", { user: "bob" }, lease);
  const recall = (header: string, by = known) => by.recallFrom(sender, header)?.user;
  const sent = ["Basic YTpi", "Basic YTpi", "Basic YTpj", "Basic YTpi", "Basic YTpk", "basic YTpi", "Basic YTpi "];
  assert.deepEqual(
    sent.map((header) => recall(header)),
    ["ann", "ann", "bob", "ann", undefined, undefined, undefined],
  );
  assert.equal(recall("Basic YTpi", other), undefined, "another configuration");
  isRevoked = true;
  assert.equal(recall("Basic YTpi"), undefined, "revoked");
  isRevoked = false;
  assert.equal(recall("Basic YTpi"), undefined, "what was revoked once has to be checked again");
  known.remember("Basic YTpi", { user: "ann" }, lease);
  assert.equal(recall("Basic YTpi"), "ann");
  t.mock.timers.tick(1_000);
  assert.equal(recall("Basic YTpi"), undefined, "expired");
});

test("a lease can demand the certificate of the connection", () => {
  const known = new KnownCredentials<{ readonly user: string }>();
  const lease = { untilMs: Infinity, holds: (shown?: { fingerprint: string }) => shown?.fingerprint === "AB:CD" };
  known.remember("Bearer a.b.c", { user: "ann" }, lease);
  assert.deepEqual(known.recall("Bearer a.b.c", certificate), { user: "ann" });
  assert.equal(known.recall("Bearer a.b.c", { ...certificate, fingerprint: "EF" }), undefined);
});
