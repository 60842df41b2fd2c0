import assert from "node:assert/strict";
import test from "node:test";
import { clientAuthOf } from "../../../../src/config/tls-rules.js";
import { loadLines, problemsOfLines, verdicts } from "../../../support/registry2-config.js";
import { Scope } from "../../../support/scope.js";

/** As in the container image of registry:2. */
const imageFile = [
  "version: 0.1",
  "log:",
  "  fields:",
  "    service: registry",
  "storage:",
  "  cache:",
  "    blobdescriptor: inmemory",
  "  filesystem:",
  "    rootdirectory: /var/lib/registry",
  "http:",
  "  addr: :5000",
  "  headers:",
  "    X-Content-Type-Options: [nosniff]",
  "health:",
  "  storagedriver: { enabled: true, interval: 10s, threshold: 3 }",
];

/** As in Debian's package. */
const debianFile = [
  ...imageFile.map((line) => line.replace("/var/lib/registry", "/var/lib/docker-registry")),
  "auth:",
  "  htpasswd:",
  "    realm: basic-realm",
  "    path: /etc/docker/registry",
];

test("the file of the image means its folder, all addresses on port 5000, and no DELETE", async (t) => {
  const { config, registry2 } = await loadLines(new Scope(t), imageFile);
  assert.equal(config.mode, "private");
  assert.deepEqual([config.server.host, config.server.port], ["::", 5000]);
  assert.equal(config.storage.filesystem.root, "/var/lib/registry");
  assert.equal(config.private.delete, false);
  assert.deepEqual(verdicts(registry2), {
    "storage.delete.enabled": "honoured",
    "log.fields": "not needed",
    "storage.cache": "not needed",
    "storage.filesystem.rootdirectory": "honoured",
    "http.addr": "honoured",
    "http.headers.X-Content-Type-Options": "not needed",
    health: "not needed",
  });
});

test("with Debian's file, users must log in, and no one else is served", async (t) => {
  const { config, registry2 } = await loadLines(new Scope(t), debianFile);
  assert.equal(config.access?.open, false);
  assert.equal(config.access?.users.htpasswd, "/etc/docker/registry");
  assert.equal(config.access?.challenge, "basic");
  assert.equal(verdicts(registry2)["auth.htpasswd.path"], "honoured");
});

test("a file without auth serves everyone, as registry:2 does", async (t) => {
  const { config } = await loadLines(new Scope(t), ["version: 0.1"]);
  assert.equal(config.access?.open, true);
});

test("auth.token is taken over with its keys, and clients are sent to its realm", async (t) => {
  const token = [
    "realm: https://auth.example.com/token",
    "service: here",
    "issuer: there",
    "rootcertbundle: /etc/auth.crt",
  ];
  const { config } = await loadLines(new Scope(t), [
    "version: 0.1",
    "auth:",
    "  token:",
    ...token.map((line) => `    ${line}`),
  ]);
  assert.deepEqual(config.access?.tokenService, {
    realm: "https://auth.example.com/token",
    service: "here",
    issuer: "there",
    rootCertBundle: "/etc/auth.crt",
    jwksFile: undefined,
    jwksUrl: undefined,
  });
  assert.equal(config.access?.open, false);
});

test("incomplete auth settings keep Berth from starting", async (t) => {
  const scope = new Scope(t);
  for (const [line, message] of [
    ["auth: { htpasswd: { realm: x } }", /auth\.htpasswd\.path: is missing/],
    ["auth: { silly: { realm: x, service: y } }", /auth\.silly: accepts any credentials/],
    ["auth: { ldap: { url: x } }", /auth\.ldap: ldap is unknown/],
    ["auth: { token: { realm: https://a.example.com, service: x } }", /auth\.token\.issuer: is missing/],
    ["auth: { token: { realm: https://a.example.com, service: x, issuer: y } }", /no token could be checked/],
  ] as const) {
    assert.match((await problemsOfLines(scope, ["version: 0.1", line])).join("\n"), message);
  }
});

