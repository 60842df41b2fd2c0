import type { ClientSetup } from "./client-setup.js";
import { setUpContainerd } from "./containerd.js";
import { type RegistryToReach, takesPushes } from "./registry-to-reach.js";

/** For Kubernetes, whose nodes pull images, usually with containerd. */
export function setUpKubernetes(registry: RegistryToReach): ClientSetup {
  const { files, notes } = setUpContainerd(registry);
  const { address } = registry;
  const onEachNode = files.length > 0 ? ["These files belong on every node. For k3s: berth setup k3s"] : [];
  const image = takesPushes(registry) ? [`In a pod, use your own images as image: ${address}/team/app:1.0`] : [];
  const cached = registry.upstreams.length > 0 ? ["Other images keep their names: image: nginx:1.27"] : [];
  return { files, notes: [...onEachNode, ...notes, ...image, ...cached, ...pullSecret(registry)] };
}

/** With an access token, which expires, and can be revoked without changing a password. */
function pullSecret({ address, asksForLogin }: RegistryToReach): string[] {
  if (!asksForLogin) return [];
  return [
    "Create a token that only pulls: berth token create --user kubernetes --scope 'pull:team/**'",
    `Store it in the cluster: kubectl create secret docker-registry berth --docker-server=${address} ` +
      '--docker-username=kubernetes --docker-password="$TOKEN"',
    "Let the pods of a namespace use it: kubectl patch serviceaccount default " +
      `--patch '{"imagePullSecrets":[{"name":"berth"}]}'`,
    "Or let pods log in by their service accounts, without a secret: berth setup kubelet",
  ];
}
