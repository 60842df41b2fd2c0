import { access } from "./access-schema.js";
import { optionalSetting, section, setting, type ValueOf } from "./definition.js";
import {
  duration,
  filePath,
  hostName,
  listOf,
  locationStyle,
  longestTimer,
  network,
  oneOf,
  origin,
  registryUrl,
  size,
  truth,
  wholeNumber,
} from "./kinds.js";
import { namePattern } from "./name-kinds.js";
import { proxy } from "./proxy-schema.js";
import { tls } from "./tls-schema.js";

const server = section("How clients reach Berth.", {
  host: setting(hostName, {
    default: "127.0.0.1",
    meaning: "Address to listen on: 127.0.0.1 this machine only, 0.0.0.0 every IPv4 address, :: every address.",
    needsRestart: true,
  }),
  port: setting(wholeNumber(0, 65_535), {
    default: 5000,
    meaning: "Port to listen on; 0 takes any free one.",
    needsRestart: true,
  }),
  workers: setting(wholeNumber(1, 256), {
    default: 1,
    meaning: "Processes that serve on this port and one data directory; what is limited for all is shared out evenly.",
    needsRestart: true,
  }),
  tls,
  trustedProxies: setting(listOf(network), {
    default: [],
    meaning: "Addresses and networks of reverse proxies whose X-Forwarded-For is believed.",
  }),
  cors: section("Browser user interfaces that may ask this registry.", {
    origins: setting(listOf(origin), {
      default: [],
      meaning: 'Their origins, such as https://ui.example.com; "*" lets any page ask.',
    }),
    credentials: setting(truth, {
      default: false,
      meaning: "true: they may send the browser's login or cookie of an authenticating proxy in front.",
    }),
  }),
  publicUrl: optionalSetting(registryUrl, {
    example: "https://registry.example.com",
    meaning:
      "Address that clients know the registry by, for tokens; needed where a proxy in front does not pass it on.",
  }),
  locations: setting(locationStyle, {
    default: "relative",
    meaning: "Location of answers: relative suits every proxy; absolute, or an address, is for clients that need it.",
  }),
  catalogMaxEntries: setting(wholeNumber(1, 10_000_000), {
    default: 10_000,
    meaning: "Repositories in one page of the catalog at most; 100 where the client does not say how many.",
  }),
  maxConnections: setting(wholeNumber(1, 1_000_000), {
    default: 10_000,
    meaning: "Connections that may be open at once; further ones are closed.",
  }),
  maxHeaderSize: setting(size({ from: "4KiB", to: "1MiB" }), {
    default: "32KiB",
    meaning: "Request line and headers together; larger ones are answered with 431.",
    needsRestart: true,
  }),
  headersTimeout: setting(duration({ from: "1s", to: longestTimer }), {
    default: "20s",
    meaning: "Time in which a client must have sent its headers.",
  }),
  keepAlive: setting(duration({ from: "1s", to: longestTimer }), {
    default: "75s",
    meaning: "How long an idle connection stays open; longer than that of a load balancer in front.",
  }),
  stall: section(
    "A body that moves less than `minimum` in a `window` is broken off; waiting on Berth does not count.",
    {
      window: setting(duration({ from: "1s", to: longestTimer }), {
        default: "60s",
        meaning: "Time over which is measured.",
      }),
      minimum: setting(size({ from: "0B", to: "1GiB" }), { default: "4KiB", meaning: "0 never breaks off." }),
    },
  ),
  shutdownGrace: setting(duration({ from: "0s", to: longestTimer }), {
    default: "30s",
    meaning: "Time that running transfers get to finish when Berth is told to stop.",
  }),
});

const storage = section("Where content lies.", {
  driver: setting(oneOf("filesystem", "memory"), {
    default: "filesystem",
    meaning: "filesystem, or memory: lost when Berth stops, for trying things out.",
    needsRestart: true,
  }),
  filesystem: section("For the driver of that name.", {
    root: setting(filePath, {
      default: "./data",
      meaning:
        "Folder, relative to the one that Berth is started in; a data folder of registry:2 or registry:3 will do.",
      needsRestart: true,
    }),
  }),
  cache: setting(size({ from: "0B", to: "1TiB" }), {
    default: "64MiB",
    meaning: "Memory for manifests and small blobs that are asked for often.",
    needsRestart: true,
  }),
});

const privateMode = section("Repositories that are pushed to.", {
  repositories: setting(listOf(namePattern), {
    default: ["*"],
    meaning:
      "Names that are private in mode: hybrid: * is a part of a name, ** any number of parts; in mode: private all are.",
  }),
  adopt: setting(truth, {
    default: false,
    meaning: "true: what was cached from an upstream under a private name is served, and may be pushed to.",
  }),
  delete: setting(truth, { default: true, meaning: "Whether DELETE is allowed; false answers 405." }),
  readonly: setting(truth, {
    default: false,
    meaning: "true: pushes and deletions are answered with 405; pulls and the cache go on.",
  }),
  sparse: setting(truth, {
    default: false,
    meaning: "true: a manifest may name content that is not here, such as an index of platforms left out.",
  }),
  manifestMaxSize: setting(size({ from: "1KiB", to: "256MiB" }), {
    default: "4MiB",
    meaning: "Larger manifests are answered with 413.",
  }),
  anyMediaType: setting(truth, {
    default: false,
    meaning: "true: manifests of types other than Docker's and OCI's too; they make registry:2's garbage-collect fail.",
  }),
  referrersTag: setting(truth, {
    default: false,
    meaning: "true: signatures are also listed by a tag of their image, as clients of registry:2 look for them.",
  }),
  uploads: section("Blobs on their way in.", {
    maxConcurrent: setting(wholeNumber(1, 1_000_000), {
      default: 1000,
      meaning: "Uploads that may send at once; further ones are answered with 429.",
    }),
    maxOpen: setting(wholeNumber(1, 10_000_000), {
      default: 20_000,
      meaning:
        "Upload sessions that may be open; then empty ones give way, the oldest first, or a start is answered with 429.",
    }),
    maxOpenPerClient: setting(wholeNumber(1, 10_000_000), {
      default: 10_000,
      meaning: "Upload sessions that one client may have open: an address, or a /64 network of IPv6.",
    }),
    expire: setting(duration({ from: "1m", to: "3650d" }), {
      default: "7d",
      meaning: "Age at which an abandoned upload is removed.",
    }),
    purgeInterval: setting(duration({ from: "1s", to: longestTimer }), {
      default: "1h",
      meaning: "How often abandoned uploads are looked for.",
    }),
  }),
});

const log = section("What is written to standard output.", {
  level: setting(oneOf("error", "warn", "info", "debug"), {
    default: "info",
    meaning: "error, warn, info or debug; each includes those before it.",
  }),
  format: setting(oneOf("text", "json"), { default: "text", meaning: "Text for people, json for machines." }),
  access: setting(truth, { default: true, meaning: "One line for each request." }),
});

/**
 * Every setting there is: its key, what it may be, its default and its meaning. Durations become milliseconds, sizes
 * bytes, paths absolute.
 */
export const schema = section("Berth", {
  mode: setting(oneOf("proxy", "private", "hybrid"), {
    default: "private",
    meaning: "private: repositories that are pushed to. proxy: a cache of other registries. hybrid: both, by name.",
  }),
  server,
  storage,
  private: privateMode,
  proxy,
  access,
  log,
});

/** The configuration as the rest of Berth sees it: durations in milliseconds, sizes in bytes, paths absolute. */
export type Config = ValueOf<typeof schema>;
