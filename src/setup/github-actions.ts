import { buildkitTables } from "./buildkit.js";
import { github, issuerSettings } from "./ci-issuers.js";
import { type ClientSetup, ownFile } from "./client-setup.js";
import { plainInYaml, type RegistryToReach, takesPushes } from "./registry-to-reach.js";

/** For a workflow that builds an image, on a runner that can reach the registry. */
export function setUpGithubActions(registry: RegistryToReach): ClientSetup {
  const { authority } = registry;
  const lines = [
    "name: image",
    ...(logsIn(registry) ? loginTriggers : ["on: push"]),
    "jobs:",
    "  image:",
    "    runs-on: self-hosted",
    "    steps:",
    "      - uses: actions/checkout@v4",
    ...buildxStep(registry),
    ...(logsIn(registry) ? [...buildStep(registry, false), ...loginStep(registry)] : []),
    ...buildStep(registry, takesPushes(registry)),
  ];
  const certificate =
    authority === undefined ? [] : [`The runner needs the authority's certificate at ${authority.file}.`];
  return {
    files: [ownFile(".github/workflows/image.yml", lines)],
    ...(logsIn(registry) && { registrySettings: issuerSettings(github) }),
    notes: ["Set runs-on to your own runner that reaches the registry; GitHub's runners do not.", ...certificate],
  };
}

/** Only to push: what a job pulls through a cache is BuildKit's own request. */
function logsIn(registry: RegistryToReach): boolean {
  return registry.asksForLogin && takesPushes(registry);
}

const loginTriggers = [
  "on:",
  "  push:",
  "    branches: [main]",
  "permissions:",
  "  contents: read",
  "  id-token: write",
];

/** By the job's identity token, in place of a secret (GitHub, "About security hardening with OpenID Connect"). */
function loginStep({ address }: RegistryToReach): string[] {
  return [
    "      # The token is valid for minutes, so this is done when the image is built.",
    "      - name: Log in",
    "        run: |",
    '          answer=$(curl --fail --silent --show-error --header "Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \\',
    '            "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=berth")',
    `          token=$(printf %s "$answer" | sed 's/.*"value" *: *"\\([^"]*\\)".*/\\1/')`,
    '          echo "::add-mask::$token"',
    `          printf %s "$token" | docker login --username github --password-stdin "${address}"`,
  ];
}

function buildStep({ address }: RegistryToReach, isPushed: boolean): string[] {
  return [
    "      - uses: docker/build-push-action@v6",
    "        with:",
    `          push: ${isPushed}`,
    `          tags: ${plainInYaml(`${address}/team/app:\${{ github.sha }}`)}`,
  ];
}

function buildxStep(registry: RegistryToReach): string[] {
  const tables = buildkitTables(registry, registry.authority?.file ?? "");
  const step = "      - uses: docker/setup-buildx-action@v3";
  if (tables.length === 0) return [step];
  const inline = tables.map((line) => (line === "" ? "" : `            ${line}`));
  return [step, "        with:", "          buildkitd-config-inline: |", ...inline];
}
