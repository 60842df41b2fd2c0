import assert from "node:assert/strict";
import test from "node:test";
import { actionsOf, parseScopes } from "../../../src/auth/scope.js";

test("scopes are read as every client writes them", () => {
  for (const [written, type, name, actions] of [
    ["repository:team/app:pull", "repository", "team/app", ["pull"]],
    ["repository:team/app:push,pull", "repository", "team/app", ["push", "pull"]],
    ["repository:team/app:pull,push,delete", "repository", "team/app", ["pull", "push", "delete"]],
    // skopeo, to delete
    ["repository:team/app:*", "repository", "team/app", ["*"]],
    // Docker's plugins
    ["repository(plugin):team/app:pull", "repository", "team/app", ["pull"]],
    // A name may hold a port, though no repository here does.
    ["repository:host:5000/a/b:pull", "repository", "host:5000/a/b", ["pull"]],
    ["registry:catalog:*", "registry", "catalog", ["*"]],
  ] as const) {
    assert.deepEqual(parseScopes([written]), [{ type, name, actions: [...actions] }], written);
  }
});

test("scopes may be repeated or stand in one parameter, and equal ones are one, in whatever order their actions stand", () => {
  const expected = [
    { type: "repository", name: "a/b", actions: ["pull", "push"] },
    { type: "repository", name: "c", actions: ["pull"] },
  ];
  assert.deepEqual(parseScopes(["repository:a/b:pull,push repository:c:pull", "repository:a/b:push,pull"]), expected);
  assert.deepEqual(parseScopes(["repository:a/b:pull", "repository:a/b:push", "repository:c:pull"]), expected);
});

test("what is no scope is left out, and is no error", () => {
  const odd = [
    "",
    " ",
    "repository",
    "repository:a",
    "repository:a:",
    "repository::pull",
    "a:b:c",
    "REPOSITORY:a:pull",
  ];
  assert.deepEqual(parseScopes([...odd, "repository:a:PULL", "repository:a:pull;push"]), []);
});

test("of the actions of a scope only those of a repository count", () => {
  assert.deepEqual(actionsOf(["*"]), ["pull", "push", "delete"]);
  assert.deepEqual(actionsOf(["delete", "pull"]), ["pull", "delete"]);
  assert.deepEqual(actionsOf(["admin", "cache", "mount"]), []);
});
