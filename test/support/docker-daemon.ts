import { join } from "node:path";
import { runCommand, tryCommand } from "./command.js";
import { Daemon } from "./daemon.js";
import type { Scope } from "./scope.js";

/** Runs the docker client with the test's own daemon. */
export type Docker = (...args: string[]) => Promise<string>;

/** Starts a docker daemon of the test's own, and returns a client for it. */
export async function startDocker(
  scope: Scope,
  env: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
  storageDriver: "vfs" | "overlay2" = "vfs",
): Promise<Docker> {
  return (await startDockerDaemon(scope, env, flags, storageDriver)).docker;
}

/** A daemon, and how its clients reach it. */
export interface DockerDaemon {
  readonly docker: Docker;
  /** For other programs that are its clients. */
  readonly env: Readonly<Record<string, string>>;
}

/** Starts an isolated docker daemon: no network, no firewall rules, its own storage and socket. */
export async function startDockerDaemon(
  scope: Scope,
  env: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
  storageDriver: "vfs" | "overlay2" = "vfs",
): Promise<DockerDaemon> {
  const folder = await scope.folder("docker");
  const socket = `unix://${join(folder, "docker.sock")}`;
  // Mounts of a container on the host's network remain when the daemon has ended.
  scope.defer(() => tryCommand("umount", [join(folder, "exec/netns/default")]));
  const daemon = new Daemon(
    scope,
    "dockerd",
    [
      `--host=${socket}`,
      `--data-root=${join(folder, "data")}`,
      `--exec-root=${join(folder, "exec")}`,
      `--pidfile=${join(folder, "pid")}`,
      "--bridge=none",
      "--iptables=false",
      "--ip6tables=false",
      `--storage-driver=${storageDriver}`,
      ...flags,
    ],
    env,
  );
  // The classic builder needs no network and no plugin.
  const clientEnv = { DOCKER_HOST: socket, DOCKER_CONFIG: join(folder, "client"), DOCKER_BUILDKIT: "0" };
  const docker: Docker = (...args) => runCommand("docker", args, { env: clientEnv });
  await daemon.ready(() =>
    docker("version").then(
      () => true,
      () => undefined,
    ),
  );
  return { docker, env: clientEnv };
}

/** The digest that `docker push` and `docker pull` print. */
export function digestIn(output: string): string {
  const digest = /sha256:[0-9a-f]{64}/.exec(output)?.[0];
  if (digest === undefined) throw new Error(`docker printed no digest:\n${output}`);
  return digest;
}
