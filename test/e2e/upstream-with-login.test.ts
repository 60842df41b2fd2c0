import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type BerthProcess, startBerth } from "../support/berth-process.js";
import { clientHome } from "../support/client-home.js";
import { runCommand } from "../support/command.js";
import { pullWhole } from "../support/content.js";
import { type PeerRegistry, startPeer } from "../support/peer-registry.js";
import { errorCodeOf } from "../support/registry-client.js";
import { pushSample, type Sample, sampleContent } from "../support/sample-content.js";
import { Scope } from "../support/scope.js";

const username = "berth";
const password = "pässword: 100 %";
/** Registry 2.8.2 accepts no manifest by sha512, and none that references missing content. */
const samples = sampleContent().filter(({ name, isWhole }) => isWhole && name !== "hashed/all");

test("a registry 2.8.2 with an htpasswd file", async (t) => {
  const scope = new Scope(t);
  const upstream = await startUpstream(scope);

  await t.test("is pulled from with username and password", async () => {
    const cache = await startCache(scope, upstream, { username, password });
    await pullAll(cache, samples);
  });

  await t.test("is pulled from with a password from a file", async () => {
    const passwordFile = join(await scope.folder("secret"), "password");
    await writeFile(passwordFile, `${password}\n`);
    await pullAll(await startCache(scope, upstream, { username, passwordFile }), samples.slice(0, 1));
  });

  await t.test("is pulled from with the file that a client's login wrote", async () => {
    const dockerConfig = join(await scope.folder("login"), "config.json");
    const login = [
      "login",
      "--authfile",
      dockerConfig,
      "--tls-verify=false",
      "--username",
      username,
      "--password-stdin",
    ];
    await runCommand("skopeo", [...login, upstream.host], { env: await clientHome(scope), input: password });
    await pullAll(await startCache(scope, upstream, { dockerConfig }), samples.slice(0, 1));
  });

  for (const [whose, login] of Object.entries({
    "no login": {},
    "a wrong password": { username, password: "wrong" },
  })) {
    await t.test(`refuses Berth with ${whose}, and clients are told so`, async () => {
      const { client } = await startCache(scope, upstream, login);
      const refused = await client.get("/v2/plain/image/manifests/v1");
      assert.deepEqual([refused.status, errorCodeOf(refused)], [403, "DENIED"]);
      assert.doesNotMatch(refused.body.toString(), /wrong|pässword/);
    });
  }
});

async function startUpstream(scope: Scope): Promise<PeerRegistry> {
  const root = await scope.folder("upstream");
  // Filled while everyone may push.
  const open = await startPeer(scope, "registry 2.8.2", root);
  for (const sample of samples) await pushSample(open.client, sample);
  await open.daemon.stop();
  const path = join(await scope.folder("htpasswd"), "htpasswd");
  await writeFile(path, await runCommand("htpasswd", ["-Bbn", username, password]));
  return startPeer(scope, "registry 2.8.2", root, { htpasswd: { realm: "test", path } });
}

function startCache(scope: Scope, { host }: PeerRegistry, login: object): Promise<BerthProcess> {
  // Under a name that is not Docker Hub's, names of one component stay as they are.
  const upstream = { name: "origin.example", url: `http://${host}`, ...login };
  return startBerth(scope, { proxy: { default: upstream.name, upstreams: [upstream] } });
}

async function pullAll({ client }: BerthProcess, expected: readonly Sample[]): Promise<void> {
  for (const { name, manifest, tags } of expected) {
    for (const reference of [manifest.descriptor.digest, ...tags]) await pullWhole(client, name, reference);
  }
}
