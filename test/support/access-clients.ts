import { join } from "node:path";
import { clientHome } from "./client-home.js";
import { runCommand } from "./command.js";
import { startContainerd } from "./containerd.js";
import { startDocker } from "./docker-daemon.js";
import { startPodman } from "./podman.js";
import type { Scope } from "./scope.js";

/** A real client of its own home, so that each starts without a login. What it is told to do fails by throwing. */
export interface AccessClient {
  readonly name: string;
  /** Absent where the client is given its credentials with each command. */
  login?(user: string, password: string): Promise<unknown>;
  pull(image: string): Promise<unknown>;
  /** Pushes what {@link source} is, or what was pulled, under a name. */
  push(image: string): Promise<unknown>;
  /** Absent where the client cannot delete. */
  remove?(image: string): Promise<unknown>;
}

interface Surroundings {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** An OCI layout with the tag `image`. */
  readonly layout: string;
  /** An image that everybody may pull. */
  readonly source: string;
  /** An image that only users may pull. */
  readonly secret: string;
}

type Run = (...args: string[]) => Promise<string>;

/** A program that finds its login in a home of its own. */
async function inOwnHome(scope: Scope, program: string): Promise<Run> {
  const env = await clientHome(scope);
  return (...args) => runCommand(program, args, { env });
}

export async function dockerClient(scope: Scope, { host, source }: Surroundings): Promise<AccessClient> {
  const docker = await startDocker(scope);
  return {
    name: "docker",
    login: (user, password) => docker("login", "--username", user, "--password", password, host),
    pull: async (image) => {
      await docker("image", "prune", "--all", "--force");
      return docker("pull", image);
    },
    push: async (image) => {
      await docker("pull", source);
      await docker("tag", source, image);
      return docker("push", image);
    },
  };
}

export async function podmanClient(scope: Scope, { host, source }: Surroundings): Promise<AccessClient> {
  const podman = await startPodman(scope);
  const plain = "--tls-verify=false";
  return {
    name: "podman",
    login: (user, password) => podman("login", plain, "--username", user, "--password", password, host),
    pull: (image) => podman("pull", plain, image),
    push: async (image) => {
      await podman("pull", plain, source);
      return podman("push", plain, source, image);
    },
  };
}

export async function buildahClient(scope: Scope, { host, source }: Surroundings): Promise<AccessClient> {
  const folder = await scope.folder("buildah");
  const run = await inOwnHome(scope, "buildah");
  const own = ["--root", join(folder, "root"), "--runroot", join(folder, "run"), "--storage-driver=vfs"];
  const buildah: Run = (command = "", ...args) => run(...own, command, "--tls-verify=false", ...args);
  return {
    name: "buildah",
    login: (user, password) => buildah("login", "--username", user, "--password", password, host),
    pull: (image) => buildah("pull", image),
    push: async (image) => {
      await buildah("pull", source);
      return buildah("push", source, image);
    },
  };
}

export async function skopeoClient(scope: Scope, { host, layout }: Surroundings): Promise<AccessClient> {
  const skopeo = await inOwnHome(scope, "skopeo");
  const policy = "--insecure-policy";
  return {
    name: "skopeo",
    login: (user, password) => skopeo("login", "--tls-verify=false", "--username", user, "--password", password, host),
    pull: async (image) =>
      skopeo(policy, "copy", "--src-tls-verify=false", `docker://${image}`, `dir:${await scope.folder("skopeo")}`),
    push: (image) => skopeo(policy, "copy", "--dest-tls-verify=false", `oci:${layout}:image`, `docker://${image}`),
    remove: (image) => skopeo(policy, "delete", "--tls-verify=false", `docker://${image}`),
  };
}

export async function craneClient(scope: Scope, { host, layout }: Surroundings): Promise<AccessClient> {
  const crane = await inOwnHome(scope, "crane");
  return {
    name: "crane",
    login: async (user, password) => {
      await crane("auth", "login", "--username", user, "--password", password, host);
      // It does not ask the registry at its login.
      return crane("catalog", "--insecure", host);
    },
    pull: async (image) => crane("pull", "--insecure", image, join(await scope.folder("crane"), "image.tar")),
    push: (image) => crane("push", "--insecure", "--index", layout, image),
    remove: async (image) => {
      const digest = (await crane("digest", "--insecure", image)).trim();
      return crane("delete", "--insecure", `${image.split(":").slice(0, -1).join(":")}@${digest}`);
    },
  };
}

export async function orasClient(scope: Scope, { host, layout }: Surroundings): Promise<AccessClient> {
  const oras = await inOwnHome(scope, "oras");
  return {
    name: "oras",
    login: (user, password) => oras("login", "--plain-http", "--username", user, "--password", password, host),
    pull: async (image) =>
      oras("cp", "--from-plain-http", image, "--to-oci-layout", `${await scope.folder("oras")}:pulled`),
    push: (image) => oras("cp", "--from-oci-layout", `${layout}:image`, "--to-plain-http", image),
    remove: (image) => oras("manifest", "delete", "--plain-http", "--force", image),
  };
}

export async function regctlClient(scope: Scope, { host, layout }: Surroundings): Promise<AccessClient> {
  const run = await inOwnHome(scope, "regctl");
  const regctl: Run = (...args) => run("--host", `reg=${host},tls=disabled`, ...args);
  return {
    name: "regctl",
    login: (user, password) => regctl("registry", "login", "--user", user, "--pass", password, host),
    pull: async (image) => regctl("image", "copy", image, `ocidir://${await scope.folder("regctl")}:pulled`),
    push: (image) => regctl("image", "copy", `ocidir://${layout}:image`, image),
    remove: (image) => regctl("tag", "delete", image),
  };
}

/** `ctr` stands for what pulls by containerd: nerdctl, the kubelet, docker with containerd's store. */
export async function containerdClient(scope: Scope, { source, secret }: Surroundings): Promise<AccessClient> {
  const ctr = await startContainerd(scope, await clientHome(scope));
  let credentials: readonly string[] = [];
  const pull = (image: string) =>
    ctr("images", "pull", "--plain-http", "--snapshotter", "native", ...credentials, image);
  return {
    name: "containerd",
    login: async (user, password) => {
      credentials = ["--user", `${user}:${password}`];
      // It has no login: the first pull that needs one tells.
      await pull(secret).catch((error: unknown) => {
        credentials = [];
        throw error;
      });
    },
    pull,
    push: async (image) => {
      await pull(source);
      return ctr("images", "push", "--plain-http", ...credentials, image, source);
    },
  };
}

/** Whether a client's command was refused, and not for another reason. */
export async function isRefused(action: Promise<unknown>): Promise<true> {
  try {
    await action;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    if (
      /unauthorized|denied|forbidden|401|403|authentication required|no basic auth|insufficient|invalid username/i.test(
        said,
      )
    )
      return true;
    throw error;
  }
  throw new Error("it was not refused");
}
