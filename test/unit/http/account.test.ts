import assert from "node:assert/strict";
import { test } from "node:test";
import { Account } from "../../../src/http/limits/account.js";

const none = { requests: undefined, transfers: undefined, bandwidth: undefined };

test("after a quiet minute, a client may send a minute's requests at once, and then as many as its rate allows", () => {
  const account = new Account({ limits: { ...none, requests: 60 } });
  for (let count = 0; count < 60; count++) {
    assert.equal(account.requestDelayMs(0), 0);
    account.countRequest(0);
  }
  assert.equal(account.requestDelayMs(0), 1_000);
  assert.equal(account.requestDelayMs(1_000), 0);
  account.countRequest(1_000);
  assert.equal(account.requestDelayMs(1_000), 1_000);
  assert.equal(account.requestDelayMs(1_000 + 60_000), 0);
});

test("bytes of all transfers of a client together delay those that follow", () => {
  const account = new Account({ limits: { ...none, bandwidth: 1_000 } });
  assert.equal(account.byteDelayMs(0), 0);
  account.countBytes(500, 0);
  account.countBytes(500, 0);
  assert.equal(account.byteDelayMs(0), 1_000);
  assert.equal(account.byteDelayMs(900), 100);
  assert.equal(account.byteDelayMs(5_000), 0);
});

test("without limits nothing waits, and a limit that is set later counts from then on", () => {
  const owner = { limits: none as { requests: number | undefined; transfers: undefined; bandwidth: undefined } };
  const account = new Account(owner);
  for (let count = 0; count < 1_000; count++) account.countRequest(0);
  assert.equal(account.requestDelayMs(0), 0);
  assert.equal(account.hasTransferLeft, true);
  owner.limits = { ...none, requests: 1 };
  assert.equal(account.requestDelayMs(0), 0);
  account.countRequest(0);
  assert.equal(account.requestDelayMs(0), 60_000);
});
