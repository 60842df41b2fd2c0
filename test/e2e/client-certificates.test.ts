import { strict as assert } from "node:assert";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isRefused } from "../support/access-clients/access-client.js";
import { startBerth } from "../support/berth-process.js";
import { startBuildkit } from "../support/buildkit.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { clientHome } from "../support/client-home.js";
import { runCommand } from "../support/command.js";
import { startContainerd } from "../support/containerd.js";
import { startPodman } from "../support/podman.js";
import { projectRoot } from "../support/project.js";
import { Scope } from "../support/scope.js";

interface Surroundings {
  /** `127.0.0.1:port`, with the certificate of `berth tls self-signed`. */
  readonly host: string;
  /** An image that everyone may pull. */
  readonly source: string;
  /** An OCI layout with the tag `image`. */
  readonly layout: string;
  /** Has ca.crt, ann.crt and ann.key. */
  readonly folder: string;
  /** The same files as podman wants them: nothing else, and named ca.crt, client.cert and client.key. */
  readonly certFolder: string;
}

/** What a client does without any login, with the certificate of ann. */
interface CertifiedClient {
  push(image: string): Promise<unknown>;
  pull(image: string): Promise<unknown>;
}

async function podman(scope: Scope, { source, certFolder }: Surroundings): Promise<CertifiedClient> {
  const run = await startPodman(scope);
  const certified = ["--cert-dir", certFolder];
  return {
    pull: (image) => run("pull", ...certified, image),
    push: async (image) => {
      await run("pull", ...certified, source);
      return run("push", ...certified, source, image);
    },
  };
}

async function skopeo(scope: Scope, { layout, certFolder }: Surroundings): Promise<CertifiedClient> {
  const env = await clientHome(scope);
  const copy = (...args: string[]) => runCommand("skopeo", ["--insecure-policy", "copy", ...args], { env });
  return {
    pull: async (image) =>
      copy("--src-cert-dir", certFolder, `docker://${image}`, `dir:${await scope.folder("pulled")}`),
    push: (image) => copy("--dest-cert-dir", certFolder, `oci:${layout}:image`, `docker://${image}`),
  };
}

async function containerd(scope: Scope, { host, source, folder }: Surroundings): Promise<CertifiedClient> {
  const ctr = await startContainerd(scope, {});
  const hosts = await scope.folder("hosts");
  const lines = [
    `server = "https://${host}"`,
    `[host."https://${host}"]`,
    '  capabilities = ["pull", "resolve", "push"]',
    `  ca = "${folder}/ca.crt"`,
    `  client = [["${folder}/ann.crt", "${folder}/ann.key"]]`,
  ];
  await mkdir(join(hosts, host));
  await writeFile(join(hosts, host, "hosts.toml"), lines.join("\n"));
  const pull = (image: string) => ctr("images", "pull", "--hosts-dir", hosts, "--snapshotter", "native", image);
  return {
    pull,
    push: async (image) => {
      await pull(source);
      return ctr("images", "push", "--hosts-dir", hosts, image, source);
    },
  };
}

async function buildkit(scope: Scope, { host, source, folder }: Surroundings): Promise<CertifiedClient> {
  const config = join(await scope.folder("buildkit-config"), "buildkitd.toml");
  const lines = [
    `[registry."${host}"]`,
    // On loopback it would speak plain HTTP.
    "  http = false",
    `  ca = ["${folder}/ca.crt"]`,
    `  [[registry."${host}".keypair]]`,
    `    cert = "${folder}/ann.crt"`,
    `    key = "${folder}/ann.key"`,
  ];
  await writeFile(config, lines.join("\n"));
  const { build } = await startBuildkit(scope, config, {}, await clientHome(scope));
  // buildctl fetches the tokens, and does not read what buildkitd is told.
  const files = `ca=${folder}/ca.crt,cert=${folder}/ann.crt,key=${folder}/ann.key`;
  const buildFrom = async (image: string, output: string) => {
    const context = await scope.folder("context");
    await writeFile(join(context, "Dockerfile"), `FROM ${image}\nCOPY Dockerfile /etc/\n`);
    return build(context, "--registry-auth-tlscontext", `host=${host},${files}`, "--output", output);
  };
  return {
    pull: async (image) => buildFrom(image, `type=oci,dest=${join(await scope.folder("built"), "image.tar")}`),
    push: (image) => buildFrom(source, `type=image,name=${image},push=true`),
  };
}

async function oras(scope: Scope, { layout, folder }: Surroundings): Promise<CertifiedClient> {
  const env = await clientHome(scope);
  const files = (side: string) =>
    ["ca-file=ca.crt", "cert-file=ann.crt", "key-file=ann.key"].map(
      (each) => `--${side}-${each.replace("=", `=${folder}/`)}`,
    );
  return {
    pull: async (image) =>
      runCommand("oras", ["cp", ...files("from"), image, "--to-oci-layout", `${await scope.folder("oras")}:v1`], {
        env,
      }),
    push: (image) => runCommand("oras", ["cp", "--from-oci-layout", `${layout}:image`, ...files("to"), image], { env }),
  };
}

async function regctl(scope: Scope, { host, layout, folder }: Surroundings): Promise<CertifiedClient> {
  const env = await clientHome(scope);
  const pem = (name: string) => readFile(join(folder, name), "utf8");
  const files = [
    "--cacert",
    await pem("ca.crt"),
    "--client-cert",
    await pem("ann.crt"),
    "--client-key",
    await pem("ann.key"),
  ];
  await runCommand("regctl", ["registry", "set", ...files, host], { env });
  const copy = (from: string, to: string) => runCommand("regctl", ["image", "copy", from, to], { env });
  return {
    pull: async (image) => copy(image, `ocidir://${await scope.folder("regctl")}:pulled`),
    push: (image) => copy(`ocidir://${layout}:image`, image),
  };
}

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

  for (const create of [podman, skopeo, containerd, buildkit, oras, regctl]) {
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
