import { type ClientSetup, ownFile, type SetupFile } from "./client-setup.js";
import type { RegistryToReach } from "./registry-to-reach.js";

const folder = "/etc/berth";

/** A server for a team: users with passwords, and no one else. */
export function setUpTeam(registry: RegistryToReach): ClientSetup {
  return { files: [settingsFile(registry, [])], notes: steps(registry) };
}

/** A server from which everyone pulls, and to which users push. */
export function setUpAnonymousPull(registry: RegistryToReach): ClientSetup {
  const cache =
    registry.mode === "private" ? [] : ["Only users make the cache download what it does not have (access: cache)."];
  return { files: [settingsFile(registry, ["  anonymousPull: true"])], notes: [...steps(registry), ...cache] };
}

function settingsFile(registry: RegistryToReach, access: readonly string[]): SetupFile {
  const { scheme } = registry;
  const tls = [`  tls: { cert: ${folder}/tls/tls.crt, key: ${folder}/tls/tls.key }`];
  const server = ["server:", "  host: 0.0.0.0", `  port: ${portOf(registry)}`, ...(scheme === "https" ? tls : [])];
  return ownFile(`${folder}/berth.yml`, [...server, ...commonSettings(registry, access)]);
}

/** The common settings of every server with users. @param access more lines of that section */
export function commonSettings({ mode }: RegistryToReach, access: readonly string[]): string[] {
  return [
    `mode: ${mode}`,
    "storage:",
    "  filesystem: { root: /var/lib/berth }",
    "access:",
    ...access,
    `  users: { htpasswd: ${folder}/htpasswd }`,
  ];
}

function steps(registry: RegistryToReach): string[] {
  const { address, scheme } = registry;
  const certificate = `Have a certificate, or create one: berth tls self-signed --host ${hostOf(registry)} --out ${folder}/tls`;
  const plain = "Without TLS, passwords cross the network unencrypted: use this only on a trusted network.";
  return [scheme === "https" ? certificate : plain, ...userSteps(address)];
}

/** From the first user to its login. */
export function userSteps(address: string): string[] {
  return [
    `Add each user: berth user add ann --file ${folder}/htpasswd`,
    `Start it: berth serve ${folder}/berth.yml`,
    `Log in on each client: docker login ${address}`,
    "For the other settings of each client, such as your certificate authority, run: berth setup",
  ];
}

/** By default, the port of the scheme. */
function portOf({ address, scheme }: RegistryToReach): string {
  return /:(\d+)$/.exec(address.replace(/^\[.*\]/, "host"))?.[1] ?? (scheme === "https" ? "443" : "80");
}

export function hostOf({ address }: RegistryToReach): string {
  return address.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}
