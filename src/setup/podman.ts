import { type ClientSetup, certificateFile, ownFile, type SetupFile } from "./client-setup.js";
import { type ReachedUpstream, type RegistryToReach, takesPushes } from "./registry-to-reach.js";

/** For podman, buildah, skopeo and CRI-O, which share their settings. */
export function setUpPodman(registry: RegistryToReach): ClientSetup {
  const { address, authority, upstreams } = registry;
  const blocks = upstreams.map((upstream) => mirrorBlock(upstream, registry));
  if (takesPushes(registry) && registry.scheme === "http") blocks.push(ownBlock(registry));
  const files: SetupFile[] = [];
  if (blocks.length > 0) {
    const lines = blocks.flatMap((block, index) => (index === 0 ? block : ["", ...block]));
    files.push(ownFile("/etc/containers/registries.conf.d/berth.conf", lines));
  }
  if (authority !== undefined) files.push(certificateFile(`/etc/containers/certs.d/${address}/ca.crt`, authority));
  return { files, notes: notesOn(registry) };
}

function mirrorBlock({ name, location }: ReachedUpstream, registry: RegistryToReach): string[] {
  return [
    "[[registry]]",
    `prefix = "${name}"`,
    `location = "${name}"`,
    "",
    "[[registry.mirror]]",
    `location = "${location}"`,
    ...plainHttp(registry),
  ];
}

function ownBlock(registry: RegistryToReach): string[] {
  return ["[[registry]]", `location = "${registry.address}"`, ...plainHttp(registry)];
}

function plainHttp({ scheme }: RegistryToReach): string[] {
  return scheme === "http" ? ["insecure = true"] : [];
}

function notesOn(registry: RegistryToReach): string[] {
  const { address, upstreams, asksForLogin } = registry;
  return [
    ...(asksForLogin ? [`Log in, which also counts for pulls through the cache: podman login ${address}`] : []),
    ...(upstreams.length > 0
      ? [`They ask the registry itself for what Berth does not have, unless its location is "${address}" too.`]
      : []),
    ...(takesPushes(registry) ? [`Push your own images: podman push my_custom_image ${address}/my_custom_image`] : []),
  ];
}
