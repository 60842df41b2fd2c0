import { registryUrl } from "./address-kinds.js";
import {
  listOfSections,
  nullableSetting,
  optionalSetting,
  requiredSetting,
  section,
  setting,
  type ValueOf,
} from "./definition.js";
import { diskPart } from "./disk-part.js";
import { duration, filePath, listOf, longestTimer, oneOf, size, text, truth, wholeNumber } from "./kinds.js";
import { contentPattern, nameComponent, registryName, repositoryPath } from "./name-kinds.js";

const naming = {
  name: requiredSetting(registryName, {
    example: "docker.io",
    meaning: "Host name in its image names; selects it as the prefix of a name and in containerd's ?ns=.",
  }),
  url: requiredSetting(registryUrl, {
    example: "https://registry-1.docker.io",
    meaning: "URL that Berth sends requests to.",
  }),
  prefix: optionalSetting(nameComponent, {
    example: "hub",
    meaning: "Another prefix for its names here; needed if the name has a port.",
  }),
  ns: setting(listOf(registryName), { default: [], meaning: "Further values of ?ns= that select it." }),
  remotePrefix: optionalSetting(repositoryPath, {
    example: "owner/project",
    meaning: "Path that its repository names begin with at the upstream, but not here.",
  }),
  allow: setting(listOf(contentPattern), {
    default: [],
    meaning: "Patterns of what may be pulled, such as library/* or library/nginx:1.*; an empty list allows everything.",
  }),
  deny: setting(listOf(contentPattern), {
    default: [],
    meaning: "Patterns of what may not be pulled; they override allow.",
  }),
};

const access = {
  mirrors: setting(listOf(registryUrl), {
    default: [],
    meaning: "Addresses with the same content, tried in this order before the url.",
  }),
  username: optionalSetting(text, {
    example: "ci",
    meaning: "User name for the url, never sent to mirrors; without it, Berth pulls anonymously.",
  }),
  password: optionalSetting(text, {
    example: "dckr_pat_abc",
    meaning: "Password or access token; passwordFile names a file that contains it.",
    secret: true,
  }),
  dockerConfig: optionalSetting(filePath, {
    example: "/etc/berth/docker/config.json",
    meaning: "File written by docker login, instead of username and password; also used for mirrors.",
  }),
  realms: setting(listOf(registryName), {
    default: [],
    meaning:
      "Other hosts that may issue its tokens, and so receive the credentials. Hosts of the same site always may.",
  }),
  network: setting(oneOf("auto", "public", "private"), {
    default: "auto",
    meaning: "Its network; a public upstream cannot send Berth into private networks. auto: decided by its address.",
  }),
  ca: optionalSetting(filePath, {
    example: "/etc/berth/upstream-ca.crt",
    meaning: "More certificate authorities to trust, in PEM format; also used for mirrors.",
  }),
  cert: optionalSetting(filePath, {
    example: "/etc/berth/client.crt",
    meaning: "Client certificate, in PEM format.",
  }),
  key: optionalSetting(filePath, { example: "/etc/berth/client.key", meaning: "Its private key." }),
  verify: setting(truth, { default: true, meaning: "false: accept any certificate from the url." }),
};

const freshness = {
  adopt: setting(truth, {
    default: false,
    meaning:
      "true: content without an owner, from a registry:2 cache of it, is assigned to it once it confirms having it.",
  }),
  tagTtl: setting(duration({ from: "0s", to: "3650d" }), {
    default: "5m",
    meaning: "How long a tag is served without asking the upstream again.",
  }),
  onDelete: setting(oneOf("keep", "drop"), {
    default: "keep",
    meaning: "What happens to a stored tag that the upstream deleted: keep and serve it, or drop it.",
  }),
  staleDeadline: setting(duration({ from: "10ms", to: longestTimer }), {
    default: "2s",
    meaning: "Time for an answer if a stored copy can be served instead.",
  }),
  notFoundTtl: setting(duration({ from: "0s", to: "30d" }), {
    default: "30s",
    meaning: "How long Berth remembers that the upstream does not have something.",
  }),
};

