import { gitlab, issuerSettings } from "./ci-issuers.js";
import { type ClientSetup, ownFile } from "./client-setup.js";
import {
  mirrorsDockerHub,
  type OwnAuthority,
  plainInYaml,
  type RegistryToReach,
  takesPushes,
  urlOf,
} from "./registry-to-reach.js";

/** For a job that builds an image with Docker in Docker. */
export function setUpGitlabCi(registry: RegistryToReach): ClientSetup {
  const { address, authority } = registry;
  const logsIn = registry.asksForLogin && takesPushes(registry);
  const lines = [
    "image:",
    "  image: docker:28",
    ...(logsIn ? ["  id_tokens:", "    BERTH_TOKEN: { aud: berth }"] : []),
    "  services:",
    "    - name: docker:28-dind",
    ...daemonFlags(registry),
    "  variables:",
    "    DOCKER_TLS_CERTDIR: /certs",
    `    IMAGE: ${plainInYaml(`${address}/team/app:$CI_COMMIT_SHORT_SHA`)}`,
    "  script:",
    '    - docker build --tag "$IMAGE" .',
    ...(logsIn
      ? [`    - printf %s "$BERTH_TOKEN" | docker login --username gitlab --password-stdin "${address}"`]
      : []),
    ...(takesPushes(registry) ? ['    - docker push "$IMAGE"'] : []),
  ];
  return {
    files: [ownFile(".gitlab-ci.yml", lines)],
    ...(logsIn && { registrySettings: issuerSettings(gitlab) }),
    notes: authority === undefined ? [] : [mountNote(address, authority)],
  };
}

function mountNote(address: string, { file }: OwnAuthority): string {
  return `In the runner's config.toml, mount the certificate: volumes = ["${file}:/etc/docker/certs.d/${address}/ca.crt:ro"]`;
}

function daemonFlags(registry: RegistryToReach): string[] {
  const flags = [
    ...(mirrorsDockerHub(registry) ? [`--registry-mirror=${urlOf(registry)}`] : []),
    ...(registry.scheme === "http" ? [`--insecure-registry=${registry.address}`] : []),
  ];
  return flags.length === 0 ? [] : [`      command: [${flags.map((flag) => `"${flag}"`).join(", ")}]`];
}