test("a file with every setting that has an equivalent is translated", async (t) => {
  const { config } = await loadLines(new Scope(t), [
    "version: 0.1",
    "log: { level: warn, formatter: logstash, accesslog: { disabled: true } }",
    "storage:",
    "  filesystem: { rootdirectory: /srv/registry }",
    "  delete: { enabled: true }",
    "  maintenance:",
    "    uploadpurging: { enabled: true, age: 48h, interval: 1h30m, dryrun: false }",
    "    readonly: { enabled: false }",
    "http:",
    "  addr: 127.0.0.1:5001",
    "  draintimeout: 90s",
    "  tls: { certificate: /etc/tls.crt, key: /etc/tls.key, letsencrypt: { email: '', hosts: [] } }",
    "  headers:",
    "    Access-Control-Allow-Origin: ['https://ui.example.com']",
    "validation: { manifests: { indexes: { platforms: none } } }",
  ]);
  assert.deepEqual(config.log, { level: "warn", format: "json", access: false });
  assert.equal(config.storage.filesystem.root, "/srv/registry");
  assert.equal(config.private.delete, true);
  assert.equal(config.private.sparse, true);
  assert.deepEqual([config.private.uploads.expire, config.private.uploads.purgeInterval], [172_800_000, 5_400_000]);
  assert.deepEqual([config.server.host, config.server.port, config.server.shutdownGrace], ["127.0.0.1", 5001, 90_000]);
  assert.deepEqual(config.server.tls, {
    cert: "/etc/tls.crt",
    key: "/etc/tls.key",
    minVersion: "1.2",
    clientCa: [],
    clientAuth: undefined,
  });
  assert.deepEqual(config.server.cors.origins, ["https://ui.example.com"]);
});

test("its TLS restrictions are honoured: versions, and client certificates, which are required by default", async (t) => {
  const scope = new Scope(t);
  const tlsOf = async (...more: string[]) => {
    const lines = ["version: 0.1", "http:", "  tls:", "    certificate: /a.crt", "    key: /a.key", ...more];
    return (await loadLines(scope, lines)).config.server.tls;
  };
  assert.equal((await tlsOf("    minimumtls: tls1.3"))?.minVersion, "1.3");
  assert.equal((await tlsOf("    minimumtls: tls1.0"))?.minVersion, "1.2");
  const authorities = "    clientcas: [/ca.crt, /other.crt]";
  const required = await tlsOf(authorities);
  assert.deepEqual(required?.clientCa, ["/ca.crt", "/other.crt"]);
  assert.equal(required && clientAuthOf(required), "require");
  for (const [theirs, ours] of [
    ["request-client-cert", "request"],
    ["verify-client-cert-if-given", "request"],
    ["require-any-client-cert", "require"],
    ["require-and-verify-client-cert", "require"],
  ]) {
    assert.equal((await tlsOf(authorities, `    clientauth: ${theirs}`))?.clientAuth, ours);
  }
  assert.equal((await tlsOf("    clientauth: request-client-cert"))?.clientAuth, undefined);
});

test("its read-only mode is private.readonly", async (t) => {
  const { config } = await loadLines(new Scope(t), [
    "version: 0.1",
    "storage: { filesystem: {}, maintenance: { readonly: { enabled: true } } }",
  ]);
  assert.equal(config.private.readonly, true);
});

test("uploads that were never purged are not purged", async (t) => {
  const lines = (purging: string) => [
    "version: 0.1",
    `storage: { filesystem: {}, maintenance: { uploadpurging: ${purging} } }`,
  ];
  const tenYears = 3650 * 86_400_000;
  const scope = new Scope(t);
  const off = await loadLines(scope, lines("{ enabled: false }"));
  assert.equal(off.config.private.uploads.expire, tenYears);
  const dry = await loadLines(scope, lines("{ enabled: true, age: 1h, interval: 1h, dryrun: true }"));
  assert.equal(dry.config.private.uploads.expire, tenYears);
});

