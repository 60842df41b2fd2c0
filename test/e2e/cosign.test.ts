import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { clientHome } from "../support/client-home.js";
import { runCommand, tryCommand } from "../support/command.js";
import { listTags, pullWhole } from "../support/content.js";
import { EgressProxy } from "../support/egress-proxy.js";
import { Scope } from "../support/scope.js";

/** By a tag made from the digest, cosign's first form. */
const byTag = ["--new-bundle-format=false", "--use-signing-config=false", "--tlog-upload=false"];
/** By the referrers API, as an experiment of version 2. */
const byReferrer = [...byTag, "--registry-referrers-mode=oci-1-1"];
const plain = "--allow-http-registry";
/** With a key there is no log and no authority to contact. */
const offline = ["--key=cosign.pub", "--insecure-ignore-tlog=true", "--private-infrastructure", plain];

test("cosign", async (t) => {
  const scope = new Scope(t);
  const { host, client } = await startBerth(scope);
  const cache = await startBerth(scope, { cacheOf: `http://${host}` });
  const layout = await writeBusyboxLayout(await scope.folder("layout"));
  const cwd = await scope.folder("work");
  // It looks for the keys of the public log, which it then does without.
  const egress = await EgressProxy.start(scope);
  const env = { ...(await clientHome(scope)), COSIGN_PASSWORD: "", HTTPS_PROXY: egress.url };
  const cosign = (...args: string[]) => runCommand("cosign", args, { cwd, env });
  const image = (name: string, at = host) => `${at}/${name}@${layout.index.digest}`;
  await cosign("generate-key-pair");
  await writeFile(join(cwd, "signing.json"), await cosign("signing-config", "create"));
  await writeFile(join(cwd, "predicate.json"), '{"built":"here"}');
  for (const name of ["team/tagged", "team/referred", "team/bundled"]) {
    const ends = [`oci:${layout.folder}:index`, `docker://${host}/${name}:v1`];
    await runCommand("skopeo", ["--insecure-policy", "copy", "--all", "--dest-tls-verify=false", ...ends], { env });
  }

  await t.test("signs by a tag, and the signature is also found through a cache", async () => {
    await cosign("sign", "--key=cosign.key", ...byTag, plain, "--yes", image("team/tagged"));
    assert.deepEqual(await listTags(client, "team/tagged"), [`${layout.index.digest.replace(":", "-")}.sig`, "v1"]);
    for (const at of [host, cache.host]) {
      await cosign("verify", "--new-bundle-format=false", ...offline, image("team/tagged", at));
    }
  });

  await t.test("signs by a referrer", async () => {
    const experimental = { cwd, env: { ...env, COSIGN_EXPERIMENTAL: "1" } };
    await runCommand(
      "cosign",
      ["sign", "--key=cosign.key", ...byReferrer, plain, "--yes", image("team/referred")],
      experimental,
    );
    for (const at of [host, cache.host]) {
      const how = ["--new-bundle-format=false", "--experimental-oci11", ...offline];
      await runCommand("cosign", ["verify", ...how, image("team/referred", at)], experimental);
    }
    assert.deepEqual(await listTags(client, "team/referred"), ["v1"]);
  });

  await t.test("signs and attests by bundles, its current form", async () => {
    const signing = ["--key=cosign.key", "--signing-config=signing.json", plain, "--yes"];
    await cosign("sign", ...signing, image("team/bundled"));
    await cosign("attest", ...signing, "--type=custom", "--predicate=predicate.json", image("team/bundled"));
    for (const at of [host, cache.host]) {
      await cosign("verify", ...offline, image("team/bundled", at));
      await cosign("verify-attestation", "--type=custom", ...offline, image("team/bundled", at));
    }
    assert.deepEqual(await listTags(client, "team/bundled"), ["v1"]);
  });

  await t.test("attaches an SBOM, and shows the tree of everything that belongs to an image", async () => {
    await cosign("attach", "sbom", "--sbom=predicate.json", plain, image("team/bundled"));
    const { stdout } = await tryCommand("cosign", ["tree", plain, image("team/bundled")], { cwd, env });
    for (const part of [/SBOMs/, /attestation\/v1/, /cosign\/sign\/v1/]) assert.match(stdout, part);
  });

  await t.test("refuses an unsigned image", async () => {
    const unsigned = await tryCommand("cosign", ["verify", ...offline, `${host}/team/bundled@${layout.image.digest}`], {
      cwd,
      env,
    });
    assert.notEqual(unsigned.code, 0);
    assert.match(unsigned.stderr, /no signatures found/);
  });

  await t.test("copies an image with its signature", async () => {
    await cosign("copy", plain, `${host}/team/tagged:v1`, `${host}/team/copied:v1`);
    assert.equal((await pullWhole(client, "team/copied", "v1"))[0], layout.index.digest);
    await cosign("verify", "--new-bundle-format=false", ...offline, image("team/copied"));
  });
});
