import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cp, mkdir, open, readFile, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import { type BerthProcess, startBerth } from "../support/berth-process.js";
import { writeBuildContext } from "../support/busybox-image.js";
import { runCommand } from "../support/command.js";
import { digestIn, startDocker } from "../support/docker-daemon.js";
import { EgressProxy } from "../support/egress-proxy.js";
import { projectRoot } from "../support/project.js";
import { Scope } from "../support/scope.js";
import { askByTls } from "../support/tls-client.js";
import { waitUntil } from "../support/wait-until.js";

/** A name, since docker trusts any server on a loopback address. */
const name = "registry.example.com";

function berthTls(...args: string[]): Promise<string> {
  return runCommand(process.execPath, [join(projectRoot, "dist/main.js"), "tls", ...args]);
}

/** The files of `berth tls self-signed`, and the settings that name them. */
async function selfSigned(scope: Scope) {
  const folder = await scope.folder("tls");
  const sign = () => berthTls("self-signed", "--out", folder, "--host", name, "127.0.0.1");
  await sign();
  const file = (label: string) => join(folder, label);
  return { folder, file, sign, tls: { cert: file("tls.crt"), key: file("tls.key") } };
}

test("docker and a certificate of berth tls self-signed", async (t) => {
  const scope = new Scope(t);
  const { folder, file, tls } = await selfSigned(scope);
  await berthTls("client", "ann", "--out", folder);
  const { port } = await startBerth(scope, {
    server: { tls: { ...tls, clientCa: [file("ca.crt")], clientAuth: "request" } },
    access: { anonymousPull: true, rules: [{ allow: "push", to: "ann", in: "team/**" }] },
  });
  const host = `${name}:${port}`;
  const docker = await startDocker(scope, { HTTPS_PROXY: (await EgressProxy.start(scope)).url });
  const certificates = join("/etc/docker/certs.d", host);
  scope.defer(() => rm(certificates, { recursive: true, force: true }));
  const context = await scope.folder("context");
  await writeBuildContext(context);
  const image = `${host}/team/app:v1`;
  await docker("build", "--tag", image, context);

  await t.test("docker does not trust an unknown authority", async () => {
    await assert.rejects(docker("push", image), /certificate signed by unknown authority/);
  });

  await t.test("without a certificate it is anonymous, and may not push", async () => {
    await mkdir(certificates, { recursive: true });
    await cp(file("ca.crt"), join(certificates, "ca.crt"));
    await assert.rejects(docker("push", image), /authentication required|unauthorized|denied/);
  });

  await t.test("pushes with a client certificate, without a restart and without a login", async () => {
    await cp(file("ann.crt"), join(certificates, "client.cert"));
    await cp(file("ann.key"), join(certificates, "client.key"));
    const pushed = digestIn(await docker("push", image));
    await docker("tag", image, `${host}/other/app:v1`);
    await assert.rejects(docker("push", `${host}/other/app:v1`), /denied/);
    await docker("image", "rm", "--force", image);
    assert.equal(digestIn(await docker("pull", image)), pushed);
  });

  await t.test("pulls what everyone may, without the certificate", async () => {
    for (const label of ["client.cert", "client.key"]) await rm(join(certificates, label));
    await docker("image", "rm", "--force", image);
    await docker("pull", image);
  });
});

const gibibyte = 1024 ** 3;

test("a certificate is replaced during a pull of 1 GiB: the pull finishes, and every worker uses the new one", async (t) => {
  const scope = new Scope(t);
  const { file, sign, tls } = await selfSigned(scope);
  const ca = await readFile(file("ca.crt"), "utf8");
  const berth = await startBerth(scope, { server: { tls, workers: 2 } });
  const digest = await pushZeros(scope, berth, file("ca.crt"));
  const shown = async () => (await askByTls(berth.port, ca, "/v2/")).serverCertificate;
  const before = await shown();

  const pull = request({
    host: "127.0.0.1",
    port: berth.port,
    ca,
    path: `/v2/big/blobs/${digest}`,
    agent: false,
  }).end();
  const [answer]: IncomingMessage[] = await once(pull, "response");
  assert.ok(answer !== undefined);
  const hash = createHash("sha256");
  let received = 0;
  for await (const piece of answer) {
    hash.update(piece);
    const isHalfway = received < gibibyte / 2 && received + piece.length >= gibibyte / 2;
    received += piece.length;
    if (!isHalfway) continue;
    await sign();
    await waitUntil("all workers show the new certificate", async () => {
      for (let count = 0; count < 8; count++) if ((await shown()) === before) return undefined;
      return true;
    });
  }
  assert.equal(received, gibibyte);
  assert.equal(`sha256:${hash.digest("hex")}`, digest);
});

/** A file that takes no space here, as one blob. */
async function pushZeros(scope: Scope, { port }: BerthProcess, authority: string): Promise<string> {
  const file = join(await scope.folder("zeros"), "zeros");
  const handle = await open(file, "w");
  await handle.truncate(gibibyte);
  await handle.close();
  const [sum = ""] = (await runCommand("sha256sum", [file])).split(" ");
  const digest = `sha256:${sum}`;
  // Without a trailing slash: curl would append the name of the file.
  const url = `https://127.0.0.1:${port}/v2/big/blobs/uploads?digest=${digest}`;
  await runCommand("curl", [
    "--fail",
    "--silent",
    "--cacert",
    authority,
    "--request",
    "POST",
    "--upload-file",
    file,
    url,
  ]);
  return digest;
}
