import { strict as assert } from "node:assert";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { RegistryError } from "../../../src/oci/errors.js";
import { parseRepositoryName, type RepositoryName } from "../../../src/oci/repository-name.js";
import { PrivateRegistry } from "../../../src/private/private-registry.js";
import { ProxyRegistry } from "../../../src/proxy/proxy-registry.js";
import type { Context } from "../../../src/registry/context.js";
import { ContinuedPushes } from "../../../src/registry/continued-pushes.js";
import { Owners } from "../../../src/registry/owners.js";
import type { Registry } from "../../../src/registry/registry.js";
import { openStorage } from "../../../src/storage/open-storage.js";
import { configWith } from "../../support/config.js";
import { patientContext } from "../../support/private-repository.js";
import { RecordedLog } from "../../support/recorded-log.js";

const context = patientContext();
const begun = parseRepositoryName("begun");
const unboundedRoom = { largest: Infinity, left: () => Infinity, makeRoom: async () => 0, belowLimit: async () => {} };
const later = parseRepositoryName("later");

/** A private registry, and the switch to one that only caches. */
async function runPrivate() {
  const storage = await openStorage(configWith({ storage: { driver: "memory" } }).storage, new RecordedLog());
  const rules = {
    delete: true,
    sparse: false,
    anyMediaType: false,
    adopt: false,
    readonly: false,
    quotas: [],
    uploads: { maxOpen: 9, maxOpenPerClient: 9 },
  };
  const cacheOnly = () =>
    new ProxyRegistry(storage, {
      upstreams: [],
      owners: new Owners([], [], "nobody"),
      finishDownloads: true,
      shownNameOf: (stored) => stored,
      room: unboundedRoom,
      log: new RecordedLog(),
    });
  const pushes = new ContinuedPushes();
  let current: Registry = new PrivateRegistry(storage, rules);
  let registry = pushes.across(current);
  const endPushes = () => {
    pushes.retire(current);
    current = cacheOnly();
    registry = pushes.across(current);
  };
  const push = (name: RepositoryName, by: Context) => registry.push(name, undefined, by, "push");
  return { push, endPushes };
}

test("a push that began before a change may finish, no new one may begin, and a second change does not stop it", async () => {
  const { push, endPushes } = await runPrivate();
  await push(begun, context);
  for (let change = 0; change < 2; change++) {
    endPushes();
    assert.equal((await push(begun, context)).name, begun);
    await assert.rejects(push(later, context), RegistryError);
  }
});

test("a client that did not push before a change cannot continue another one's push", async () => {
  const { push, endPushes } = await runPrivate();
  await push(begun, context);
  endPushes();
  const other = { ...context, caller: { ...context.caller, address: "192.0.2.7" } };
  await assert.rejects(push(begun, other), RegistryError);
  assert.equal((await push(begun, context)).name, begun);
});

test("who pushes without end after a change is refused some day", async (t) => {
  const { push, endPushes } = await runPrivate();
  await push(begun, context);
  const { performance } = globalThis;
  const now = performance.now.bind(performance);
  let passedMs = 0;
  t.mock.method(performance, "now", () => now() + passedMs);
  const passMinutes = async (minutes: number) => {
    passedMs += minutes * 60_000;
    // The cache reads the clock at most once per millisecond.
    await delay(5);
  };
  endPushes();
  for (let minutes = 0; minutes < 60; minutes += 10) {
    await passMinutes(10);
    assert.equal((await push(begun, context)).name, begun);
  }
  const refused = async () => {
    for (let hours = 0; hours < 24; hours += 1 / 6) {
      await passMinutes(10);
      await push(begun, context);
    }
  };
  await assert.rejects(refused(), RegistryError);
});
