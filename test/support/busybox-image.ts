import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Descriptor } from "../../src/oci/descriptor.js";
import { digestOf, hexOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import { runCommand } from "./command.js";
import { toolPath } from "./project.js";

const configType = "application/vnd.oci.image.config.v1+json";
const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";

/** An OCI image layout on disk, with the tags `image` and `index`. */
export interface BusyboxLayout {
  readonly folder: string;
  /** An image for this machine: Debian's busybox in one layer, a greeting in another. */
  readonly image: Descriptor;
  /** Two platforms: the image above, and one that differs in its greeting. */
  readonly index: Descriptor;
}

/** Fills an empty folder with a real, runnable image and an index of two platforms. */
export async function writeBusyboxLayout(folder: string): Promise<BusyboxLayout> {
  await mkdir(join(folder, "blobs/sha256"), { recursive: true });
  const shell = await tarOf(await shellFiles(join(folder, "files-shell")));
  const image = await writeImage(folder, "amd64", [shell, await greeting(folder, "amd64")]);
  const other = await writeImage(folder, "arm64", [shell, await greeting(folder, "arm64")]);
  const manifests = [image, other].map((descriptor, at) => ({
    ...descriptor,
    platform: { os: "linux", architecture: at === 0 ? "amd64" : "arm64" },
  }));
  const index = await writeJson(folder, mediaTypes.ociIndex, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests,
  });
  const tagged = [named(image, "image"), named(index, "index")];
  await writeFile(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: tagged }));
  await writeFile(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  return { folder, image, index };
}

/** The files of an image for clients that build it themselves, with a Dockerfile. */
export async function writeBuildContext(folder: string): Promise<void> {
  await shellFiles(folder);
  await writeFile(join(folder, "greeting"), "hello\n");
  const lines = ["FROM scratch", "COPY bin /bin", "COPY greeting /etc/greeting", 'CMD ["/bin/sh"]'];
  await writeFile(join(folder, "Dockerfile"), `${lines.join("\n")}\n`);
}

async function shellFiles(folder: string): Promise<string> {
  await mkdir(join(folder, "bin"), { recursive: true });
  await copyFile(toolPath("busybox"), join(folder, "bin/busybox"));
  await chmod(join(folder, "bin/busybox"), 0o755);
  await symlink("busybox", join(folder, "bin/sh"));
  return folder;
}

async function greeting(folder: string, platform: string): Promise<Buffer> {
  const files = join(folder, `files-${platform}`);
  await mkdir(join(files, "etc"), { recursive: true });
  await writeFile(join(files, "etc/greeting"), `hello from ${platform}\n`);
  return tarOf(files);
}

async function tarOf(folder: string): Promise<Buffer> {
  const archive = `${folder}.tar`;
  const order = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
  await runCommand("tar", [...order, "-C", folder, "-cf", archive, "."]);
  return readFile(archive);
}

async function writeImage(folder: string, architecture: string, layers: readonly Buffer[]): Promise<Descriptor> {
  const rootfs = { type: "layers", diff_ids: layers.map((tar) => digestOf(tar)) };
  const config = await writeJson(folder, configType, {
    architecture,
    os: "linux",
    config: { Cmd: ["/bin/sh"] },
    rootfs,
    history: layers.map(() => ({ created_by: "test" })),
  });
  const written: Descriptor[] = [];
  for (const tar of layers) written.push(await writeBlob(folder, layerType, gzipSync(tar)));
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: written };
  return writeJson(folder, mediaTypes.ociManifest, manifest);
}

function writeJson(folder: string, mediaType: string, content: object): Promise<Descriptor> {
  return writeBlob(folder, mediaType, Buffer.from(JSON.stringify(content)));
}

async function writeBlob(folder: string, mediaType: string, bytes: Buffer): Promise<Descriptor> {
  const digest = digestOf(bytes);
  await writeFile(join(folder, "blobs/sha256", hexOf(digest)), bytes);
  return { mediaType, digest, size: bytes.length };
}

function named(descriptor: Descriptor, tag: string): object {
  return { ...descriptor, annotations: { "org.opencontainers.image.ref.name": tag } };
}
