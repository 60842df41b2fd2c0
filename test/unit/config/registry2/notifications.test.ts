import { strict as assert } from "node:assert";
import { test } from "node:test";
import { loadLines, problemsOfLines, verdicts } from "../../../support/registry2-config.js";
import { Scope } from "../../../support/scope.js";

test("endpoints of notifications are receivers of events, with all that they say", async (t) => {
  const { config, registry2 } = await loadLines(new Scope(t), [
    "version: 0.1",
    "notifications:",
    "  endpoints:",
    "    - name: hook",
    "      url: http://hook.example.com/events",
    "      headers: { Authorization: [Bearer token] }",
    "      timeout: 500ms",
    "      threshold: 5",
    "      backoff: 2s",
    "      ignoredmediatypes: [application/octet-stream]",
    "      ignore: { mediatypes: [text/plain], actions: [pull, delete] }",
    "    - { name: off, url: http://other.example.com, disabled: true }",
  ]);
  const [hook, off] = config.events?.endpoints ?? [];
  assert.deepEqual(hook, {
    name: "hook",
    url: "http://hook.example.com/events",
    format: "distribution",
    include: [],
    headers: { Authorization: ["Bearer token"] },
    secret: undefined,
    timeout: 500,
    threshold: 5,
    backoff: 2_000,
    ignoreMediaTypes: ["application/octet-stream", "text/plain"],
    ignoreActions: ["delete"],
    disabled: false,
  });
  assert.deepEqual([off?.name, off?.disabled], ["off", true]);
  assert.deepEqual(off?.include, ["pull"], "pulls are told unless they are ignored");
  assert.equal(verdicts(registry2)["notifications.endpoints"], "honoured");
});

test("a duration of an endpoint that is none is told", async (t) => {
  const problems = await problemsOfLines(new Scope(t), [
    "version: 0.1",
    "notifications: { endpoints: [{ name: hook, url: 'http://hook', timeout: soon }] }",
  ]);
  assert.match(problems.join("\n"), /notifications\.endpoints\[0\]\.timeout: must be a duration/);
});
