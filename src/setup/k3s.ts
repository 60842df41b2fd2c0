import { type ClientSetup, certificateFile, ownFile, type SetupFile } from "./client-setup.js";
import { type RegistryToReach, takesPushes, urlOf } from "./registry-to-reach.js";

const folder = "/etc/rancher/k3s";
const authorityPath = `${folder}/berth-ca.crt`;

/** For k3s, which configures its containerd by a file of its own. */
export function setUpK3s(registry: RegistryToReach): ClientSetup {
  const { authority } = registry;
  const files: SetupFile[] = [ownFile(`${folder}/registries.yaml`, registriesOf(registry))];
  if (authority !== undefined) files.push(certificateFile(authorityPath, authority));
  const fallback =
    "k3s asks the registry itself for what Berth does not have, unless started with --disable-default-registry-endpoint.";
  return {
    files,
    notes: [
      "Do this on every node, then: systemctl restart k3s (on an agent: k3s-agent). RKE2 reads /etc/rancher/rke2/registries.yaml.",
      ...(registry.upstreams.length > 0 ? [fallback] : []),
    ],
  };
}

function registriesOf(registry: RegistryToReach): string[] {
  const { address, upstreams, authority } = registry;
  // With "*" alone, k3s would request Berth's own images from it under the name of another registry.
  const own = takesPushes(registry) ? mirror(address, registry) : [];
  const all = upstreams.length > 0 ? mirror("*", registry) : [];
  const tls = ["configs:", `  "${address}":`, "    tls:", `      ca_file: ${authorityPath}`];
  return ["mirrors:", ...own, ...all, ...(authority === undefined ? [] : tls)];
}

function mirror(name: string, registry: RegistryToReach): string[] {
  return [`  "${name}":`, "    endpoint:", `      - "${urlOf(registry)}"`];
}
