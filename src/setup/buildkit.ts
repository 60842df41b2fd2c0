import { type ClientSetup, certificateFile, ownFile, type SetupFile } from "./client-setup.js";
import type { RegistryToReach } from "./registry-to-reach.js";

const folder = "/etc/buildkit";
const authorityPath = `${folder}/berth-ca.crt`;

/** For buildkitd, and the builders that docker buildx creates. */
export function setUpBuildkit(registry: RegistryToReach): ClientSetup {
  const { authority } = registry;
  const lines = buildkitTables(registry, authorityPath);
  const files: SetupFile[] = lines.length === 0 ? [] : [ownFile(`${folder}/buildkitd.toml`, lines, "append-toml")];
  if (authority !== undefined) files.push(certificateFile(authorityPath, authority));
  const notes = files.length === 0 ? [] : [`Restart buildkitd. For docker buildx: ${buildxCommand}`];
  const login = registry.asksForLogin ? [`Log in where builds are started: docker login ${registry.address}`] : [];
  return { files, notes: [...notes, ...login, ...fallbackNotes(registry)] };
}

const buildxCommand = `docker buildx create --use --buildkitd-config ${folder}/buildkitd.toml`;

/** The tables of buildkitd.toml. @param authorityFile path of the certificate of a private authority */
export function buildkitTables(registry: RegistryToReach, authorityFile: string): string[] {
  const { address, scheme, authority, upstreams } = registry;
  const mirrors = upstreams.map(({ name, location }) => [`[registry."${name}"]`, `  mirrors = ["${location}"]`]);
  const http = scheme === "http" ? ["  http = true"] : [];
  const ca = authority === undefined ? [] : [`  ca = ["${authorityFile}"]`];
  const own = http.length + ca.length === 0 ? [] : [[`[registry."${address}"]`, ...http, ...ca]];
  return [...mirrors, ...own].flatMap((table, index) => (index === 0 ? table : ["", ...table]));
}

function fallbackNotes({ upstreams }: RegistryToReach): string[] {
  if (upstreams.length === 0) return [];
  return [
    "After a 404 BuildKit asks the registry itself; no setting of BuildKit prevents that.",
    "The builder inside dockerd does not read this file, but registry-mirrors in daemon.json (berth setup docker).",
  ];
}