const patience = {
  timeouts: section("Times after which the upstream counts as unreachable.", {
    connect: setting(duration({ from: "10ms", to: longestTimer }), {
      default: "10s",
      meaning: "Name resolution, connection and TLS together.",
    }),
    firstByte: setting(duration({ from: "10ms", to: longestTimer }), {
      default: "15s",
      meaning: "From the connection to the response headers.",
    }),
    answer: setting(duration({ from: "10ms", to: longestTimer }), {
      default: "25s",
      meaning: "One request with all its attempts; clients such as containerd wait 30s.",
    }),
    blob: setting(duration({ from: "10ms", to: longestTimer }), {
      default: "10m",
      meaning: "Response headers of a blob. After `answer`, the client is told to retry, and the download continues.",
    }),
    idle: setting(duration({ from: "10ms", to: longestTimer }), {
      default: "30s",
      meaning: "A download that receives no byte.",
    }),
  }),
  slowBelow: setting(size({ from: "0B", to: "1GiB" }), {
    default: "1KiB",
    meaning: "A download with fewer bytes per second is cut off and resumed; 0 never cuts off.",
  }),
  slowWindow: setting(duration({ from: "1s", to: longestTimer }), {
    default: "30s",
    meaning: "Time over which the speed is measured.",
  }),
  attempts: setting(wholeNumber(1, 100), {
    default: 3,
    meaning: "How many times the mirrors and the url are tried.",
  }),
  maxConcurrent: setting(wholeNumber(1, 10_000), {
    default: 32,
    meaning: "Maximum concurrent requests to each address, downloads not included.",
  }),
  maxDownloads: setting(wholeNumber(1, 10_000), {
    default: 256,
    meaning:
      "Maximum concurrent downloads from each address, small and large separately; those without a client give way.",
  }),
  maxManifestSize: setting(size({ from: "1KiB", to: "256MiB" }), {
    default: "8MiB",
    meaning: "Maximum size of a manifest; larger ones are refused.",
  }),
};

const laziness = {
  lazyRanges: setting(truth, {
    default: false,
    meaning:
      "true: small ranges far ahead of a download are fetched separately and passed on unverified, for lazy pulling.",
  }),
};

/** The section for `mode: proxy` and `mode: hybrid`. */
export const proxy = section("Repositories that are cached from other registries, called upstreams.", {
  default: nullableSetting(registryName, {
    default: "docker.io",
    meaning: "Name of the upstream for names without the prefix of an upstream; null: none.",
  }),
  maxSize: nullableSetting(size({ from: "1MiB", to: "1024TiB" }), {
    default: null,
    example: "50GiB",
    meaning: "Maximum size of cached content; beyond it, the least recently used images are deleted. null: no limit.",
  }),
  minFree: nullableSetting(diskPart, {
    default: null,
    example: "10%",
    meaning: "Free space of the disk, or percent; below it, the trash and then the cache shrink. null: none.",
  }),
  maxAge: nullableSetting(duration({ from: "2h", to: "3650d" }), {
    default: null,
    example: "90d",
    meaning: "Cached images that nobody has pulled for so long are deleted. null: never.",
  }),
  finishDownloads: setting(truth, {
    default: true,
    meaning: "Whether to finish a download that no client waits for any more.",
  }),
  upstreams: listOfSections(
    {
      meaning: "The registries to cache. Your list replaces the default.",
      default: [{ name: "docker.io", url: "https://registry-1.docker.io" }],
      example: { name: "ghcr.io", url: "https://ghcr.io" },
    },
    { ...naming, ...access, ...freshness, ...patience, ...laziness },
  ),
});

export type ProxyConfig = ValueOf<typeof proxy>;

/** One upstream. */
export type UpstreamConfig = ProxyConfig["upstreams"][number];
