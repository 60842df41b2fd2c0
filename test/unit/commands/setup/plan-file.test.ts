import assert from "node:assert/strict";
import test from "node:test";
import { planFile } from "../../../../src/commands/setup/plan-file.js";
import { ownFile, type SetupFile } from "../../../../src/setup/client-setup.js";

const mirror = "http://registry.example.com:5000";
const daemonJson: SetupFile = {
  path: "/etc/docker/daemon.json",
  content: `${JSON.stringify({ "registry-mirrors": [mirror] })}\n`,
  joining: "extend-json",
};
const tables = ownFile(
  "/etc/buildkit/buildkitd.toml",
  ['[registry."docker.io"]', '  mirrors = ["berth:5000"]'],
  "append-toml",
);

test("a missing file is written, and a correct one is left unchanged", () => {
  for (const file of [daemonJson, tables]) {
    assert.equal(planFile(file, undefined), file.content);
    assert.equal(planFile(file, file.content), file.content);
  }
});

test("daemon.json keeps everything, including its indentation, and its lists are extended", () => {
  const existing =
    '{\n    "debug": true,\n    "registry-mirrors": ["https://mirror.example.com"],\n    "mtu": 1450\n}\n';
  const planned = planFile(daemonJson, existing);
  assert.deepEqual(JSON.parse(planned), {
    debug: true,
    "registry-mirrors": ["https://mirror.example.com", mirror],
    mtu: 1450,
  });
  assert.match(planned, /^ {4}"debug"/m);
  assert.equal(planFile(daemonJson, planned), planned);
});

test("a daemon.json with these settings is not even reformatted; an empty one counts as missing", () => {
  const existing = `{"registry-mirrors":   ["${mirror}"] }`;
  assert.equal(planFile(daemonJson, existing), existing);
  assert.equal(planFile(daemonJson, "\n"), daemonJson.content);
});

test("a daemon.json that could not be written back unchanged is left to a person", () => {
  const unsafe = [
    "{",
    "[]",
    '"text"',
    '{ "registry-mirrors": "one" }',
    '{ "debug": true, "debug": false }',
    '{ "id": 12345678901234567890 }',
    '{ // comment\n "debug": true }',
  ];
  for (const existing of unsafe) assert.throws(() => planFile(daemonJson, existing), { name: "Unsafe" }, existing);
});

test("a file of an earlier berth setup is replaced, unless someone changed it", () => {
  const [old, now] = ["http://old:5000", mirror].map((url) => ownFile("hosts.toml", [`[host."${url}"]`]));
  assert.ok(old && now);
  assert.equal(planFile(now, old.content), now.content);
  assert.throws(() => planFile(now, `${old.content}# mine\n`), { name: "Unsafe" });
  assert.throws(() => planFile(now, 'server = "https://docker.io"\n'), { name: "Unsafe" });
});

test("tables are appended to a TOML file, once, and not if it configures registries itself", () => {
  const existing = "# a registry of ours\ndebug = true\n\n[worker.oci]\n  gc = true\n";
  const planned = planFile(tables, existing);
  assert.equal(planned, `${existing}\n${tables.content}`);
  assert.equal(planFile(tables, planned), planned);
  for (const registries of [
    '[registry."quay.io"]\n',
    "registry = {}\n",
    '["registry"]\n',
    "debug = true\n[ registry . x ]\n",
  ]) {
    assert.throws(() => planFile(tables, registries), { name: "Unsafe" }, registries);
  }
});
