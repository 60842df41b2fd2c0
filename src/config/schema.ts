import { access } from "./access-schema.js";
import { hostName, locationStyle, network, origin, pathPrefix, registryUrl } from "./address-kinds.js";
import { cluster } from "./cluster-schema.js";
import { optionalSetting, section, setting, type ValueOf } from "./definition.js";
import { events } from "./events-schema.js";
import { duration, filePath, listOf, longestTimer, oneOf, size, truth, wholeNumber } from "./kinds.js";
import { log } from "./log-schema.js";
import { shareOrNone } from "./maintenance-kinds.js";
import { maintenance } from "./maintenance-schema.js";
import { metrics } from "./metrics-schema.js";
import { namePattern } from "./name-kinds.js";
import { proxy } from "./proxy-schema.js";
import { quotas } from "./quotas-schema.js";
import { retention } from "./retention-schema.js";
import { s3 } from "./s3-schema.js";
import { tls } from "./tls-schema.js";
import { ui } from "./ui-schema.js";

const server = section("How clients reach Berth.", {
  host: setting(hostName, {
    default: "127.0.0.1",
    meaning: "Address to listen on: 127.0.0.1 is this machine only, 0.0.0.0 every IPv4 address, :: every address.",
    needsRestart: true,
  }),
  port: setting(wholeNumber(0, 65_535), {
    default: 5000,
    meaning: "Port to listen on; 0 picks a free one.",
    needsRestart: true,
  }),
  workers: setting(wholeNumber(1, 256), {
    default: 1,
    meaning: "Processes that share the port and the data directory; limits are divided evenly among them.",
    needsRestart: true,
  }),
  tls,
  trustedProxies: setting(listOf(network), {
    default: [],
    meaning: "Addresses and networks of reverse proxies whose X-Forwarded-For is trusted.",
  }),
  cors: section("Web user interfaces that may call this registry from a browser.", {
    origins: setting(listOf(origin), {
      default: [],
      meaning: 'Their origins, such as https://ui.example.com; "*" allows every page.',
    }),
    credentials: setting(truth, {
      default: false,
      meaning: "true: they may send the browser's login or cookie of an authenticating proxy.",
    }),
  }),
  prefix: optionalSetting(pathPrefix, {
    example: "/registry",
    meaning: "Path of a reverse proxy that does not remove it: /registry/v2/ is served as /v2/ is, which stays.",
  }),
  publicUrl: optionalSetting(registryUrl, {
    example: "https://registry.example.com",
    meaning: "Address that clients use, for tokens; needed if a proxy in front does not pass it on.",
  }),
  locations: setting(locationStyle, {
    default: "relative",
    meaning:
      "Form of Location headers: relative works behind every proxy; absolute, or a URL, is for clients that need it.",
  }),
  catalogMaxEntries: setting(wholeNumber(1, 10_000_000), {
    default: 10_000,
    meaning: "Maximum page size of the catalog; 100 if the client names none.",
  }),
  maxConnections: setting(wholeNumber(1, 1_000_000), {
    default: 10_000,
    meaning: "Maximum number of open connections; further ones are closed.",
  }),
  maxHeaderSize: setting(size({ from: "4KiB", to: "1MiB" }), {
    default: "32KiB",
    meaning: "Maximum size of request line and headers together; larger ones get 431.",
    needsRestart: true,
  }),
  headersTimeout: setting(duration({ from: "1s", to: longestTimer }), {
    default: "20s",
    meaning: "Time within which a client must send its headers.",
  }),
  keepAlive: setting(duration({ from: "1s", to: longestTimer }), {
    default: "75s",
    meaning: "How long an idle connection stays open; must be longer than that of a load balancer in front.",
  }),
  stall: section(
    "A transfer that moves less than `minimum` in a `window` is cut off; time spent waiting for Berth does not count.",
    {
      window: setting(duration({ from: "1s", to: longestTimer }), {
        default: "60s",
        meaning: "Time over which the transfer is measured.",
      }),
      minimum: setting(size({ from: "0B", to: "1GiB" }), {
        default: "4KiB",
        meaning: "Minimum bytes per window; 0 never cuts off.",
      }),
    },
  ),
  shutdownGrace: setting(duration({ from: "0s", to: longestTimer }), {
    default: "30s",
    meaning: "Time that running transfers get to finish when Berth stops.",
  }),
});

