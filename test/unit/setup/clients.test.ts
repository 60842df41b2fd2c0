import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { parse } from "yaml";
import { resolveSettings } from "../../../src/config/resolve.js";
import { brokenRules, type ConfigDraft } from "../../../src/config/rules.js";
import { schema } from "../../../src/config/schema.js";
import type { ClientSetup } from "../../../src/setup/client-setup.js";
import { clients } from "../../../src/setup/clients.js";
import type { RegistryToReach } from "../../../src/setup/registry-to-reach.js";
import { projectRoot } from "../../support/project.js";

const address = "registry.example.com:5000";

/** A cache of Docker Hub and GHCR without TLS, as in the files of config/clients, unless given otherwise. */
function registry(fields: Partial<RegistryToReach> = {}): RegistryToReach {
  const upstreams = [
    { name: "docker.io", location: address },
    { name: "ghcr.io", location: `${address}/ghcr.io` },
  ];
  const mode = fields.mode ?? "proxy";
  return {
    address,
    mode,
    scheme: "http",
    authority: undefined,
    upstreams: mode === "private" ? [] : upstreams,
    asksForLogin: false,
    ...fields,
  };
}

const withAuthority = { scheme: "https", authority: { file: "ca.crt", pem: "PEM\n" } } as const;

function setUp(client: string, fields: Partial<RegistryToReach> = {}): ClientSetup {
  const known = clients.get(client);
  assert.ok(known, client);
  return known.setUp(registry(fields));
}

function contentOf({ files }: ClientSetup, path: string): string {
  const file = files.find((one) => one.path === path);
  assert.ok(file, `${path} of ${files.map((one) => one.path)}`);
  return file.content;
}

/** Without comments and blank lines. */
function settingsOf(content: string): string[] {
  return content.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("#"));
}

const readyMade = [
  { client: "docker", path: "/etc/docker/daemon.json", file: "docker-daemon.json" },
  { client: "podman", path: "/etc/containers/registries.conf.d/berth.conf", file: "podman-registries.conf" },
  { client: "buildkit", path: "/etc/buildkit/buildkitd.toml", file: "buildkitd.toml" },
  { client: "k3s", path: "/etc/rancher/k3s/registries.yaml", file: "k3s-registries.yaml" },
  {
    client: "containerd",
    path: "/etc/containerd/certs.d/docker.io/hosts.toml",
    file: "containerd-certs.d/docker.io/hosts.toml",
  },
  {
    client: "containerd",
    path: "/etc/containerd/certs.d/ghcr.io/hosts.toml",
    file: "containerd-certs.d/_default/hosts.toml",
  },
];

for (const { client, path, file } of readyMade) {
  test(`config/clients/${file} has the settings that berth setup ${client} prints`, async () => {
    const expected = await readFile(join(projectRoot, "config/clients", file), "utf8");
    const printed = contentOf(setUp(client), path);
    if (file.endsWith(".json")) assert.deepEqual(JSON.parse(printed), JSON.parse(expected));
    else assert.deepEqual(settingsOf(printed), settingsOf(expected));
  });
}

test("clients get no unnecessary settings: for a private registry with a trusted certificate, none", () => {
  for (const client of ["docker", "containerd", "podman", "buildkit"]) {
    assert.deepEqual(setUp(client, { mode: "private", scheme: "https" }).files, [], client);
  }
});

test("docker gets a mirror only if bare names are Docker Hub's here", () => {
  const daemonJson = (fields: Partial<RegistryToReach>) =>
    contentOf(setUp("docker", fields), "/etc/docker/daemon.json");
  assert.deepEqual(JSON.parse(daemonJson({ scheme: "https" })), { "registry-mirrors": [`https://${address}`] });
  const upstreams = [{ name: "docker.io", location: `${address}/docker.io` }];
  assert.deepEqual(JSON.parse(daemonJson({ upstreams })), { "insecure-registries": [address] });
  assert.deepEqual(JSON.parse(daemonJson({ mode: "private" })), { "insecure-registries": [address] });
});

test("docker needs no setting for plain HTTP on its own machine", () => {
  for (const local of ["localhost:5000", "127.0.0.1:5000", "127.0.0.1"]) {
    assert.deepEqual(setUp("docker", { mode: "private", address: local }).files, [], local);
  }
  assert.equal(setUp("docker", { mode: "private", address: "127.example.com" }).files.length, 1);
});

test("a private authority is written where each client looks for it, and https:// everywhere", () => {
  const places = {
    docker: `/etc/docker/certs.d/${address}/ca.crt`,
    podman: `/etc/containers/certs.d/${address}/ca.crt`,
    containerd: "/etc/containerd/certs.d/berth-ca.crt",
    buildkit: "/etc/buildkit/berth-ca.crt",
    k3s: "/etc/rancher/k3s/berth-ca.crt",
  };
  for (const [client, path] of Object.entries(places)) {
    const setup = setUp(client, { mode: "hybrid", ...withAuthority });
    assert.equal(contentOf(setup, path), "PEM\n");
    const all = setup.files.map(({ content }) => content).join("");
    assert.doesNotMatch(all, /http:|insecure|http = true/, client);
    if (client !== "docker" && client !== "podman")
      assert.ok(all.includes(`"${path}"`) || all.includes(`: ${path}`), client);
  }
});

test("containerd may push to a registry that accepts pushes, and only pull cached images", () => {
  const { files } = setUp("containerd", { mode: "hybrid" });
  for (const { path, content } of files) {
    assert.equal(content.includes('"push"'), path.includes(`/${address}/`), path);
  }
  assert.deepEqual(
    setUp("containerd", { mode: "private" }).files.map(({ path }) => path),
    [`/etc/containerd/certs.d/${address}/hosts.toml`],
  );
});

