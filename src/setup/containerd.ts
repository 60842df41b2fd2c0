import { type ClientSetup, certificateFile, ownFile, type SetupFile } from "./client-setup.js";
import { type RegistryToReach, takesPushes, urlOf } from "./registry-to-reach.js";

const folder = "/etc/containerd/certs.d";
const authorityPath = `${folder}/berth-ca.crt`;

/** For containerd with nerdctl or Kubernetes: one folder for each registry whose images Berth serves. */
export function setUpContainerd(registry: RegistryToReach): ClientSetup {
  const { authority, upstreams } = registry;
  const files: SetupFile[] = upstreams.map(({ name }) => mirrorFile(name, registry));
  if (takesPushes(registry) && (registry.scheme === "http" || authority !== undefined))
    files.push(ownHostFile(registry));
  if (authority !== undefined) files.push(certificateFile(authorityPath, authority));
  return { files, notes: [...(files.length > 0 ? pathNotes : []), ...fallbackNotes(registry)] };
}

function mirrorFile(name: string, registry: RegistryToReach): SetupFile {
  return ownFile(`${folder}/${name}/hosts.toml`, hostTable(registry, ["pull", "resolve"]));
}

function ownHostFile(registry: RegistryToReach): SetupFile {
  const lines = [`server = "${urlOf(registry)}"`, "", ...hostTable(registry, ["pull", "resolve", "push"])];
  return ownFile(`${folder}/${registry.address}/hosts.toml`, lines);
}

function hostTable(registry: RegistryToReach, capabilities: readonly string[]): string[] {
  return [
    `[host."${urlOf(registry)}"]`,
    `  capabilities = [${capabilities.map((one) => `"${one}"`).join(", ")}]`,
    ...(registry.authority === undefined ? [] : [`  ca = "${authorityPath}"`]),
  ];
}

const pathNotes = [
  `containerd reads the folder if its config.toml says config_path = "${folder}" below ` +
    '[plugins."io.containerd.grpc.v1.cri".registry] (containerd 2: [plugins."io.containerd.cri.v1.images".registry]).',
  "Changes to these files need no restart; changes to config.toml do.",
];

function fallbackNotes(registry: RegistryToReach): string[] {
  if (registry.upstreams.length === 0) return [];
  return [
    "When Berth does not answer, or answers 404, containerd asks the registry itself; " +
      `server = "${urlOf(registry)}" at the top of a hosts.toml prevents that.`,
  ];
}