const storage = section("Where content is stored.", {
  driver: setting(oneOf("filesystem", "s3", "memory"), {
    default: "filesystem",
    meaning: "filesystem; s3: a bucket; or memory for trials: its content is lost when Berth stops.",
    needsRestart: true,
  }),
  filesystem: section("Settings of the filesystem driver.", {
    root: setting(filePath, {
      default: "./data",
      meaning: "Data directory, relative to the current folder; that of registry:2 or registry:3 works unchanged.",
      needsRestart: true,
    }),
  }),
  s3,
  verify: setting(shareOrNone, {
    default: 0.01,
    meaning: "Part of the blobs, from 0 to 1, that are hashed while they are sent; small ones always are.",
  }),
  cache: setting(size({ from: "0B", to: "1TiB" }), {
    default: "64MiB",
    meaning: "Memory for manifests and small blobs that are requested often.",
    needsRestart: true,
  }),
});

const privateMode = section("Repositories that clients push to.", {
  repositories: setting(listOf(namePattern), {
    default: ["*"],
    meaning:
      "Private names in mode: hybrid; * is one part of a name, ** any number. In mode: private all names are private.",
  }),
  adopt: setting(truth, {
    default: false,
    meaning: "true: cached content under a private name is served, and may be pushed to.",
  }),
  delete: setting(truth, { default: true, meaning: "Whether DELETE is allowed; if false, it gets 405." }),
  readonly: setting(truth, {
    default: false,
    meaning: "true: pushes and deletions get 405; pulls and the cache continue.",
  }),
  sparse: setting(truth, {
    default: false,
    meaning: "true: a manifest may reference missing content, such as an index with some platforms left out.",
  }),
  manifestMaxSize: setting(size({ from: "1KiB", to: "256MiB" }), {
    default: "4MiB",
    meaning: "Maximum size of a manifest; larger ones get 413.",
  }),
  anyMediaType: setting(truth, {
    default: false,
    meaning:
      "true: accept manifests of types other than Docker's and OCI's; registry:2's garbage-collect fails on them.",
  }),
  referrersTag: setting(truth, {
    default: false,
    meaning:
      "true: signatures are also listed under a tag that names their image's digest, as clients of registry:2 expect.",
  }),
  quotas,
  uploads: section("Blobs being uploaded.", {
    maxConcurrent: setting(wholeNumber(1, 1_000_000), {
      default: 1000,
      meaning: "Maximum number of uploads that send at once; further ones get 429.",
    }),
    maxOpen: setting(wholeNumber(1, 10_000_000), {
      default: 20_000,
      meaning:
        "Maximum number of open upload sessions; beyond it the oldest empty ones are ended, or a new one gets 429.",
    }),
    maxOpenPerClient: setting(wholeNumber(1, 10_000_000), {
      default: 10_000,
      meaning: "Maximum number of open upload sessions per client: an address, or a /64 network of IPv6.",
    }),
    expire: setting(duration({ from: "1m", to: "3650d" }), {
      default: "7d",
      meaning: "Age at which an abandoned upload is deleted.",
    }),
    purgeInterval: setting(duration({ from: "1s", to: longestTimer }), {
      default: "1h",
      meaning: "How often abandoned uploads are searched for.",
    }),
  }),
});

/**
 * Every setting: key, kind, default and meaning. Durations become milliseconds, sizes bytes, paths absolute.
 */
export const schema = section("Berth", {
  mode: setting(oneOf("proxy", "private", "hybrid"), {
    default: "private",
    meaning: "private: stores your images. proxy: caches other registries. hybrid: both, by name.",
  }),
  server,
  storage,
  cluster,
  private: privateMode,
  proxy,
  access,
  maintenance,
  retention,
  log,
  metrics,
  events,
  ui,
});

export type Config = ValueOf<typeof schema>;
