import { setUpBuildkit } from "./buildkit.js";
import type { ClientSetup } from "./client-setup.js";
import { setUpContainerd } from "./containerd.js";
import { setUpDocker } from "./docker.js";
import { setUpGithubActions } from "./github-actions.js";
import { setUpGitlabCi } from "./gitlab-ci.js";
import { setUpK3s } from "./k3s.js";
import { setUpKubelet } from "./kubelet.js";
import { setUpKubernetes } from "./kubernetes.js";
import { setUpNginx } from "./nginx.js";
import { setUpPodman } from "./podman.js";
import type { RegistryToReach } from "./registry-to-reach.js";
import { setUpAnonymousPull, setUpTeam } from "./server.js";

interface Client {
  readonly kind: "server" | "client";
  readonly meaning: string;
  readonly setUp: (registry: RegistryToReach) => ClientSetup;
}

function server(meaning: string, setUp: Client["setUp"]): Client {
  return { kind: "server", meaning, setUp };
}

function client(meaning: string, setUp: Client["setUp"]): Client {
  return { kind: "client", meaning, setUp };
}

/** What `berth setup` can configure: clients, and servers with access control. */
export const clients: ReadonlyMap<string, Client> = new Map([
  ["team", server("users with passwords, and no one else", setUpTeam)],
  ["anonymous-pull", server("everyone pulls, users push", setUpAnonymousPull)],
  ["nginx", server("nginx with TLS in front, and users with passwords", setUpNginx)],
  ["docker", client("dockerd: daemon.json", setUpDocker)],
  ["containerd", client("containerd and nerdctl: certs.d", setUpContainerd)],
  ["podman", client("podman, buildah, skopeo, CRI-O: registries.conf.d", setUpPodman)],
  ["buildkit", client("buildkitd and docker buildx: buildkitd.toml", setUpBuildkit)],
  ["k3s", client("k3s: registries.yaml", setUpK3s)],
  ["kubernetes", client("the nodes of a cluster, and its pull secrets", setUpKubernetes)],
  ["kubelet", client("pods log in by their service accounts, without a secret", setUpKubelet)],
  ["github-actions", client("a workflow that builds an image, without a secret", setUpGithubActions)],
  ["gitlab-ci", client("a job that builds an image, without a secret", setUpGitlabCi)],
]);
