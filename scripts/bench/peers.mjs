import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "./project-root.mjs";
import { findProgram } from "./tools.mjs";

/**
 * @typedef {object} Place
 * @property {number} port
 * @property {string} data
 * @property {object} [sections] further sections of Berth's settings
 * @property {{ url: string, tagTtl?: string }} [cacheOf] the registry that it caches; without one it is private
 *
 * @typedef {object} Peer
 * @property {string} id
 * @property {string} title
 * @property {() => { program: string, version: string } | undefined} locate undefined if it is not installed
 * @property {string} howToInstall
 * @property {(place: Place) => string} config text of its configuration file
 * @property {(file: string, cpuProf: string | undefined) => string[]} args
 * @property {(file: string) => string[]} [collectArgs] of a garbage collection
 * @property {(file: string) => string[]} [checkArgs] of a check of everything stored
 * @property {Record<string, string>} env
 */

/** @type {Peer} Berth with its defaults, including fsync and access log. */
const berth = {
  id: "berth",
  title: "Berth",
  locate() {
    if (!existsSync(join(projectRoot, "dist/main.js"))) return undefined;
    const { version } = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8"));
    return { program: process.execPath, version };
  },
  howToInstall: "npm run build",
  config: ({ port, data, cacheOf, sections = {} }) => `server: { port: ${port} }
storage: { filesystem: { root: ${data} } }
${Object.entries(sections)
  .map(([name, settings]) => `${name}: ${JSON.stringify(settings)}\n`)
  .join("")}${cacheOf === undefined ? "mode: private\n" : berthCache(cacheOf)}`,
  args: (file, cpuProf) => [
    ...(cpuProf === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${cpuProf}`]),
    join(projectRoot, "dist/main.js"),
    "serve",
    "--config",
    file,
  ],
  collectArgs: (file) => [join(projectRoot, "dist/main.js"), "gc", "--quiet", "--config", file],
  checkArgs: (file) => [join(projectRoot, "dist/main.js"), "fsck", "--config", file],
  env: {},
};

/** @type {Peer} Both modes at once, only on request: the rows of private mode push to a private name. */
const berthHybrid = {
  ...berth,
  id: "berth-hybrid",
  title: "Berth hybrid",
  config: ({ port, data, cacheOf = { url: "http://127.0.0.1:1" } }) => `server: { port: ${port} }
storage: { filesystem: { root: ${data} } }
mode: hybrid
${berthUpstream(cacheOf)}`,
};

/** @type {Peer} */
const registry2 = {
  id: "registry2",
  title: "registry 2",
  locate: () => locateDistribution("docker-registry", / (2\.[\d.]+)/),
  howToInstall: "scripts/install-tools.sh",
  config: distributionConfig,
  args: (file) => ["serve", file],
  env: {},
};

/** @type {Peer} */
const registry3 = {
  id: "registry3",
  title: "registry 3",
  locate: () => locateDistribution("registry", / v(3\.[\d.]+)/),
  howToInstall: "scripts/install-tools.sh",
  config: distributionConfig,
  args: (file) => ["serve", file],
  collectArgs: (file) => ["garbage-collect", "--quiet", file],
  // Otherwise it sends traces to a missing collector, and logs each failure.
  env: { OTEL_TRACES_EXPORTER: "none" },
};

const peers = [berth, berthHybrid, registry2, registry3];

/** The peers with these ids and their programs, in a fixed order; throws with what to do if one is missing. */
export function locatePeers(ids) {
  const unknown = ids.filter((id) => !peers.some((peer) => peer.id === id));
  if (unknown.length > 0) throw new Error(`unknown peer ${unknown.join(", ")}`);
  return peers
    .filter((peer) => ids.includes(peer.id))
    .map((peer) => {
      const found = peer.locate();
      if (found !== undefined) return { ...peer, ...found };
      throw new Error(`${peer.title} is not installed: run ${peer.howToInstall}, or leave it out with --peers`);
    });
}

function locateDistribution(name, versionPattern) {
  const program = findProgram(name);
  if (program === undefined) return undefined;
  const version = execFileSync(program, ["--version"], { encoding: "utf8" }).match(versionPattern)?.[1];
  return version === undefined ? undefined : { program, version };
}

function berthCache(cacheOf) {
  return `mode: proxy\n${berthUpstream(cacheOf)}`;
}

/** Except for the time that a tag is fresh, if a row sets it, these are defaults too. */
function berthUpstream({ url, tagTtl = "5m" }) {
  return `proxy:
  default: upstream
  upstreams: [{ name: upstream, url: "${url}", tagTtl: ${tagTtl} }]
`;
}

/** The configuration of both stock images and Debian's package, with deletion enabled and no access control. */
function distributionConfig({ port, data, cacheOf }) {
  return `version: 0.1
log: { fields: { service: registry } }
storage:
  cache: { blobdescriptor: inmemory }
  filesystem: { rootdirectory: ${data} }
  delete: { enabled: true }
http:
  addr: 127.0.0.1:${port}
  headers: { X-Content-Type-Options: [nosniff] }
health:
  storagedriver: { enabled: true, interval: 10s, threshold: 3 }
${cacheOf === undefined ? "" : `proxy: { remoteurl: "${cacheOf.url}" }\n`}`;
}
