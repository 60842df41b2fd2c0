import assert from "node:assert/strict";
import test from "node:test";
import { loadLines, problemsOfLines, verdicts } from "../../../support/registry2-config.js";
import { Scope } from "../../../support/scope.js";

async function upstreamOf(t: test.TestContext, remoteurl: string) {
  const lines = ["version: 0.1", `proxy: { remoteurl: '${remoteurl}' }`];
  const { config, registry2 } = await loadLines(new Scope(t), lines);
  assert.equal(config.mode, "proxy");
  const [upstream] = config.proxy.upstreams;
  assert.equal(config.proxy.default, upstream?.name);
  assert.equal(upstream?.adopt, true);
  return { name: upstream?.name, prefix: upstream?.prefix, url: upstream?.url, notes: verdicts(registry2) };
}

test("Docker Hub is docker.io under all of its hosts, so that alpine is library/alpine", async (t) => {
  for (const url of ["https://registry-1.docker.io", "https://docker.io", "https://mirror.gcr.io/"]) {
    const { name, prefix, url: asked } = await upstreamOf(t, url);
    assert.deepEqual([name, prefix, asked], ["docker.io", undefined, url]);
  }
});

test("the name of another registry is its host, and a port becomes part of the prefix", async (t) => {
  const ghcr = await upstreamOf(t, "https://ghcr.io");
  assert.deepEqual([ghcr.name, ghcr.prefix], ["ghcr.io", undefined]);
  const internal = await upstreamOf(t, "http://Registry.internal:5000/v2");
  assert.deepEqual([internal.name, internal.prefix], ["registry.internal:5000", "registry.internal-5000"]);
});

test("an invalid URL, or one with credentials, is refused without showing them", async (t) => {
  const lines = (url: string) => ["version: 0.1", `proxy: { remoteurl: '${url}' }`];
  const scope = new Scope(t);
  assert.deepEqual(await problemsOfLines(scope, lines("registry-1.docker.io")), [
    "config.yml:2:10: proxy.remoteurl: must be an address that begins with https:// or http://",
  ]);
  const [problem = ""] = await problemsOfLines(scope, lines("https://ann:secret@registry-1.docker.io"));
  assert.match(problem, /^config\.yml:2:10: proxy\.remoteurl: must be an address .* without credentials/);
  assert.doesNotMatch(problem, /secret/);
});

test("content does not expire as it did there, which is reported only if it did", async (t) => {
  const scope = new Scope(t);
  for (const [ttl, verdict] of [
    ["168h", "not honoured"],
    ["0", "not needed"],
  ] as const) {
    const lines = ["version: 0.1", `proxy: { remoteurl: https://registry-1.docker.io, ttl: ${ttl} }`];
    assert.equal(verdicts((await loadLines(scope, lines)).registry2)["proxy.ttl"], verdict);
  }
});

test("credentials without an upstream are reported as useless", async (t) => {
  const lines = ["version: 0.1", "proxy: { username: ann, password: x }", "storage: { delete: { enabled: true } }"];
  const { config, registry2 } = await loadLines(new Scope(t), lines);
  assert.equal(config.mode, "private");
  assert.deepEqual(verdicts(registry2), {
    "proxy.username": "not needed",
    "proxy.password": "not needed",
    "storage.delete.enabled": "honoured",
  });
});
