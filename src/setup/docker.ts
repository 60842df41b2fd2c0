import { type ClientSetup, certificateFile, type SetupFile } from "./client-setup.js";
import { isOnLoopback, mirrorsDockerHub, type RegistryToReach, takesPushes, urlOf } from "./registry-to-reach.js";

/** For dockerd, which uses mirrors only for images of Docker Hub. */
export function setUpDocker(registry: RegistryToReach): ClientSetup {
  const { address, authority } = registry;
  const settings = daemonSettings(registry);
  const files: SetupFile[] = [];
  if (Object.keys(settings).length > 0) {
    const content = `${JSON.stringify(settings, undefined, 2)}\n`;
    files.push({ path: "/etc/docker/daemon.json", content, joining: "extend-json" });
  }
  if (authority !== undefined) files.push(certificateFile(`/etc/docker/certs.d/${address}/ca.crt`, authority));
  return {
    files,
    notes: [...restart(settings), ...loginNotes(registry), ...mirrorNotes(registry), ...examples(registry)],
  };
}

function daemonSettings(registry: RegistryToReach): Record<string, string[]> {
  const needsWord = registry.scheme === "http" && !isOnLoopback(registry);
  return {
    ...(mirrorsDockerHub(registry) && { "registry-mirrors": [urlOf(registry)] }),
    ...(needsWord && { "insecure-registries": [registry.address] }),
  };
}

function restart(settings: Record<string, string[]>): string[] {
  return Object.keys(settings).length === 0 ? [] : ["Restart the daemon: systemctl restart docker"];
}

function loginNotes(registry: RegistryToReach): string[] {
  if (!registry.asksForLogin) return [];
  const rule = '{ allow: [pull, cache], to: everyone, in: "docker.io/**" }';
  return [
    `Log in: docker login ${registry.address}`,
    ...(mirrorsDockerHub(registry)
      ? [`Docker does not log in to a mirror, so access.rules must contain ${rule}, beside the rules for users`]
      : []),
  ];
}

function mirrorNotes(registry: RegistryToReach): string[] {
  return mirrorsDockerHub(registry)
    ? ["Docker asks Docker Hub itself for what the mirror does not have; no setting of Docker prevents that."]
    : [];
}

function examples(registry: RegistryToReach): string[] {
  const { address, upstreams } = registry;
  const others = upstreams.filter(({ location }) => location !== address);
  return [
    ...others.map(
      ({ name, location }) => `Pull images of ${name} by the address of Berth: docker pull ${location}/owner/image`,
    ),
    ...(takesPushes(registry) ? [`Push your own images: docker push ${address}/my_custom_image`] : []),
  ];
}
