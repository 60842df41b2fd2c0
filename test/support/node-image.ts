import { chmod, copyFile, cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { runCommand } from "./command.js";
import type { Docker } from "./docker-daemon.js";
import { toolPath } from "./project.js";
import type { Scope } from "./scope.js";

const changes = [
  "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "ENV npm_config_offline=true",
];

/**
 * Builds a stand-in for Docker Hub's image of Node: this machine's node and npm with npm's cache, a shell, and the user
 * `node`.
 */
export async function importNodeImage(scope: Scope, docker: Docker, tag: string): Promise<void> {
  const folder = await scope.folder("node-image");
  const root = join(folder, "root");
  for (const path of ["bin", "usr/bin", "usr/local/bin", "usr/lib/node_modules", "etc", "tmp", "root", "home/node"])
    await mkdir(join(root, path), { recursive: true });
  await addShell(root);
  await addNode(root);
  await writeFile(join(root, "etc/passwd"), "root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n");
  await writeFile(join(root, "etc/group"), "root:x:0:\nnode:x:1000:\n");
  const archive = join(folder, "root.tar");
  await runCommand("tar", ["-C", root, "--owner=0", "--group=0", "--numeric-owner", "-cf", archive, "."]);
  await docker("import", ...changes.flatMap((change) => ["--change", change]), archive, tag);
}

async function addShell(root: string): Promise<void> {
  const busybox = toolPath("busybox");
  await copyFile(busybox, join(root, "bin/busybox"));
  await chmod(join(root, "bin/busybox"), 0o755);
  const applets = (await runCommand("busybox", ["--list"])).trim().split("\n");
  for (const applet of applets.filter((name) => name !== "busybox"))
    await symlink("busybox", join(root, "bin", applet));
  await symlink("/bin/env", join(root, "usr/bin/env"));
}

async function addNode(root: string): Promise<void> {
  const libraries = [...(await librariesOf(process.execPath)), ...(await librariesOf(nativeModule))];
  for (const path of libraries) await copyTo(root, path, path);
  await copyTo(root, process.execPath, "usr/bin/node");
  const npm = (await runCommand("npm", ["root", "--global"])).trim();
  await cp(join(npm, "npm"), join(root, "usr/lib/node_modules/npm"), { recursive: true });
  await symlink("../lib/node_modules/npm/bin/npm-cli.js", join(root, "usr/bin/npm"));
  const cache = (await runCommand("npm", ["config", "get", "cache"])).trim();
  await cp(join(cache, "_cacache"), join(root, "root/.npm/_cacache"), { recursive: true });
}

async function copyTo(root: string, from: string, to: string): Promise<void> {
  const target = join(root, to);
  await mkdir(dirname(target), { recursive: true });
  await copyFile(from, target);
}

/** Berth's only native module; the real image has all of glibc, this one only what is used. */
const nativeModule = createRequire(import.meta.url).resolve(`@node-rs/bcrypt-linux-${process.arch}-gnu`);

async function librariesOf(program: string): Promise<string[]> {
  return (await runCommand("ldd", [program])).match(/\/[^\s)]+/g) ?? [];
}
