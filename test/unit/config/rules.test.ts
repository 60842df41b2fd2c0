import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { loadConfig } from "../../../src/config/load.js";
import { ConfigError } from "../../../src/config/problem.js";
import { namespacesOf, prefixOf } from "../../../src/config/upstream-rules.js";
import { Scope } from "../../support/scope.js";

/** The problems of a file with these lines. */
async function problemsOf(t: test.TestContext, ...lines: string[]): Promise<string[]> {
  const directory = await new Scope(t).folder("config");
  await writeFile(join(directory, "berth.yml"), lines.join("\n"));
  try {
    await loadConfig({ environment: {}, directory });
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n  ").slice(1);
    throw error;
  }
  return [];
}

/** Clients that docker would send its credentials to. */
const storesOfOwnHost = [
  "https://registry.example.com:9000",
  "https://s3.registry.example.com",
  "https://a.b.registry.example.com",
];

for (const store of storesOfOwnHost) {
  test(`clients are never sent to a store at the registry's own host or below it: ${store}`, async (t) => {
    for (const place of ["endpoint", "redirect"]) {
      const lines =
        place === "endpoint"
          ? [`endpoint: ${store}`, "redirect: { minSize: 1MiB }"]
          : [`redirect: { endpoint: "${store}" }`];
      const [problem = "", ...others] = await problemsOf(
        t,
        ...bucketOf("https://registry.example.com"),
        ...lines.map((line) => `    ${line}`),
      );
      assert.match(
        problem,
        /storage\.s3\.redirect: \S+ is the registry's own host registry\.example\.com, or below it/,
      );
      assert.deepEqual(others, []);
    }
  });
}

test("clients may be sent to a store whose name only ends like the registry's, or is above it", async (t) => {
  for (const store of ["https://s3registry.example.com", "https://example.com", "https://s3.example.com"]) {
    const lines = [`    redirect: { endpoint: "${store}" }`];
    assert.deepEqual(await problemsOf(t, ...bucketOf("https://registry.example.com"), ...lines), []);
  }
});

function bucketOf(publicUrl: string): readonly string[] {
  return ["server:", `  publicUrl: ${publicUrl}`, "storage:", "  driver: s3", "  s3:", "    bucket: images"];
}

const head = ["proxy:", "  default: null", "  upstreams:"];

test("unambiguous upstreams are valid", async (t) => {
  const lines = [
    "    - { name: docker.io, url: https://registry-1.docker.io, ns: [docker.io, index.docker.io] }",
    "    - { name: 'a:5000', prefix: a, url: http://a:5000, username: u, password: p, cert: c.pem, key: k.pem }",
    "    - { name: 'a:5001', prefix: a2, url: http://a:5001, dockerConfig: config.json }",
  ];
  assert.deepEqual(await problemsOf(t, ...head, ...lines), []);
});

test("a name, a prefix and a namespace each select only one upstream", async (t) => {
  const lines = [
    "    - { name: a.io, url: https://a.io, ns: [c.io] }",
    "    - name: a.io",
    "      url: https://b.io",
    "    - { name: b.io, url: https://b.io, prefix: a.io }",
    "    - { name: c.io, url: https://c.io }",
    "    - { name: d.io, url: https://d.io, ns: [c.io] }",
  ];
  assert.deepEqual(await problemsOf(t, ...head, ...lines), [
    "berth.yml:5:7: proxy.upstreams[1].name: a.io already selects proxy.upstreams[0]",
    "berth.yml:7:40: proxy.upstreams[2].prefix: a.io already selects proxy.upstreams[0]",
    "berth.yml:7:40: proxy.upstreams[2].prefix: a.io already selects proxy.upstreams[1]",
    "berth.yml:8:9: proxy.upstreams[3].ns: c.io already selects proxy.upstreams[0]",
    "berth.yml:9:40: proxy.upstreams[4].ns: c.io already selects proxy.upstreams[0]",
    "berth.yml:9:40: proxy.upstreams[4].ns: c.io already selects proxy.upstreams[3]",
  ]);
});

test("a name with a port needs a prefix", async (t) => {
  assert.deepEqual(await problemsOf(t, ...head, "    - { name: 'a:5000', url: http://a:5000 }"), [
    "berth.yml:4:9: proxy.upstreams[0].prefix: is missing; a name with a port needs a prefix, since a repository name cannot contain a colon",
  ]);
});