test("settings that must not be dropped silently keep Berth from starting, each with its line", async (t) => {
  const problems = await problemsOfLines(new Scope(t), [
    "version: 0.1",
    "storage:",
    "  gcs: { bucket: images }",
    "  maintenance:",
    "    readonly: { enabled: perhaps }",
    "http:",
    "  addr: :5000",
    "  net: unix",
    "  prefix: /v2/registry/",
    "  tls:",
    "    clientcas: /etc/ca.crt",
    "    letsencrypt: { email: me@example.com }",
    "    minimumtls: tls2",
    "auth:",
    "  silly: { realm: x, service: y }",
    "proxy:",
    "  remoteurl: https://registry-1.docker.io",
    "  exec: { command: docker-credential-x }",
  ]);
  assert.deepEqual(
    problems.map((problem) => problem.split(": ").slice(0, 2).join(" ")),
    [
      "config.yml:3:3 storage.gcs",
      "config.yml:5:5 storage.maintenance.readonly",
      "config.yml:8:3 http.net",
      "config.yml:9:3 http.prefix",
      "config.yml:11:5 http.tls.clientcas",
      "config.yml:12:5 http.tls.letsencrypt",
      "config.yml:13:5 http.tls.minimumtls",
      "config.yml:15:3 auth.silly",
      "config.yml:18:3 proxy.exec",
    ],
  );
});

test("mistakes are reported with their line, under the names of registry:2", async (t) => {
  const problems = await problemsOfLines(new Scope(t), [
    "version: 0.1",
    "log: { level: loud }",
    "storage: { filesystem: { rootdirectory: [a] }, delete: { enabled: perhaps } }",
    "http:",
    "  addr: '5000'",
    "  draintimeout: soon",
    "  tls: { certificate: /etc/tls.crt }",
    "  headers: { Access-Control-Allow-Origin: [ui.example.com] }",
    "proxy: { remoteurl: 'https://registry-1.docker.io', username: ann }",
  ]);
  assert.deepEqual(problems, [
    "config.yml:2:8: log.level: must be one of error, warn, info, debug, not 'loud'",
    "config.yml:3:26: storage.filesystem.rootdirectory: must be text, not [ 'a' ]",
    "config.yml:3:58: storage.delete.enabled: must be true or false, not 'perhaps'",
    "config.yml:5:3: http.addr: must be an address with a port, such as :5000 or 127.0.0.1:5000, not '5000'",
    "config.yml:6:3: http.draintimeout: must be a duration such as 30s or 1h30m, not 'soon'",
    "config.yml:7:10: http.tls.key: is missing; it must be the path of a file or folder",
    "config.yml:8:14: http.headers.Access-Control-Allow-Origin: must be a list, each item an origin such as https://ui.example.com (without a path or a slash at the end), or *, not [ 'ui.example.com' ]",
    "config.yml:9:53: proxy.password: is missing; username needs it",
  ]);
});

test("a section that is not one, and an unknown version, are refused", async (t) => {
  assert.deepEqual(await problemsOfLines(new Scope(t), ["version: 0.2", "http: 5000"]), [
    "config.yml:1:1: version: must be 0.1: only files of registry:2 have a version",
    "config.yml:2:1: http: must be a section with keys, not '5000'",
  ]);
});

test("a file that is not YAML is reported with its line, and its variables are still read", async (t) => {
  const problems = await problemsOfLines(new Scope(t), ["version: 0.1", "http: ["], { REGISTRY_HTTP_ADDR: "x" });
  assert.match(problems.join("\n"), /^config\.yml:\d+:\d+: /);
  assert.match(problems.join("\n"), /REGISTRY_HTTP_ADDR: http\.addr: must be an address/);
});

test("keys that registry:2 does not know are reported, with a suggestion", async (t) => {
  const { registry2 } = await loadLines(new Scope(t), ["version: 0.1", "htpp: { addr: ':1' }", "log: { levl: info }"]);
  assert.deepEqual(
    registry2?.filter(({ verdict }) => verdict === "unknown"),
    [
      {
        where: "config.yml:2:1",
        setting: "htpp",
        verdict: "unknown",
        meaning: "registry:2 ignores it too; did you mean http?",
      },
      {
        where: "config.yml:3:8",
        setting: "log.levl",
        verdict: "unknown",
        meaning: "registry:2 ignores it too; did you mean log.level?",
      },
    ],
  );
});

