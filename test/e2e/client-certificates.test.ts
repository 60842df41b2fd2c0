import { strict as assert } from "node:assert";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isRefused } from "../support/access-clients/access-client.js";
import {
  buildkit,
  containerd,
  helm,
  oras,
  podman,
  regctl,
  type Surroundings,
  skopeo,
} from "../support/access-clients/certified-clients.js";
import { startBerth } from "../support/berth-process.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { runCommand } from "../support/command.js";
import { projectRoot } from "../support/project.js";
import { Scope } from "../support/scope.js";

function berthTls(...args: string[]): Promise<string> {
  return runCommand(process.execPath, [join(projectRoot, "dist/main.js"), "tls", ...args]);
}

/** A Berth that asks for certificates: everyone may pull what is public, and ann may push below team/. */
async function startCertified(scope: Scope): Promise<Surroundings> {
  const folder = await scope.folder("tls");
  await berthTls("self-signed", "--out", folder, "--host", "127.0.0.1");
  await berthTls("client", "ann", "--out", folder);
  const certFolder = await scope.folder("certs.d");
  await cp(join(folder, "ca.crt"), join(certFolder, "ca.crt"));
  await cp(join(folder, "ann.crt"), join(certFolder, "client.cert"));
  await cp(join(folder, "ann.key"), join(certFolder, "client.key"));
  const [cert, key, ca] = ["tls.crt", "tls.key", "ca.crt"].map((name) => join(folder, name));
  const { host } = await startBerth(scope, {
    server: { tls: { cert, key, clientCa: [ca], clientAuth: "request" } },
    access: {
      rules: [
        { allow: "pull", to: "everyone", in: "public/**" },
        { allow: "push", to: "ann", in: ["team/**", "public/**"] },
      ],
    },
  });
  const { folder: layout } = await writeBusyboxLayout(await scope.folder("layout"));
  return { host, layout, folder, certFolder, source: `${host}/public/tool:v1` };
}

test("clients push and pull by a client certificate alone, and no more than its user may", async (t) => {
  const scope = new Scope(t);
  const surroundings = await startCertified(scope);
  const { host, source, folder } = surroundings;
  await (await skopeo(scope, surroundings)).push(source);

  for (const create of [podman, skopeo, containerd, buildkit, oras, regctl, helm]) {
    await t.test(create.name, async () => {
      const client = await create(scope, surroundings);
      const image = `${host}/team/${create.name}:v1`;
      await client.push(image);
      await client.pull(image);
      assert.ok(await isRefused(client.push(`${host}/other/${create.name}:v1`)));
    });
  }

  await t.test("without it the same is refused", async () => {
    const stranger = await scope.folder("stranger");
    await cp(join(folder, "ca.crt"), join(stranger, "ca.crt"));
    const uncertified = await skopeo(scope, { ...surroundings, certFolder: stranger });
    await uncertified.pull(source);
    assert.ok(await isRefused(uncertified.pull(`${host}/team/skopeo:v1`)));
  });
});
