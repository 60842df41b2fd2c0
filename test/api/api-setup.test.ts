import { strict as assert } from "node:assert";
import { test } from "node:test";
import { ApiClient } from "../support/api-client.js";
import { basic, runGuardedBerth } from "../support/guarded-berth.js";
import { runBerth } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";

test("each client that can be set up has a text for the address at which it was asked", async (t) => {
  const { client, port } = await runBerth(new Scope(t), { mode: "hybrid" });
  const api = new ApiClient(client);
  const { items } = await api.get("setup");
  assert.ok(items.length > 8);
  for (const { name } of items) {
    const { text } = await api.get(`setup/${name}`);
    assert.match(text, /\S/, name);
    if (name === "docker") assert.match(text, new RegExp(`http://127\\.0\\.0\\.1:${port}`));
  }
});

test("the address of the configuration is preferred to the one of the request", async (t) => {
  const { client } = await runBerth(new Scope(t), {
    mode: "hybrid",
    server: { publicUrl: "https://registry.example.com" },
  });
  const { text } = await new ApiClient(client).get("setup/podman");
  assert.match(text, /registry\.example\.com/);
  assert.doesNotMatch(text, /127\.0\.0\.1/);
});

test("where users log in, the text says so, and only they are told", async (t) => {
  const { client } = await runGuardedBerth(new Scope(t), {});
  const api = new ApiClient(client);
  assert.equal((await api.answer("GET", "setup")).status, 401);
  assert.equal((await api.answer("GET", "setup/docker")).status, 401);
  assert.match((await api.with(basic("ann")).get("setup/docker")).text, /docker login/);
});

test("a client that nobody knows is not found", async (t) => {
  const { client } = await runBerth(new Scope(t));
  assert.equal((await new ApiClient(client).answer("GET", "setup/%3Cscript%3E")).status, 404);
});
