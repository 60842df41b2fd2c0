import {
  listOfSections,
  nullableSetting,
  optionalSetting,
  requiredSetting,
  section,
  setting,
  type ValueOf,
} from "./definition.js";
import {
  duration,
  filePath,
  listOf,
  longestTimer,
  oneOf,
  registryUrl,
  size,
  text,
  truth,
  wholeNumber,
} from "./kinds.js";
import { contentPattern, nameComponent, registryName, repositoryPath } from "./name-kinds.js";

const naming = {
  name: requiredSetting(registryName, {
    example: "docker.io",
    meaning: "Host that its images are called by, which selects it as prefix of a name and in containerd's ?ns=.",
  }),
  url: requiredSetting(registryUrl, {
    example: "https://registry-1.docker.io",
    meaning: "Where it is asked.",
  }),
  prefix: optionalSetting(nameComponent, {
    example: "hub",
    meaning: "Another first part of its repositories' names here; needed if the name has a port.",
  }),
  ns: setting(listOf(registryName), { default: [], meaning: "Further values of ?ns= that mean it." }),
  remotePrefix: optionalSetting(repositoryPath, {
    example: "owner/project",
    meaning: "What its repositories' names begin with there, and not here.",
  }),
  allow: setting(listOf(contentPattern), {
    default: [],
    meaning: "Patterns such as library/* or library/nginx:1.* of what may be pulled; none allows all.",
  }),
  deny: setting(listOf(contentPattern), { default: [], meaning: "Patterns of what may not be pulled; they prevail." }),
};

const access = {
  mirrors: setting(listOf(registryUrl), {
    default: [],
    meaning: "Addresses with the same content, asked in this order before the url.",
  }),
  username: optionalSetting(text, {
    example: "ci",
    meaning: "Sent to the url, never to mirrors; without one Berth is anonymous.",
  }),
  password: optionalSetting(text, {
    example: "dckr_pat_abc",
    meaning: "Password or access token; passwordFile names a file that holds it.",
    secret: true,
  }),
  dockerConfig: optionalSetting(filePath, {
    example: "/etc/berth/docker/config.json",
    meaning: "File of docker login, instead of username and password; for mirrors too.",
  }),
  realms: setting(listOf(registryName), {
    default: [],
    meaning: "Further hosts that may issue its tokens, and so see the credentials; those of its own site may.",
  }),
  network: setting(oneOf("auto", "public", "private"), {
    default: "auto",
    meaning: "Where it lies; a public one cannot send Berth into private networks. auto: as its address tells.",
  }),
  ca: optionalSetting(filePath, {
    example: "/etc/berth/upstream-ca.crt",
    meaning: "Authorities to trust beside the known ones, in PEM format; for mirrors too.",
  }),
  cert: optionalSetting(filePath, {
    example: "/etc/berth/client.crt",
    meaning: "Client certificate, in PEM format.",
  }),
  key: optionalSetting(filePath, { example: "/etc/berth/client.key", meaning: "Its private key." }),
  verify: setting(truth, { default: true, meaning: "false: any certificate will do for the url." }),
};

const freshness = {
  adopt: setting(truth, {
    default: false,
    meaning:
      "true: the folder was registry:2's cache of it, so content without an owner is its, if one of them says so.",
  }),
  tagTtl: setting(duration({ from: "0s", to: "3650d" }), {
    default: "5m",
    meaning: "How long a tag is served without asking again.",
  }),
  onDelete: setting(oneOf("keep", "drop"), {
    default: "keep",
    meaning: "What happens to a stored tag that is gone there: it is kept and served, or dropped.",
  }),
  staleDeadline: setting(duration({ from: "10ms", to: longestTimer }), {
    default: "2s",
    meaning: "Time for an answer where a stored copy can be served instead.",
  }),
  notFoundTtl: setting(duration({ from: "0s", to: "30d" }), {
    default: "30s",
    meaning: "How long it is remembered that something is not there.",
  }),
};

const patience = {
  timeouts: section("Times after which it counts as out of reach.", {
    connect: setting(duration({ from: "10ms", to: longestTimer }), {
      default: "10s",
      meaning: "For name resolution, connection and TLS together.",
    }),
    firstByte: setting(duration({ from: "10ms", to: longestTimer }), {
      default: "15s",
      meaning: "From the connection to the headers of an answer.",
    }),
    answer: setting(duration({ from: "10ms", to: longestTimer }), {
      default: "25s",
      meaning: "For a question with all its attempts; clients such as containerd wait 30s.",
    }),
    blob: setting(duration({ from: "10ms", to: longestTimer }), {
      default: "10m",
      meaning: "For the headers of a blob: after answer the client is told to come back, and the fetch goes on.",
    }),
    idle: setting(duration({ from: "10ms", to: longestTimer }), {
      default: "30s",
      meaning: "Without any byte of a download.",
    }),
  }),
  slowBelow: setting(size({ from: "0B", to: "1GiB" }), {
    default: "1KiB",
    meaning: "A download with fewer bytes a second is broken off and resumed; 0 never breaks off.",
  }),
  slowWindow: setting(duration({ from: "1s", to: longestTimer }), {
    default: "30s",
    meaning: "Time over which is measured.",
  }),
  attempts: setting(wholeNumber(1, 100), {
    default: 3,
    meaning: "Times that the mirrors and the url are tried.",
  }),
  maxConcurrent: setting(wholeNumber(1, 10_000), {
    default: 32,
    meaning: "Questions at once to each address.",
  }),
  maxDownloads: setting(wholeNumber(1, 10_000), {
    default: 256,
    meaning: "Downloads at once from each address, small and large ones apart; what nobody waits for gives way.",
  }),
  maxManifestSize: setting(size({ from: "1KiB", to: "256MiB" }), {
    default: "8MiB",
    meaning: "Larger manifests are refused.",
  }),
};

const laziness = {
  lazyRanges: setting(truth, {
    default: false,
    meaning:
      "true: small ranges far ahead of a download are fetched apart, unproved, for lazy pullers that verify chunks.",
  }),
};

/** What is cached from where, for `mode: proxy` and `mode: hybrid`. */
export const proxy = section("Repositories that are cached from other registries, the upstreams.", {
  default: nullableSetting(registryName, {
    default: "docker.io",
    meaning: "Name of the upstream that has the repositories whose names begin with no upstream; null: none.",
  }),
  maxSize: nullableSetting(size({ from: "1MiB", to: "1024TiB" }), {
    default: null,
    example: "50GiB",
    meaning:
      "Bytes that cached content may take; then the images used longest ago go, nothing private; null: no bound.",
  }),
  finishDownloads: setting(truth, {
    default: true,
    meaning: "Whether a download that nobody waits for any more is finished.",
  }),
  upstreams: listOfSections(
    {
      meaning: "The registries. Who writes the list writes all of it.",
      default: [{ name: "docker.io", url: "https://registry-1.docker.io" }],
      example: { name: "ghcr.io", url: "https://ghcr.io" },
    },
    { ...naming, ...access, ...freshness, ...patience, ...laziness },
  ),
});

/** What is cached from where. */
export type ProxyConfig = ValueOf<typeof proxy>;

/** One registry that is cached. */
export type UpstreamConfig = ProxyConfig["upstreams"][number];
