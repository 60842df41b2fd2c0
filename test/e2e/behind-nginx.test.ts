import { strict as assert } from "node:assert";
import { join } from "node:path";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { writeBuildContext, writeBusyboxLayout } from "../support/busybox-image.js";
import { clientHome } from "../support/client-home.js";
import { runCommand } from "../support/command.js";
import { pullWhole } from "../support/content.js";
import { digestIn, startDocker } from "../support/docker-daemon.js";
import { startNginx } from "../support/nginx.js";
import { Scope } from "../support/scope.js";

test("behind nginx as config/nginx.conf sets it up, under another name and port and with TLS", async (t) => {
  const scope = new Scope(t);
  const berth = await startBerth(scope);
  const { host, certFolder } = await startNginx(scope, berth.host);
  const layout = await writeBusyboxLayout(await scope.folder("layout"));
  const trust = { SSL_CERT_FILE: join(certFolder, "ca.crt") };
  const env = { ...(await clientHome(scope)), ...trust };

  await t.test("skopeo pushes and pulls", async () => {
    const image = `docker://${host}/by/skopeo:v1`;
    const copy = ["--insecure-policy", "copy", "--all"];
    const source = `oci:${layout.folder}:index`;
    await runCommand("skopeo", [...copy, "--dest-cert-dir", certFolder, source, image], { env });
    assert.equal((await pullWhole(berth.client, "by/skopeo", "v1"))[0], layout.index.digest);
    const folder = await scope.folder("pulled");
    await runCommand("skopeo", [...copy, "--src-cert-dir", certFolder, image, `dir:${folder}`], { env });
  });

  await t.test("crane pushes, oras tags and regctl lists", async () => {
    const image = `${host}/by/others`;
    await runCommand("crane", ["push", "--index", layout.folder, `${image}:v1`], { env });
    await runCommand("oras", ["tag", "--plain-http=false", `${image}:v1`, "v2", "v3"], { env });
    assert.equal(await runCommand("regctl", ["tag", "ls", image], { env }), "v1\nv2\nv3\n");
  });

  await t.test("docker pushes and pulls", async () => {
    const docker = await startDocker(scope, trust);
    const image = `${host}/by/docker`;
    const context = await scope.folder("context");
    await writeBuildContext(context);
    await docker("build", "--tag", image, context);
    const pushed = digestIn(await docker("push", image));
    await docker("image", "prune", "--all", "--force");
    assert.equal(digestIn(await docker("pull", image)), pushed);
  });
});
