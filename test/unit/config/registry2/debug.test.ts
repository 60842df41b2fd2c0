import { strict as assert } from "node:assert";
import { test } from "node:test";
import { ConfigError } from "../../../../src/config/problem.js";
import { loadLines, verdicts } from "../../../support/registry2-config.js";
import { Scope } from "../../../support/scope.js";

test("the debug port shows metrics if prometheus is enabled", async (t) => {
  const lines = ["version: 0.1", "http: { debug: { addr: ':5001', prometheus: { enabled: true, path: /numbers } } }"];
  const { config, registry2 } = await loadLines(new Scope(t), lines);
  assert.deepEqual(config.metrics, { address: ":5001", path: "/numbers" });
  assert.equal(verdicts(registry2)["http.debug.prometheus.path"], "honoured");
});

test("without prometheus, the debug port only answers probes", async (t) => {
  const lines = ["version: 0.1", "http: { debug: { addr: 'localhost:5001', prometheus: { path: /metrics } } }"];
  const { config, registry2 } = await loadLines(new Scope(t), lines);
  assert.deepEqual(config.metrics, { address: "localhost:5001", path: undefined });
  assert.equal(verdicts(registry2)["http.debug.prometheus.path"], "not needed");
});

test("without an address there is no debug port, as in registry:2", async (t) => {
  const lines = ["version: 0.1", "http: { debug: { prometheus: { enabled: true, path: /metrics } } }"];
  const { config } = await loadLines(new Scope(t), lines);
  assert.equal(config.metrics, undefined);
});

test("an invalid debug address is reported", async (t) => {
  const lines = ["version: 0.1", "http: { debug: { addr: '5001' } }"];
  await assert.rejects(loadLines(new Scope(t), lines), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.match(error.message, /http\.debug\.addr: must be an address with a port/);
    return true;
  });
});