test("the default must be one of the upstreams, even if it is not written", async (t) => {
  const upstreams = ["  upstreams:", "    - { name: ghcr.io, url: https://ghcr.io }"];
  assert.deepEqual(await problemsOf(t, "proxy:", ...upstreams, "  default: quay.io"), [
    "berth.yml:4:3: proxy.default: quay.io is not one of the upstreams; it must be ghcr.io or null",
  ]);
  assert.deepEqual(await problemsOf(t, "proxy:", ...upstreams), [
    "berth.yml:2:3: proxy.default: docker.io is not one of the upstreams; it must be ghcr.io or null",
  ]);
  assert.deepEqual(await problemsOf(t, "proxy:", ...upstreams, "  default: ghcr.io"), []);
});

test("half of a pair and two kinds of login are refused, at what is written", async (t) => {
  const lines = [
    "    - { name: a, url: http://a, username: u }",
    "    - { name: b, url: http://b, password: p }",
    "    - { name: c, url: http://c, cert: c.pem }",
    "    - { name: d, url: http://d, key: k.pem }",
    "    - { name: e, url: http://e, username: u, password: p, dockerConfig: config.json }",
  ];
  assert.deepEqual(await problemsOf(t, ...head, ...lines), [
    "berth.yml:4:33: proxy.upstreams[0].password: is missing; username needs it",
    "berth.yml:5:33: proxy.upstreams[1].username: is missing; password needs it",
    "berth.yml:6:33: proxy.upstreams[2].key: is missing; cert needs it",
    "berth.yml:7:33: proxy.upstreams[3].cert: is missing; key needs it",
    "berth.yml:8:59: proxy.upstreams[4].dockerConfig: username is given too; keep one of them",
  ]);
});

test("mode: proxy needs an upstream", async (t) => {
  const lines = ["mode: proxy", "proxy: { default: null, upstreams: [] }"];
  assert.deepEqual(await problemsOf(t, ...lines), [
    "berth.yml:2:25: proxy.upstreams: is empty, so mode: proxy has nothing to cache",
  ]);
  assert.deepEqual(await problemsOf(t, "mode: private", "proxy: { default: null, upstreams: [] }"), []);
});

test("consequences of another mistake are not reported", async (t) => {
  const lines = [
    "    - { name: a, url: http://a, username: u, password: 123 }",
    "    - { name: b, url: http://b, username: u, passwordFile: gone }",
    "    - { nam: quay.io, url: http://c }",
  ];
  const problems = await problemsOf(t, "proxy:", "  default: quay.io", "  upstreams:", ...lines);
  assert.deepEqual(
    problems.map((problem) => problem.split(": ").slice(0, 2).join(" ")),
    [
      "berth.yml:4:46 proxy.upstreams[0].password",
      "berth.yml:5:46 proxy.upstreams[1].passwordFile",
      "berth.yml:6:7 proxy.upstreams[2].name",
      "berth.yml:6:9 proxy.upstreams[2].nam",
    ],
  );
  assert.equal((await problemsOf(t, "proxy: { default: quay.io, upstreams: quay.io }")).length, 1);
});

test("contradictions are reported together with invalid values", async (t) => {
  const lines = ["    - { name: a, url: http://a, username: u, tagTtl: 5 }"];
  assert.equal((await problemsOf(t, ...head, ...lines)).length, 2);
});

test("an upstream's default prefix is its name, and its name is one of its namespaces", () => {
  assert.equal(prefixOf({ name: "docker.io", prefix: undefined }), "docker.io");
  assert.equal(prefixOf({ name: "a:5000", prefix: "a" }), "a");
  assert.deepEqual(namespacesOf({ name: "docker.io", ns: ["index.docker.io"] }), ["docker.io", "index.docker.io"]);
});

test("several workers need a storage that they can share, and a share each of every limit", async (t) => {
  const lines = [
    "server: { workers: 4, maxConnections: 3 }",
    "storage: { driver: memory }",
    "private: { uploads: { maxConcurrent: 3 } }",
    "proxy:",
    "  upstreams:",
    "    - { name: docker.io, url: https://registry-1.docker.io, maxConcurrent: 2 }",
  ];
  assert.deepEqual(await problemsOf(t, ...lines), [
    "berth.yml:1:23: server.maxConnections: must be at least server.workers, which is 4",
    "berth.yml:2:12: storage.driver: processes do not share memory, so this driver needs server.workers: 1",
    "berth.yml:3:23: private.uploads.maxConcurrent: must be at least server.workers, which is 4",
    "berth.yml:6:61: proxy.upstreams[0].maxConcurrent: must be at least server.workers, which is 4",
  ]);
});

