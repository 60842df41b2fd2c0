import assert from "node:assert/strict";
import test from "node:test";
import { network } from "../../../src/config/address-kinds.js";
import {
  listOfSections,
  optionalSection,
  optionalSetting,
  requiredSetting,
  section,
  setting,
} from "../../../src/config/definition.js";
import { type Environment, readEnvironment } from "../../../src/config/environment.js";
import { listOf, text, truth, wholeNumber } from "../../../src/config/kinds.js";

const definition = section("Test", {
  server: section("Test", {
    port: setting(wholeNumber(0, 65_535), { default: 5000, meaning: "Test." }),
    trustedProxies: setting(listOf(network), { default: [], meaning: "Test." }),
    peers: listOfSections(
      { meaning: "Test.", default: [], example: { name: "x" } },
      { name: requiredSetting(text, { example: "x", meaning: "Test." }) },
    ),
    adminPassword: optionalSetting(text, { example: "x", meaning: "Test.", secret: true }),
  }),
});

async function treeOf(environment: Environment): Promise<unknown> {
  const { tree, problems } = await readEnvironment(environment, definition);
  assert.deepEqual(problems, []);
  return JSON.parse(JSON.stringify(tree));
}

async function problemsOf(environment: Environment): Promise<string[]> {
  const { problems } = await readEnvironment(environment, definition);
  return problems.map(({ where, message }) => `${where}: ${message}`);
}

test("a variable gives the setting whose path it spells", async () => {
  assert.deepEqual(await treeOf({ BERTH_SERVER_PORT: "5001" }), { server: { port: "5001" } });
});

test("the words of a key may be joined or separated", async () => {
  const expected = { server: { trustedProxies: "::1" } };
  assert.deepEqual(await treeOf({ BERTH_SERVER_TRUSTEDPROXIES: "::1" }), expected);
  assert.deepEqual(await treeOf({ BERTH_SERVER_TRUSTED_PROXIES: "::1" }), expected);
});

test("a word that stands for a section may be given as in the file", async () => {
  const withWords = section("Test", {
    access: optionalSection(
      "Test",
      { open: setting(truth, { default: false, meaning: "Test." }) },
      { open: { open: true } },
    ),
  });
  const opened = await readEnvironment({ BERTH_ACCESS: "open" }, withWords);
  assert.deepEqual([opened.problems, JSON.parse(JSON.stringify(opened.tree))], [[], { access: { open: true } }]);
  const other = await readEnvironment({ BERTH_ACCESS: "closed" }, withWords);
  assert.match(other.problems[0]?.message ?? "", /no setting has this name/);
  const twice = await readEnvironment({ BERTH_ACCESS: "open", BERTH_ACCESS_OPEN: "false" }, withWords);
  assert.match(twice.problems[0]?.message ?? "", /BERTH_ACCESS gives the same setting/);
});

test("a list may be written in YAML's brackets", async () => {
  const tree = await treeOf({ BERTH_SERVER_TRUSTEDPROXIES: '[10.0.0.0/8, "::1"]' });
  assert.deepEqual(tree, { server: { trustedProxies: ["10.0.0.0/8", "::1"] } });
});

test("brackets that are not a list are left for the setting to refuse", async () => {
  assert.deepEqual(await treeOf({ BERTH_SERVER_TRUSTEDPROXIES: "[::1" }), { server: { trustedProxies: "[::1" } });
});

test("a list of sections is one variable, in YAML's brackets, and everything in it is located there", async () => {
  const environment = { BERTH_SERVER_PEERS: "[{name: a, url: http://127.0.0.1:5000}, {name: b}]" };
  assert.deepEqual(await treeOf(environment), {
    server: { peers: [{ name: "a", url: "http://127.0.0.1:5000" }, { name: "b" }] },
  });
  const source = await readEnvironment(environment, definition);
  assert.equal(source.locate(["server", "peers", 1, "name"]), "BERTH_SERVER_PEERS");
});

test("a secret may be given as the file that contains it, under both spellings", async () => {
  const expected = { server: { adminPasswordFile: "/run/secret" } };
  assert.deepEqual(await treeOf({ BERTH_SERVER_ADMINPASSWORDFILE: "/run/secret" }), expected);
  assert.deepEqual(await treeOf({ BERTH_SERVER_ADMIN_PASSWORD_FILE: "/run/secret" }), expected);
});

test("a setting is located by its variable", async () => {
  const source = await readEnvironment({ BERTH_SERVER_PORT: "1" }, definition);
  assert.equal(source.locate(["server", "port"]), "BERTH_SERVER_PORT");
});

test("variables of other programs, empty ones and sections give no setting", async () => {
  assert.deepEqual(await treeOf({ PATH: "/bin", BERTHA: "1", BERTH_SERVER_PORT: "" }), {});
});

test("a variable that spells no setting is refused, with the nearest one as a suggestion", async () => {
  assert.deepEqual(await problemsOf({ BERTH_SERVER_PROT: "1", BERTH_SERVER: "1" }), [
    "BERTH_SERVER_PROT: no setting has this name; did you mean BERTH_SERVER_PORT?",
    "BERTH_SERVER: no setting has this name",
  ]);
});

test("one setting under two spellings is refused, not decided by order", async () => {
  const problems = await problemsOf({ BERTH_SERVER_TRUSTEDPROXIES: "::1", BERTH_SERVER_TRUSTED_PROXIES: "::2" });
  assert.deepEqual(problems, [
    "BERTH_SERVER_TRUSTED_PROXIES: BERTH_SERVER_TRUSTEDPROXIES gives the same setting; keep one of them",
  ]);
});

test("the variables that Kubernetes sets for services named berth, or berth-server, are not settings", async () => {
  const injected = {
    BERTH_SERVICE_HOST: "10.0.0.1",
    BERTH_SERVICE_PORT: "5000",
    BERTH_SERVICE_PORT_HTTP: "5000",
    BERTH_PORT: "tcp://10.0.0.1:5000",
    BERTH_PORT_5000_TCP: "tcp://10.0.0.1:5000",
    BERTH_PORT_5000_TCP_PROTO: "tcp",
    BERTH_PORT_5000_TCP_PORT: "5000",
    BERTH_PORT_5000_TCP_ADDR: "10.0.0.1",
    BERTH_SERVER_SERVICE_HOST: "10.0.0.1",
    BERTH_SERVER_PORT: "tcp://10.0.0.1:5000",
    BERTH_SERVER_PORT_5000_TCP_ADDR: "10.0.0.1",
  };
  assert.deepEqual(await treeOf(injected), {});
});

test("quotes that docker run --env-file leaves around a value, and Windows line ends, are removed", async () => {
  for (const text of ['"5001"', "'5001'", "5001\r", '"5001"\r', "5001\n", "5001\r\n"])
    assert.deepEqual(await treeOf({ BERTH_SERVER_PORT: text }), { server: { port: "5001" } }, text);
  assert.deepEqual(await treeOf({ BERTH_SERVER_TRUSTEDPROXIES: "'[\"::1\"]'" }), {
    server: { trustedProxies: ["::1"] },
  });
  assert.deepEqual(await treeOf({ BERTH_SERVER_PORT: '""' }), {});
  assert.deepEqual(await treeOf({ BERTH_SERVER_PORT: '"' }), { server: { port: '"' } });
  assert.deepEqual(await treeOf({ BERTH_SERVER_PORT: "\"a'" }), { server: { port: "\"a'" } });
});
