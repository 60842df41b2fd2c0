import { strict as assert } from "node:assert";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { RegistryError } from "../../../src/oci/errors.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { PrivateRegistry } from "../../../src/private/private-registry.js";
import { ProxyRegistry } from "../../../src/proxy/proxy-registry.js";
import { Owners } from "../../../src/registry/owners.js";
import { SwitchableRegistry } from "../../../src/registry/switchable-registry.js";
import { openStorage } from "../../../src/storage/open-storage.js";
import { configWith } from "../../support/config.js";
import { patientContext } from "../../support/private-repository.js";
import { RecordedLog } from "../../support/recorded-log.js";

const context = patientContext();
const begun = parseRepositoryName("begun");
const unboundedRoom = { largest: Infinity, left: () => Infinity, makeRoom: async () => 0 };
const later = parseRepositoryName("later");

/** A registry that is private, and what makes it one that only caches. */
async function runPrivate() {
  const storage = await openStorage(configWith({ storage: { driver: "memory" } }).storage, new RecordedLog());
  const rules = {
    delete: true,
    sparse: false,
    anyMediaType: false,
    adopt: false,
    readonly: false,
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
  const registry = new SwitchableRegistry(new PrivateRegistry(storage, rules));
  return { registry, endPushes: () => registry.switchTo(cacheOnly()) };
}

test("who was pushing before a change may finish, nobody else may begin, and a second change takes nothing away", async () => {
  const { registry, endPushes } = await runPrivate();
  await registry.push(begun, undefined, context, "push");
  for (let change = 0; change < 2; change++) {
    endPushes();
    assert.equal((await registry.push(begun, undefined, context, "push")).name, begun);
    await assert.rejects(registry.push(later, undefined, context, "push"), RegistryError);
  }
});

test("who did not push before a change may not go on with what another one pushed", async () => {
  const { registry, endPushes } = await runPrivate();
  await registry.push(begun, undefined, context, "push");
  endPushes();
  const other = { ...context, caller: { ...context.caller, address: "192.0.2.7" } };
  await assert.rejects(registry.push(begun, undefined, other, "push"), RegistryError);
  assert.equal((await registry.push(begun, undefined, context, "push")).name, begun);
});

test("who pushes without end after a change is refused some day", async (t) => {
  const { registry, endPushes } = await runPrivate();
  await registry.push(begun, undefined, context, "push");
  const { performance } = globalThis;
  const now = performance.now.bind(performance);
  let passedMs = 0;
  t.mock.method(performance, "now", () => now() + passedMs);
  const passMinutes = async (minutes: number) => {
    passedMs += minutes * 60_000;
    // What remembers by time looks at the clock only once in a millisecond.
    await delay(5);
  };
  endPushes();
  for (let minutes = 0; minutes < 60; minutes += 10) {
    await passMinutes(10);
    assert.equal((await registry.push(begun, undefined, context, "push")).name, begun);
  }
  const refused = async () => {
    for (let hours = 0; hours < 24; hours += 1 / 6) {
      await passMinutes(10);
      await registry.push(begun, undefined, context, "push");
    }
  };
  await assert.rejects(refused(), RegistryError);
});