test("a private pattern cannot take names that begin with an upstream", async (t) => {
  const lines = [
    "mode: hybrid",
    "private:",
    "  repositories: ['*', ghcr.io/mine/*, team/**]",
    "proxy:",
    "  default: null",
    "  upstreams:",
    "    - { name: ghcr.io, url: https://ghcr.io }",
    "    - { name: quay.io, url: https://quay.io, prefix: team }",
  ];
  assert.deepEqual(await problemsOf(t, ...lines), [
    "berth.yml:3:3: private.repositories: ghcr.io/mine/* begins with the prefix of proxy.upstreams[0], which owns such names",
    "berth.yml:3:3: private.repositories: team/** begins with the prefix of proxy.upstreams[1], which owns such names",
  ]);
  assert.deepEqual(await problemsOf(t, "mode: private", ...lines.slice(1)), [], "if all names are private");
});

test("an upstream that leads to Berth itself is refused, whatever name it uses for this machine", async (t) => {
  const upstreamAt = (url: string, host: string) => [
    "mode: proxy",
    `server: { host: '${host}', port: 5000 }`,
    "access: open",
    "proxy:",
    "  default: null",
    "  upstreams:",
    `    - { name: own.io, url: '${url}' }`,
  ];
  const problem = "proxy.upstreams[0].url: is the address of Berth itself (server.host and server.port)";
  for (const [url, host] of [
    ["http://127.0.0.1:5000", "127.0.0.1"],
    ["http://localhost:5000", "127.0.0.1"],
    ["http://[::1]:5000", "::"],
    ["http://127.0.0.1:5000/v2", "0.0.0.0"],
  ] as const) {
    assert.deepEqual(await problemsOf(t, ...upstreamAt(url, host)), [`berth.yml:7:23: ${problem}`], url);
  }
  for (const url of ["http://127.0.0.2:5000", "http://127.0.0.1:5001", "https://registry.example.com:5000"]) {
    assert.deepEqual(await problemsOf(t, ...upstreamAt(url, "127.0.0.1")), [], url);
  }
});

test("client certificates need an authority; if they are required, users are not", async (t) => {
  const tls = (more: string) => `  tls: { cert: a.crt, key: a.key, ${more} }`;
  const [problem = ""] = await problemsOf(t, "server:", tls("clientAuth: request"));
  assert.match(problem, /server\.tls\.clientCa: is missing: clientAuth needs the authorities/);
  assert.deepEqual(await problemsOf(t, "server:", "  host: 0.0.0.0", tls("clientCa: ca.crt")), []);
  const [open = ""] = await problemsOf(t, "server:", "  host: 0.0.0.0", tls("clientCa: ca.crt, clientAuth: request"));
  assert.match(open, /server\.host: lets others connect/);
  assert.match((await problemsOf(t, "server:", tls("minVersion: 1.1"))).join(), /minVersion: must be 1\.2 or 1\.3/);
  assert.deepEqual(await problemsOf(t, "server:", tls("minVersion: 1.3")), []);
});

test("access that does not say who may do anything is refused, since nobody could get in", async (t) => {
  for (const silent of [
    "limits: { perAddress: { requests: 600 } }",
    "audit: { file: stdout }",
    "service: registry.example.com",
    "open: false",
    "users: {}",
    "rules: [{ allow: [pull, push, delete, cache], to: authenticated }]",
  ]) {
    for (const host of ["127.0.0.1", "0.0.0.0"]) {
      const [problem = "", ...more] = await problemsOf(t, `server: { host: ${host} }`, `access: { ${silent} }`);
      assert.match(
        problem,
        /^berth\.yml:2:11: access: does not say who may do what.*open: true.*htpasswd.*rules/,
        silent,
      );
      assert.deepEqual(more, [], silent);
    }
  }
  const tls = "server: { tls: { cert: a.crt, key: a.key, clientCa: ca.crt, clientAuth: request } }";
  for (const [server, access] of [
    ["", "open: true"],
    ["", "anonymousPull: true"],
    ["", "users: { htpasswd: users }"],
    ["", "rules: [{ allow: pull, to: ci }]"],
    [tls, "audit: { file: stdout }"],
  ] as const) {
    const limits = "limits: { perAddress: { requests: 600 } }";
    assert.deepEqual(await problemsOf(t, server, `access: { ${access}, ${limits} }`), [], access);
  }
});

