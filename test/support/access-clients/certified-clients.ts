import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startBuildkit } from "../buildkit.js";
import { clientHome } from "../client-home.js";
import { runCommand } from "../command.js";
import { startContainerd } from "../containerd.js";
import { startPodman } from "../podman.js";
import type { Scope } from "../scope.js";

export interface Surroundings {
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
export interface CertifiedClient {
  push(image: string): Promise<unknown>;
  pull(image: string): Promise<unknown>;
}

export async function podman(scope: Scope, { source, certFolder }: Surroundings): Promise<CertifiedClient> {
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

export async function skopeo(scope: Scope, { layout, certFolder }: Surroundings): Promise<CertifiedClient> {
  const env = await clientHome(scope);
  const copy = (...args: string[]) => runCommand("skopeo", ["--insecure-policy", "copy", ...args], { env });
  return {
    pull: async (image) =>
      copy("--src-cert-dir", certFolder, `docker://${image}`, `dir:${await scope.folder("pulled")}`),
    push: (image) => copy("--dest-cert-dir", certFolder, `oci:${layout}:image`, `docker://${image}`),
  };
}

export async function containerd(scope: Scope, { host, source, folder }: Surroundings): Promise<CertifiedClient> {
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

export async function buildkit(scope: Scope, { host, source, folder }: Surroundings): Promise<CertifiedClient> {
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

export async function oras(scope: Scope, { layout, folder }: Surroundings): Promise<CertifiedClient> {
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

export async function regctl(scope: Scope, { host, layout, folder }: Surroundings): Promise<CertifiedClient> {
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

/** Of charts: one called `app` below the name of the image. */
export async function helm(scope: Scope, { folder }: Surroundings): Promise<CertifiedClient> {
  const cwd = await scope.folder("charts");
  const env = await clientHome(scope);
  const files = [
    "--ca-file",
    `${folder}/ca.crt`,
    "--cert-file",
    `${folder}/ann.crt`,
    "--key-file",
    `${folder}/ann.key`,
  ];
  const run = (...args: string[]) => runCommand("helm", args, { cwd, env });
  const folderOf = (image: string) => `oci://${image.split(":").slice(0, -1).join(":")}`;
  await run("create", "app");
  await run("package", "app", "--version=0.1.0");
  return {
    pull: (image) => run("pull", `${folderOf(image)}/app`, "--version=0.1.0", "--destination", cwd, ...files),
    push: (image) => run("push", "app-0.1.0.tgz", folderOf(image), ...files),
  };
}