test("k3s requests the registry's own images under its own name, although * is configured too", () => {
  const yaml = parse(contentOf(setUp("k3s", { mode: "hybrid", ...withAuthority }), "/etc/rancher/k3s/registries.yaml"));
  const endpoint = [`https://${address}`];
  assert.deepEqual(yaml, {
    mirrors: { [address]: { endpoint }, "*": { endpoint } },
    configs: { [address]: { tls: { ca_file: "/etc/rancher/k3s/berth-ca.crt" } } },
  });
});

test("a GitHub workflow gives BuildKit the same settings, and pushes if possible", () => {
  const workflow = (fields: Partial<RegistryToReach>) =>
    parse(contentOf(setUp("github-actions", fields), ".github/workflows/image.yml")).jobs.image.steps;
  const [, buildx, build] = workflow({ mode: "hybrid" });
  const expected = contentOf(setUp("buildkit", { mode: "hybrid" }), "/etc/buildkit/buildkitd.toml");
  assert.deepEqual(settingsOf(buildx.with["buildkitd-config-inline"]), settingsOf(expected));
  assert.deepEqual(build.with, { push: true, tags: `${address}/team/app:\${{ github.sha }}` });
  assert.equal(workflow({ mode: "proxy" })[2].with.push, false);
  assert.equal(workflow({ mode: "private", scheme: "https" })[1].with, undefined);
});

test("a GitLab job gives its Docker in Docker the settings of daemon.json", () => {
  const job = (fields: Partial<RegistryToReach>) =>
    parse(contentOf(setUp("gitlab-ci", fields), ".gitlab-ci.yml")).image;
  const { services, script } = job({ mode: "hybrid" });
  assert.deepEqual(services[0].command, [`--registry-mirror=http://${address}`, `--insecure-registry=${address}`]);
  assert.match(script.join("\n"), /docker push/);
  assert.doesNotMatch(job({}).script.join("\n"), /docker push/);
  assert.equal(job({ mode: "private", scheme: "https" }).services[0].command, undefined);
});

test("Kubernetes is set up with the files of containerd", () => {
  assert.deepEqual(setUp("kubernetes", { mode: "hybrid" }).files, setUp("containerd", { mode: "hybrid" }).files);
});

test("the settings of nginx are those of config/nginx.conf", async () => {
  const expected = await readFile(join(projectRoot, "config/nginx.conf"), "utf8");
  const printed = contentOf(setUp("nginx", { address: "registry.example.com" }), "/etc/nginx/conf.d/berth.conf");
  assert.deepEqual(settingsOf(printed), settingsOf(expected));
});

test("a server listens where its address says, and has TLS unless it is told otherwise", () => {
  for (const [fields, port, hasTls] of [
    [{ address: "registry.example.com", scheme: "https" }, 443, true],
    [{ address: "registry.example.com:5000", scheme: "https" }, 5000, true],
    [{ address: "[2001:db8::1]:5000", scheme: "https" }, 5000, true],
    [{ address: "[2001:db8::1]", scheme: "http" }, 80, false],
  ] as const) {
    for (const name of ["team", "anonymous-pull"]) {
      const { server, access } = parse(contentOf(setUp(name, { mode: "private", ...fields }), "/etc/berth/berth.yml"));
      assert.equal(server.port, port);
      assert.equal(server.tls !== undefined, hasTls);
      assert.equal(access.anonymousPull, name === "team" ? undefined : true);
    }
  }
});

test("jobs log in by their identity tokens where the registry asks for a login and they push", () => {
  for (const client of ["github-actions", "gitlab-ci"]) {
    const shown = (fields: Partial<RegistryToReach>) => {
      const { files, registrySettings } = setUp(client, fields);
      return { content: files.map(({ content }) => content).join(""), settings: registrySettings?.join("\n") };
    };
    const told = shown({ mode: "private", asksForLogin: true });
    assert.match(told.content, /docker login --username \w+ --password-stdin "registry\.example\.com:5000"/);
    assert.match(told.settings ?? "", /audience: berth/);
    for (const fields of [{ mode: "private" }, { mode: "proxy", asksForLogin: true }] as const) {
      assert.doesNotMatch(shown(fields).content, /login|id.token/);
      assert.equal(shown(fields).settings, undefined);
    }
  }
});

test("what a setup says of the registry's settings is what Berth takes", () => {
  for (const client of ["github-actions", "gitlab-ci", "kubelet"]) {
    const { registrySettings = [] } = setUp(client, { mode: "private", asksForLogin: true });
    const source = { tree: parse(registrySettings.join("\n")), problems: [], locate: () => client };
    // The values follow the definition that the type is derived from.
    const rules = (values: unknown) => brokenRules(values as ConfigDraft);
    assert.doesNotThrow(() => resolveSettings(schema, { sources: [source], directory: "/", rules }), client);
  }
});

test("if a login is required, setup explains how, and that docker does not log in to a mirror", () => {
  for (const [client, command] of [
    ["docker", `docker login ${address}`],
    ["podman", `podman login ${address}`],
    ["buildkit", `docker login ${address}`],
  ] as const) {
    assert.ok(
      setUp(client, { asksForLogin: true }).notes.some((note) => note.endsWith(`: ${command}`)),
      client,
    );
    assert.ok(!setUp(client).notes.some((note) => note.includes("login")), client);
  }
  const sayRule = (fields: Partial<RegistryToReach>) =>
    setUp("docker", { asksForLogin: true, ...fields }).notes.some((note) => note.includes("to: everyone"));
  assert.deepEqual([sayRule({ mode: "proxy" }), sayRule({ mode: "private" })], [true, false]);
});