test("limits of users need users", async (t) => {
  const limits = "limits: { perAddress: { requests: 600 }, perUser: { bandwidth: 1MiB } }";
  assert.deepEqual(await problemsOf(t, `access: { open: true, ${limits} }`), [
    "berth.yml:1:75: access.limits.perUser.bandwidth: has no effect with access: open, which has no users; set it under perAddress",
  ]);
  assert.deepEqual(await problemsOf(t, `access: { anonymousPull: true, ${limits} }`), []);
});

const bucket = ["storage: { driver: s3, s3: { bucket: images } }"];

test("replicas share downloads if each can be reached and all have a secret", async (t) => {
  for (const cluster of [
    "cluster: { listen: ':5100', advertise: 10.0.0.5, keyFile: key }",
    "cluster: { listen: ':5100', advertise: 'berth-0.berth:5200', keyFile: key }",
    "cluster: { listen: '[fd00::1]:5100', keyFile: key }",
    "cluster: { listen: '0.0.0.0:5100', advertise: 'fd00::1', keyFile: key }",
    "cluster: { listen: '10.0.0.5:5100' }\naccess: { users: { htpasswd: users }, tokenKeyFile: token.key }",
  ])
    assert.deepEqual(await problemsOf(t, ...bucket, cluster), [], cluster);
});

test("replicas without a bucket, an address or a secret are refused, each with what to do", async (t) => {
  assert.deepEqual(await problemsOf(t, ...bucket, "cluster: { listen: ':5100' }"), [
    "berth.yml:2:12: cluster.advertise: must say how other replicas reach this one, since listen (:5100) is every address",
    "berth.yml:2:12: cluster.keyFile: must name a file with a secret that all replicas have (openssl rand -hex 32), unless access.tokenKeyFile is set",
  ]);
  assert.deepEqual(await problemsOf(t, "cluster: { listen: '10.0.0.5:5100', keyFile: key }"), [
    "berth.yml:1:12: cluster.listen: is for replicas on one bucket (storage.driver: s3), and storage.driver is filesystem: remove it",
  ]);
  const [wrong] = await problemsOf(t, ...bucket, "cluster: { listen: ':5100', advertise: 'http://a', keyFile: key }");
  assert.match(wrong ?? "", /cluster\.advertise: must be an address or a host name, with or without a port/);
});

test("retention policies are told apart by their names, and their patterns are those of names and tags", async (t) => {
  const lines = [
    "retention:",
    "  policies:",
    "    - { name: a, repositories: [team/**], keep: [{ newest: 5 }, {}], untagged: never, immutable: [v*, '!v*-rc*'] }",
    "    - { name: a, repositories: [other] }",
    "    - { name: b, repositories: ['Team/*'], keep: [{ tags: ['v\\d+'] }, { newest: 0 }, { pushedWithin: 5 }] }",
    "    - { name: c, repositories: ['**'], immutable: ['!v*'], protected: [a b] }",
    "    - { repositories: ['**'] }",
  ];
  const problems = (await problemsOf(t, ...lines)).map((problem) => problem.replace(/^.*berth\.yml:/, ""));
  const expected = [
    /^4:.*policies\[1\]\.name: a is the name of retention\.policies\[0\], too/,
    /^5:.*repositories: must be a list/,
    /^5:.*keep\[0\]\.tags: .*regular expressions are not supported/,
    /^5:.*keep\[1\]\.newest: must be a whole number from 1/,
    /^5:.*keep\[2\]\.pushedWithin: must be a duration/,
    /^6:.*immutable: .*say what the exceptions are from/,
    /^6:.*protected: must be/,
    /^7:.*name: is missing/,
  ];
  assert.equal(problems.length, expected.length, problems.join("\n"));
  for (const pattern of expected)
    assert.ok(
      problems.some((problem) => pattern.test(problem)),
      `${pattern}\n${problems.join("\n")}`,
    );
});

test("free space is asked for only of a disk", async (t) => {
  assert.deepEqual(await problemsOf(t, "proxy: { minFree: 10% }"), []);
  assert.deepEqual(await problemsOf(t, "proxy: { minFree: 10% }\nstorage: { driver: memory }"), [
    "berth.yml:1:10: proxy.minFree: needs storage.driver: filesystem, since nothing else has a disk that could fill; use maxSize or maxAge",
  ]);
});
