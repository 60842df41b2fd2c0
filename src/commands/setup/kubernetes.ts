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
  return { files, notes: [...onEachNode, ...notes, ...image, ...cached] };
}
