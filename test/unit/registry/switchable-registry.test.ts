import { strict as assert } from "node:assert";
import { test } from "node:test";
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
const later = parseRepositoryName("later");

test("who was pushing before a change may finish, nobody else may begin, and a second change takes nothing away", async () => {
  const storage = await openStorage(configWith({ storage: { driver: "memory" } }).storage, new RecordedLog());
  const rules = { delete: true, sparse: false, anyMediaType: false, adopt: false };
  const cacheOnly = () =>
    new ProxyRegistry(storage, {
      upstreams: [],
      owners: new Owners([], [], "nobody"),
      finishDownloads: true,
      shownNameOf: (stored) => stored,
      makeRoom: async () => 0,
      log: new RecordedLog(),
    });
  const registry = new SwitchableRegistry(new PrivateRegistry(storage, rules));
  await registry.push(begun, undefined, context);
  for (let change = 0; change < 2; change++) {
    registry.switchTo(cacheOnly());
    assert.equal((await registry.push(begun, undefined, context)).name, begun);
    await assert.rejects(registry.push(later, undefined, context), RegistryError);
  }
});
