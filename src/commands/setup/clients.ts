import { setUpBuildkit } from "./buildkit.js";
import type { ClientSetup } from "./client-setup.js";
import { setUpContainerd } from "./containerd.js";
import { setUpDocker } from "./docker.js";
import { setUpGithubActions } from "./github-actions.js";
import { setUpGitlabCi } from "./gitlab-ci.js";
import { setUpK3s } from "./k3s.js";
import { setUpKubernetes } from "./kubernetes.js";
import { setUpPodman } from "./podman.js";
import type { RegistryToReach } from "./registry-to-reach.js";

interface Client {
  readonly meaning: string;
  readonly setUp: (registry: RegistryToReach) => ClientSetup;
}

/** The clients that `berth setup` can configure. */
export const clients: ReadonlyMap<string, Client> = new Map([
  ["docker", { meaning: "dockerd: daemon.json", setUp: setUpDocker }],
  ["containerd", { meaning: "containerd and nerdctl: certs.d", setUp: setUpContainerd }],
  ["podman", { meaning: "podman, buildah, skopeo, CRI-O: registries.conf.d", setUp: setUpPodman }],
  ["buildkit", { meaning: "buildkitd and docker buildx: buildkitd.toml", setUp: setUpBuildkit }],
  ["k3s", { meaning: "k3s: registries.yaml", setUp: setUpK3s }],
  ["kubernetes", { meaning: "the nodes of a cluster", setUp: setUpKubernetes }],
  ["github-actions", { meaning: "a workflow that builds an image", setUp: setUpGithubActions }],
  ["gitlab-ci", { meaning: "a job that builds an image", setUp: setUpGitlabCi }],
]);
