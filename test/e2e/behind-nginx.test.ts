import { strict as assert } from "node:assert";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isRefused } from "../support/access-clients/access-client.js";
import { startBerth } from "../support/berth-process.js";
import { writeBuildContext, writeBusyboxLayout } from "../support/busybox-image.js";
import { clientHome } from "../support/client-home.js";
import { runCommand } from "../support/command.js";
import { pullWhole } from "../support/content.js";
import { digestIn, startDocker } from "../support/docker-daemon.js";
import { htpasswdFile } from "../support/guarded-berth.js";
import { startNginx } from "../support/nginx.js";
import { Scope } from "../support/scope.js";

test("behind nginx as in config/nginx.conf, under another name and port and with TLS", async (t) => {
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

test("behind nginx, clients are sent to the address of nginx for a token, with server.publicUrl and without", async (t) => {
  const scope = new Scope(t);
  const htpasswd = await htpasswdFile(scope, { ann: "secret" });
  const access = { anonymousPull: true, users: { htpasswd } };
  for (const isTold of [false, true]) {
    const server = { trustedProxies: ["127.0.0.1"], ...(isTold && { publicUrl: "https://registry.example.com" }) };
    const berth = await startBerth(scope, { access, server });
    const { host, certFolder } = await startNginx(scope, berth.host);
    const asked = ["--silent", "--include", "--cacert", join(certFolder, "ca.crt"), `https://${host}/v2/`];
    const realm = /www-authenticate: Bearer realm="([^"]+)"/i.exec(await runCommand("curl", asked))?.[1];
    assert.equal(realm, `${isTold ? "https://registry.example.com" : `https://${host}`}/v2/_berth/token`);
  }
});

test("behind nginx, docker is refused a wrong password, and logs in, pushes a layer of 3 MiB and pulls it", async (t) => {
  const scope = new Scope(t);
  const htpasswd = await htpasswdFile(scope, { ann: "secret" });
  const berth = await startBerth(scope, { access: { users: { htpasswd }, challenge: "bearer" } });
  const { host, certFolder } = await startNginx(scope, berth.host);
  const docker = await startDocker(scope, { SSL_CERT_FILE: join(certFolder, "ca.crt") });
  assert.ok(await isRefused(docker("login", "--username", "ann", "--password", "wrong", host)));
  await docker("login", "--username", "ann", "--password", "secret", host);
  const context = await scope.folder("context");
  await writeBuildContext(context);
  // More than the megabyte that nginx takes unless it is told.
  await writeFile(join(context, "greeting"), randomBytes(3 * 1024 * 1024));
  await docker("build", "--tag", `${host}/team/app`, context);
  const pushed = digestIn(await docker("push", `${host}/team/app`));
  await docker("image", "prune", "--all", "--force");
  assert.equal(digestIn(await docker("pull", `${host}/team/app`)), pushed);
});
