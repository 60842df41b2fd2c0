import { strict as assert } from "node:assert";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { listTags, pullWhole } from "../support/content.js";
import { errorCodeOf } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage, smallImage } from "../support/small-image.js";

const layer = digestOf(Buffer.from("layer"));

const names = [
  "a",
  "0",
  "library/alpine",
  "a/b/c/d/e/f/g/h",
  "a.b_c__d-e---f",
  "blobs",
  "uploads",
  "manifests",
  "tags/list",
  "referrers",
  "v2",
  "docker.io/library/alpine",
  "a/blobs/uploads",
  "a/blobs/uploads/b",
  "x/manifests",
  "x/manifests/latest",
  "blobs/uploads/blobs/uploads",
  "tags/list/tags/list",
  "con",
  "nul/aux",
  "index.json",
  "constructor",
  "tostring",
  "docker/registry/v2/repositories",
  "data",
  "link",
  "current/link",
  "a".repeat(255),
  `${"a/".repeat(127)}a`,
];

test("names that look like folders, endpoints or devices are names like any other, and none conflicts with another", async (t) => {
  const { client } = await runBerthOnDisk(new Scope(t));
  const digests: string[] = [];
  for (const name of names) {
    const { descriptor } = await pushSmallImage(client, name, `layer of ${name}`, { tag: "v1" });
    digests.push(descriptor.digest);
  }
  const catalog = await client.get("/v2/_catalog");
  assert.deepEqual(JSON.parse(catalog.body.toString()).repositories, names.toSorted());
  for (const [index, name] of names.entries()) {
    assert.equal((await pullWhole(client, name, "v1"))[0], digests[index], name);
    assert.deepEqual(await listTags(client, name), ["v1"], name);
    for (const target of [`referrers/${digests[index]}`, "_oci/ext/discover"]) {
      assert.equal((await client.get(`/v2/${name}/${target}`)).status, 200, `${name} ${target}`);
    }
  }
  for (const [index, name] of names.entries()) {
    assert.deepEqual(await listTags(client, name), ["v1"], name);
    const blob = digestOf(Buffer.from(`layer of ${name}`));
    for (const target of ["manifests/v1", `manifests/${digests[index]}`, `blobs/${blob}`]) {
      assert.equal((await client.request("DELETE", `/v2/${name}/${target}`)).status, 202, `${name} ${target}`);
    }
  }
});

const hostileNames = [
  "..",
  "../..",
  "a/..",
  "a/../b",
  "../../../../../../etc",
  ".",
  "a/./b",
  "%2e%2e",
  "%2e%2e%2f%2e%2e%2fetc",
  "..%2f..%2f..%2f..%2fetc",
  "..%5c..%5cetc",
  "..\\..\\etc",
  "%252e%252e%252f",
  "a%2f..%2fb",
  "a%2F%2Fb",
  "%2fetc%2fpasswd",
  "a%00",
  "a%00b",
  "%00",
  "%c0%ae%c0%ae%c0%af",
  "%e0%80%af",
  "a%0ab",
  "a%0d%0aEvil:%201",
  "a%20b",
  "%ef%bc%8e%ef%bc%8e%ef%bc%8fetc",
  "%d0%b0lpine",
  "%C4%8A",
  "A",
  "Library/alpine",
  "a/B",
  "_uploads",
  "_manifests",
  "a/_layers",
  "__proto__",
  "a/__proto__",
  ".berth",
  ".berth/locks",
  "-a",
  "a-",
  ".a",
  "a.",
  "a..b",
  "a._b",
  "a___b",
  "a.-b",
  "a_",
  "a:b",
  "a@b",
  "a*b",
  "~a",
  "a+b",
  "a".repeat(256),
  `${"a/".repeat(128)}a`,
  "a".repeat(10_000),
];

test("an invalid name is refused by every endpoint, and touches no file", async (t) => {
  const scope = new Scope(t);
  const around = await scope.folder("around");
  const { client } = await runBerth(scope, { root: join(around, "data") });
  await pushSmallImage(client, "a/b", "layer", { tag: "v1" });
  const before = await readdir(around, { recursive: true });
  const { bytes, descriptor } = smallImage("layer");
  for (const name of hostileNames) {
    for (const [method, target, body] of [
      ["GET", "manifests/v1"],
      ["HEAD", `blobs/${layer}`],
      ["GET", `blobs/${layer}`],
      ["GET", "tags/list"],
      ["GET", `referrers/${layer}`],
      ["PUT", `manifests/${descriptor.digest}`, bytes],
      ["POST", "blobs/uploads/"],
      ["POST", `blobs/uploads/?digest=${layer}`, Buffer.from("layer")],
      ["POST", `blobs/uploads/?mount=${layer}&from=a/b`],
      ["DELETE", "manifests/v1"],
      ["DELETE", `blobs/${layer}`],
    ] as const) {
      const answer = await client.request(method, `/v2/${name}/${target}`, body === undefined ? {} : { body });
      const what = `${method} ${name.slice(0, 40)} ${target}: ${answer.status}`;
      assert.ok(answer.status === 400 || answer.status === 404, what);
      if (method === "HEAD") continue;
      const code = errorCodeOf(answer);
      assert.ok(code === "NAME_INVALID" || (answer.status === 404 && code === "UNSUPPORTED"), `${what} ${code}`);
    }
  }
  // The server itself writes one file soon after its start: since when it records pulls.
  const isTouched = (file: string) => !file.endsWith("/pulls-recorded");
  const after = await readdir(around, { recursive: true });
  assert.deepEqual(after.filter(isTouched).sort(), before.filter(isTouched).sort());
});

test("no path of the data directory is a path of the API", async (t) => {
  const { client, root } = await runBerthOnDisk(new Scope(t));
  await pushSmallImage(client, "a", "layer", { tag: "v1" });
  await writeFile(join(root, "secret"), "secret");
  for (const file of await readdir(root, { recursive: true })) {
    for (const prefix of ["/", "/v2/", "/v2/a/../../", "/v2/a/manifests/../../../", "//"]) {
      const answer = await client.get(`${prefix}${file}`);
      assert.ok([400, 404, 405].includes(answer.status), `${prefix}${file}: ${answer.status}`);
    }
  }
});

test("a name with an encoded slash is the decoded name, and nothing else", async (t) => {
  const { client } = await runBerth(new Scope(t));
  await pushSmallImage(client, "a/b", "layer", { tag: "v1" });
  assert.equal((await client.get("/v2/a%2Fb/manifests/v1")).status, 200);
  assert.equal((await client.get("/v2/%61/b/manifests/v1")).status, 200);
  assert.equal((await client.get("/v2/a%2Fb%2Fmanifests/manifests/v1")).status, 404);
});

test("an invalid name of 60,000 characters costs no time", async (t) => {
  const { client } = await runBerth(new Scope(t), { server: { maxHeaderSize: "128KiB" } });
  for (const name of ["a-".repeat(30_000), "a/".repeat(30_000), `${"a_".repeat(30_000)}!`, `${"a".repeat(60_000)}/`]) {
    const answer = await client.get(`/v2/${name}/tags/list`);
    assert.ok(answer.status === 400 || answer.status === 404, `${answer.status}`);
  }
});
