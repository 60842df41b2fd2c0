import { buildkitTables } from "./buildkit.js";
import { type ClientSetup, ownFile } from "./client-setup.js";
import { plainInYaml, type RegistryToReach, takesPushes } from "./registry-to-reach.js";

/** For a workflow that builds an image, on a runner that can reach the registry. */
export function setUpGithubActions(registry: RegistryToReach): ClientSetup {
  const { address, authority } = registry;
  const lines = [
    "name: image",
    "on: push",
    "jobs:",
    "  image:",
    "    runs-on: self-hosted",
    "    steps:",
    "      - uses: actions/checkout@v4",
    ...buildxStep(registry),
    "      - uses: docker/build-push-action@v6",
    "        with:",
    `          push: ${takesPushes(registry)}`,
    `          tags: ${plainInYaml(`${address}/team/app:\${{ github.sha }}`)}`,
  ];
  const certificate =
    authority === undefined ? [] : [`The runner needs the authority's certificate at ${authority.file}.`];
  return {
    files: [ownFile(".github/workflows/image.yml", lines)],
    notes: ["Set runs-on to your own runner that reaches the registry; GitHub's runners do not.", ...certificate],
  };
}

function buildxStep(registry: RegistryToReach): string[] {
  const tables = buildkitTables(registry, registry.authority?.file ?? "");
  const step = "      - uses: docker/setup-buildx-action@v3";
  if (tables.length === 0) return [step];
  const inline = tables.map((line) => (line === "" ? "" : `            ${line}`));
  return [step, "        with:", "          buildkitd-config-inline: |", ...inline];
}
