import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startBuildkit } from "../buildkit.js";
import { writeBuildContext } from "../busybox-image.js";
import { clientHome } from "../client-home.js";
import { runCommand } from "../command.js";
import { startContainerd } from "../containerd.js";
import { startDocker, startDockerDaemon } from "../docker-daemon.js";
import { startPodman } from "../podman.js";
import type { Scope } from "../scope.js";
import { type AccessClient, inOwnHome, loginByPull, type Run, type Surroundings } from "./access-client.js";

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

/** Debian's docker-compose: logins are those of docker, pulls and pushes are the daemon's. */
export async function composeClient(scope: Scope, { host }: Surroundings): Promise<AccessClient> {
  const { env, docker } = await startDockerDaemon(scope);
  const compose = async (image: string, ...args: string[]) => {
    const project = await scope.folder("compose");
    await mkdir(join(project, "app"));
    await writeBuildContext(join(project, "app"));
    await writeFile(
      join(project, "docker-compose.yml"),
      JSON.stringify({ services: { app: { image, build: "app" } } }),
    );
    for (const command of args) await runCommand("docker-compose", ["--no-ansi", command], { cwd: project, env });
  };
  return {
    name: "compose",
    login: (user, password) => docker("login", "--username", user, "--password", password, host),
    pull: async (image) => {
      await docker("image", "prune", "--all", "--force");
      return compose(image, "pull");
    },
    push: (image) => compose(image, "build", "push"),
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

/** `ctr` stands for everything that pulls by containerd: nerdctl, the kubelet, docker with containerd's store. */
export async function containerdClient(scope: Scope, { source, secret }: Surroundings): Promise<AccessClient> {
  const ctr = await startContainerd(scope, await clientHome(scope));
  let credentials: readonly string[] = [];
  const pull = (image: string) =>
    ctr("images", "pull", "--plain-http", "--snapshotter", "native", ...credentials, image);
  const keep = (user: string, password: string) => {
    credentials = ["--user", `${user}:${password}`];
  };
  const forget = () => {
    credentials = [];
  };
  return {
    name: "containerd",
    login: (user, password) =>
      loginByPull(
        () => keep(user, password),
        forget,
        () => pull(secret),
      ),
    pull,
    push: async (image) => {
      await pull(source);
      return ctr("images", "push", "--plain-http", ...credentials, image, source);
    },
  };
}

/** Its logins are those of the buildctl that asks for the build. It pulls what FROM names, and pushes what it built. */
export async function buildkitClient(scope: Scope, { host, source, secret }: Surroundings): Promise<AccessClient> {
  const env = await clientHome(scope);
  const config = join(await scope.folder("buildkit-config"), "buildkitd.toml");
  await writeFile(config, `[registry."${host}"]\n  http = true\n`);
  const { build, buildOn, forgetAll } = await startBuildkit(scope, config, {}, env);
  const { DOCKER_CONFIG: home = "" } = env;
  const saveLogin = (auths: object) => writeFile(join(home, "config.json"), JSON.stringify({ auths }));
  const pull = async (image: string) => {
    await forgetAll();
    return buildOn(image);
  };
  return {
    name: "buildkit",
    login: (user, password) => {
      const auth = Buffer.from(`${user}:${password}`).toString("base64");
      return loginByPull(
        () => saveLogin({ [host]: { auth } }),
        () => saveLogin({}),
        () => pull(secret),
      );
    },
    pull,
    push: async (image) => {
      const context = await scope.folder("context");
      await writeFile(join(context, "Dockerfile"), `FROM ${source}\nCOPY Dockerfile /etc/\n`);
      return build(context, "--output", `type=image,name=${image},push=true`);
    },
  };
}
