import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { clientHome } from "../support/client-home.js";
import { runCommand } from "../support/command.js";
import { listTags, pullWhole } from "../support/content.js";
import { Cosign, plainHttp as plain, signing } from "../support/cosign.js";
import { Scope } from "../support/scope.js";

/** By the referrers API, as an experiment of version 2. */
const byReferrer = [...signing.byTag, "--registry-referrers-mode=oci-1-1"];
const offline = ["--key=cosign.pub", "--insecure-ignore-tlog=true", "--private-infrastructure", plain];

test("cosign", async (t) => {
  const scope = new Scope(t);
  const { host, client } = await startBerth(scope);
  const cache = await startBerth(scope, { cacheOf: `http://${host}` });
  const layout = await writeBusyboxLayout(await scope.folder("layout"));
  const env = await clientHome(scope);
  const cosign = await Cosign.start(scope, env);
  const image = (name: string, at = host) => `${at}/${name}@${layout.index.digest}`;
  await writeFile(join(cosign.cwd, "predicate.json"), '{"built":"here"}');
  for (const name of ["team/tagged", "team/referred", "team/bundled"]) {
    const ends = [`oci:${layout.folder}:index`, `docker://${host}/${name}:v1`];
    await runCommand("skopeo", ["--insecure-policy", "copy", "--all", "--dest-tls-verify=false", ...ends], { env });
  }

  await t.test("signs by a tag, and the signature is also found through a cache", async () => {
    await cosign.sign(image("team/tagged"), signing.byTag);
    assert.deepEqual(await listTags(client, "team/tagged"), [`${layout.index.digest.replace(":", "-")}.sig`, "v1"]);
    for (const at of [host, cache.host]) {
      await cosign.run("verify", "--new-bundle-format=false", ...offline, image("team/tagged", at));
    }
  });

  await t.test("signs by a referrer", async () => {
    await cosign.runExperimental("sign", "--key=cosign.key", ...byReferrer, plain, "--yes", image("team/referred"));
    for (const at of [host, cache.host]) {
      const how = ["--new-bundle-format=false", "--experimental-oci11", ...offline];
      await cosign.runExperimental("verify", ...how, image("team/referred", at));
    }
    assert.deepEqual(await listTags(client, "team/referred"), ["v1"]);
  });

  await t.test("signs and attests by bundles, its current form", async () => {
    await cosign.sign(image("team/bundled"), signing.byBundle);
    const attesting = ["--key=cosign.key", ...signing.byBundle, plain, "--yes"];
    await cosign.run("attest", ...attesting, "--type=custom", "--predicate=predicate.json", image("team/bundled"));
    for (const at of [host, cache.host]) {
      await cosign.run("verify", ...offline, image("team/bundled", at));
      await cosign.run("verify-attestation", "--type=custom", ...offline, image("team/bundled", at));
    }
    assert.deepEqual(await listTags(client, "team/bundled"), ["v1"]);
  });

  await t.test("attaches an SBOM, and shows the tree of everything that belongs to an image", async () => {
    await cosign.run("attach", "sbom", "--sbom=predicate.json", plain, image("team/bundled"));
    const { stdout } = await cosign.try("tree", plain, image("team/bundled"));
    for (const part of [/SBOMs/, /attestation\/v1/, /cosign\/sign\/v1/]) assert.match(stdout, part);
  });

  await t.test("refuses an unsigned image", async () => {
    const unsigned = await cosign.try("verify", ...offline, `${host}/team/bundled@${layout.image.digest}`);
    assert.notEqual(unsigned.code, 0);
    assert.match(unsigned.stderr, /no signatures found/);
  });

  await t.test("copies an image with its signature", async () => {
    await cosign.run("copy", plain, `${host}/team/tagged:v1`, `${host}/team/copied:v1`);
    assert.equal((await pullWhole(client, "team/copied", "v1"))[0], layout.index.digest);
    await cosign.run("verify", "--new-bundle-format=false", ...offline, image("team/copied"));
  });
});