test("settings that someone may miss are reported as not taken over", async (t) => {
  const { registry2 } = await loadLines(new Scope(t), [
    "version: 0.1",
    "http: { debug: { addr: ':5001' }, headers: { Strict-Transport-Security: [max-age=1] } }",
    "notifications: { endpoints: [{ name: hook, url: 'http://hook' }] }",
    "middleware: { storage: [{ name: cloudfront }] }",
    "proxy: { remoteurl: 'https://registry-1.docker.io', ttl: 168h }",
  ]);
  const missing = Object.entries(verdicts(registry2)).filter(([, verdict]) => verdict === "not honoured");
  assert.deepEqual(
    missing.map(([setting]) => setting),
    ["http.headers.Strict-Transport-Security", "middleware.storage", "proxy.ttl"],
  );
});

test("a key without a value sets nothing", async (t) => {
  const { config, registry2 } = await loadLines(new Scope(t), ["version: 0.1", "auth:", "proxy:", "  remoteurl: ''"]);
  assert.equal(config.mode, "private");
  assert.deepEqual(verdicts(registry2), { "storage.delete.enabled": "honoured" });
});

test("locations are absolute as in registry:2, unless its file says relative or gives a fixed address", async (t) => {
  for (const [http, locations] of [
    ["{}", "absolute"],
    ["{ relativeurls: false }", "absolute"],
    ["{ relativeurls: true }", "relative"],
    ["{ host: https://registry.example.com/ }", "https://registry.example.com"],
    ["{ host: https://registry.example.com, relativeurls: true }", "https://registry.example.com"],
    ["{ host: registry.example.com }", "absolute"],
    ["{ host: registry.example.com, relativeurls: true }", "relative"],
  ] as const) {
    const { config } = await loadLines(new Scope(t), ["version: 0.1", `http: ${http}`]);
    assert.equal(config.server.locations, locations, http);
  }
});

test("a prefix of all paths is honoured", async (t) => {
  const { config, registry2 } = await loadLines(new Scope(t), ["version: 0.1", "http: { prefix: /registry/ }"]);
  assert.equal(config.server.prefix, "/registry");
  assert.equal(verdicts(registry2)["http.prefix"], "honoured");
});

test("settings for larger catalog pages, or without validation, take effect", async (t) => {
  const { config, registry2 } = await loadLines(new Scope(t), [
    "version: 0.1",
    "catalog: { maxentries: 1000000 }",
    "validation: { disabled: true }",
    "reporting: { bugsnag: { apikey: k } }",
  ]);
  assert.equal(config.server.catalogMaxEntries, 1_000_000);
  assert.equal(config.private.sparse, true);
  assert.equal(verdicts(registry2)["catalog.maxentries"], "honoured");
  assert.equal(verdicts(registry2)["validation.disabled"], "honoured");
  assert.equal(verdicts(registry2).reporting, "not honoured");
  const both = await loadLines(new Scope(t), ["version: 0.1", "validation: { disabled: true, enabled: true }"]);
  assert.equal(both.config.private.sparse, false, "in registry:2, enabled prevails");
});

test("browser credentials are allowed as with registry:2's headers, if browsers accept those", async (t) => {
  const credentials = "Access-Control-Allow-Credentials: ['true']";
  for (const [headers, isAllowed, verdict] of [
    [`{ Access-Control-Allow-Origin: ['https://ui.example.com'], ${credentials} }`, true, "honoured"],
    [`{ Access-Control-Allow-Origin: ['*'], ${credentials} }`, false, "not honoured"],
    [`{ ${credentials} }`, false, "not honoured"],
    ["{ Access-Control-Allow-Credentials: ['false'] }", false, "not needed"],
  ] as const) {
    const { config, registry2 } = await loadLines(new Scope(t), ["version: 0.1", `http: { headers: ${headers} }`]);
    assert.equal(config.server.cors.credentials, isAllowed, headers);
    assert.equal(verdicts(registry2)["http.headers.Access-Control-Allow-Credentials"], verdict, headers);
  }
});
