import { strict as assert } from "node:assert";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { clientHome } from "../support/client-home.js";
import { runCommand, tryCommand } from "../support/command.js";
import { listTags, pullWhole } from "../support/content.js";
import { Scope } from "../support/scope.js";

const sbomType = "application/vnd.example.sbom";
const signatureType = "application/vnd.example.signature";

test("oras", async (t) => {
  const scope = new Scope(t);
  const { host, client } = await startBerth(scope);
  const layout = await writeBusyboxLayout(await scope.folder("layout"));
  const cwd = await scope.folder("work");
  const env = await clientHome(scope);
  const oras = async (...args: string[]) => (await runCommand("oras", args, { cwd, env })).trim();
  const plain = "--plain-http";
  const image = `${host}/app`;
  await writeFile(join(cwd, "artifact.txt"), "an artifact\n");
  await writeFile(join(cwd, "sbom.json"), "{}");

  await t.test("pushes an artifact and pulls its file", async () => {
    await oras("push", plain, "--artifact-type=application/vnd.example.text", `${host}/art:v1`, "artifact.txt");
    const folder = await scope.folder("pulled");
    await oras("pull", plain, "--output", folder, `${host}/art:v1`);
    assert.equal(await readFile(join(folder, "artifact.txt"), "utf8"), "an artifact\n");
  });

  await t.test("attaches referrers and discovers them, filtered by artifact type", async () => {
    await oras("cp", "--from-oci-layout", "--to-plain-http", `${layout.folder}:index`, `${image}:v1`);
    await oras("attach", plain, `--artifact-type=${sbomType}`, `${image}:v1`, "sbom.json");
    await oras("attach", plain, `--artifact-type=${signatureType}`, `${image}:v1`, "artifact.txt");
    assert.deepEqual(await referrerTypes("app"), [sbomType, signatureType]);
    assert.deepEqual(await referrerTypes("app", `--artifact-type=${sbomType}`), [sbomType]);
  });

  await t.test("needs no tag for the referrers, since the registry lists them", async () => {
    assert.deepEqual(await listTags(client, "app"), ["v1"]);
  });

  await t.test("copies an index with its referrers, and the referrers of those", async () => {
    const { referrers } = JSON.parse(await oras("discover", plain, "--format=json", `${image}:v1`));
    const signature = `--artifact-type=${signatureType}`;
    await oras("attach", plain, signature, `${image}@${referrers[0].digest}`, "artifact.txt");
    await oras("cp", "-r", "--from-plain-http", "--to-plain-http", `${image}:v1`, `${host}/team/copy:v1`);
    assert.equal((await pullWhole(client, "team/copy", "v1"))[0], layout.index.digest);
    const copied = JSON.parse(await oras("discover", plain, "--format=json", `${host}/team/copy:v1`));
    const original = JSON.parse(await oras("discover", plain, "--format=json", `${image}:v1`));
    assert.deepEqual(digestTree(copied), digestTree(original));
  });

  await t.test("deletes a manifest, which is gone at once as a referrer too", async () => {
    const { referrers } = JSON.parse(await oras("discover", plain, "--format=json", `${host}/team/copy:v1`));
    const sbom = referrers.find((referrer: { artifactType: string }) => referrer.artifactType === sbomType);
    await oras("manifest", "delete", plain, "--force", `${host}/team/copy@${sbom.digest}`);
    assert.deepEqual(await referrerTypes("team/copy"), [signatureType]);

    await oras("manifest", "delete", plain, "--force", `${host}/team/copy:v1`);
    const gone = await tryCommand("oras", ["resolve", plain, `${host}/team/copy:v1`]);
    assert.match(gone.stderr, /not found/);
  });

  async function referrerTypes(name: string, ...filter: string[]): Promise<string[]> {
    const found = JSON.parse(
      await oras("discover", plain, "--format=json", "--depth=1", ...filter, `${host}/${name}:v1`),
    );
    return found.referrers.map((referrer: { artifactType: string }) => referrer.artifactType).sort();
  }
});

interface Node {
  readonly digest: string;
  readonly referrers?: readonly Node[];
}

function digestTree({ digest, referrers = [] }: Node): string {
  return `${digest}(${referrers.map(digestTree).sort().join()})`;
}
