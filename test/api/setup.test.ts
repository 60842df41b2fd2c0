import assert from "node:assert/strict";
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import test, { type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { type CommandResult, tryCommand } from "../support/command.js";
import { Scope } from "../support/scope.js";

const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const address = "registry.example.com:5000";
const insecure = ["--address", address, "--insecure"];

/** All that can be set up. */
const names = [
  ...["team", "anonymous-pull", "nginx", "docker", "containerd", "podman", "buildkit", "k3s", "kubernetes", "kubelet"],
  ...["github-actions", "gitlab-ci"],
];

interface Machine {
  /** The prefix of its paths. */
  readonly root: string;
  /** Runs `berth setup` in the folder of a project. */
  setup(args: readonly string[], input?: string): Promise<CommandResult>;
  write(path: string, content: string): Promise<void>;
  read(path: string): Promise<string>;
}

async function machine(t: TestContext, config = "mode: proxy\n"): Promise<Machine> {
  const scope = new Scope(t);
  const [root, cwd] = [await scope.folder("root"), await scope.folder("project")];
  await writeFile(join(cwd, "berth.yml"), config);
  return {
    root,
    setup: (args, input = "") => tryCommand(process.execPath, [main, "setup", ...args, "--root", root], { cwd, input }),
    write: async (path, content) => {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    },
    read: (path) => readFile(join(root, path), "utf8"),
  };
}

test("without a client all are listed", async (t) => {
  const { setup } = await machine(t);
  const { code, stdout } = await setup([]);
  assert.equal(code, 0);
  for (const name of names) assert.match(stdout, new RegExp(`^ {2}${name} +\\S`, "m"));
});

test("settings are printed for the mode and the upstreams of berth.yml, unless given otherwise", async (t) => {
  const upstreams =
    "[{ name: docker.io, url: http://127.0.0.1:1 }, { name: 'quay.io:443', prefix: quay, url: http://127.0.0.1:2 }]";
  const { setup, root } = await machine(t, `mode: proxy\nproxy: { upstreams: ${upstreams} }\n`);
  const own = await setup(["podman", ...insecure]);
  assert.match(own.stdout, /^--- \/etc\/containers\/registries\.conf\.d\/berth\.conf$/m);
  assert.match(own.stdout, /prefix = "quay\.io:443"\n.*\n\n.*\nlocation = "registry\.example\.com:5000\/quay"/);
  const other = await setup(["podman", ...insecure, "--upstream", "ghcr.io"]);
  assert.deepEqual(
    [...other.stdout.matchAll(/^prefix = (.+)$/gm)].map(([, name]) => name),
    ['"ghcr.io"'],
  );
  const privately = await setup(["docker", ...insecure, "--mode", "private"]);
  assert.doesNotMatch(privately.stdout, /mirror/);
  assert.deepEqual(await readdir(root), []);
});

test("without --address it is the address that Berth listens on, if that is a single one", async (t) => {
  const here = await machine(t);
  assert.match((await here.setup(["docker"])).stdout, /"registry-mirrors": \[\n {4}"http:\/\/127\.0\.0\.1:5000"/);
  const everywhere = await machine(t, "server: { host: 0.0.0.0 }\naccess: open\n");
  const { code, stderr } = await everywhere.setup(["docker"]);
  assert.equal(code, 1);
  assert.match(stderr, /^berth: the address that clients use is unknown; add --address/);
});

test("--write shows the changes, asks, keeps existing settings, and keeps a copy of the file", async (t) => {
  const { root, setup, write, read } = await machine(t);
  const existing = '{\n  "debug": true\n}\n';
  await write("etc/docker/daemon.json", existing);
  const { code, stdout, stderr } = await setup(["docker", ...insecure, "--write"], "y\n");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^- {3}"debug": true$/m);
  assert.match(stdout, /^\+ {3}"registry-mirrors": \[$/m);
  assert.match(stdout, /Write this file\? \[y\/N\] /);
  assert.match(stdout, /^- Restart the daemon: /m);
  assert.deepEqual(JSON.parse(await read("etc/docker/daemon.json")), {
    debug: true,
    "registry-mirrors": [`http://${address}`],
    "insecure-registries": [address],
  });
  assert.equal(await read("etc/docker/daemon.json.bak"), existing);
  assert.deepEqual((await readdir(join(root, "etc/docker"))).sort(), ["daemon.json", "daemon.json.bak"]);
});

test("a file keeps its mode, and a link stays a link: its target is changed", async (t) => {
  const { root, setup, write, read } = await machine(t);
  await write("srv/daemon.json", "{}\n");
  await chmod(join(root, "srv/daemon.json"), 0o600);
  await mkdir(join(root, "etc/docker"), { recursive: true });
  await symlink("../../srv/daemon.json", join(root, "etc/docker/daemon.json"));
  assert.equal((await setup(["docker", ...insecure, "--write", "--yes"])).code, 0);
  assert.match(await read("srv/daemon.json"), /registry-mirrors/);
  assert.equal((await lstat(join(root, "etc/docker/daemon.json"))).isSymbolicLink(), true);
  assert.equal((await stat(join(root, "srv/daemon.json"))).mode & 0o777, 0o600);
});

test("nothing is written for any other answer than yes, nor without one", async (t) => {
  const { root, setup } = await machine(t);
  for (const answer of ["n\n", "\n", "", "yes please\n"]) {
    const { code, stderr } = await setup(["podman", ...insecure, "--write"], answer);
    assert.deepEqual([code, stderr], [1, "berth: nothing was written\n"], JSON.stringify(answer));
  }
  assert.deepEqual(await readdir(root), []);
});

test("--yes writes without asking, and a second run finds nothing to do", async (t) => {
  const { root, setup, read } = await machine(t);
  const args = ["containerd", ...insecure, "--mode", "hybrid", "--write", "--yes"];
  const first = await setup(args);
  assert.deepEqual([first.code, first.stderr], [0, ""]);
  assert.match(await read(`etc/containerd/certs.d/${address}/hosts.toml`), /^server = /m);
  assert.equal((await stat(join(root, "etc/containerd/certs.d/docker.io/hosts.toml"))).mode & 0o777, 0o644);
  assert.match((await setup(args)).stdout, /^Everything is in place already\.$/m);
});

test("files for an old address are replaced when the address changes, and each older file is kept", async (t) => {
  const { setup, read } = await machine(t);
  const path = "etc/containers/registries.conf.d/berth.conf";
  const kept: string[] = [];
  for (const port of [1, 2, 3]) {
    await setup(["podman", "--address", `berth:${port}`, "--insecure", "--write", "--yes"]);
    kept.push(await read(path));
  }
  assert.match(kept[2] ?? "", /location = "berth:3"/);
  assert.deepEqual([await read(`${path}.bak`), await read(`${path}.bak2`)], kept.slice(0, 2));
});

test("if one file cannot be changed without a person none is, and the command prints what to add", async (t) => {
  const { root, setup, write, read } = await machine(t);
  await write("etc/containerd/certs.d/docker.io/hosts.toml", 'server = "https://mine.example.com"\n');
  const args = ["containerd", ...insecure, "--upstream", "ghcr.io", "docker.io", "--write", "--yes"];
  const { code, stdout, stderr } = await setup(args);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(
    stderr,
    /^berth: nothing was written\n.*docker\.io\/hosts\.toml: it exists with other content\. Add this by hand:/,
  );
  assert.match(stderr, /\[host\."http:\/\/registry\.example\.com:5000"\]/);
  assert.deepEqual(await readdir(join(root, "etc/containerd/certs.d")), ["docker.io"]);
  assert.equal(await read("etc/containerd/certs.d/docker.io/hosts.toml"), 'server = "https://mine.example.com"\n');
});

test("the certificate of an authority is copied", async (t) => {
  const { root, setup, write, read } = await machine(t);
  const pem = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";
  await write("ca.crt", pem);
  const args = ["docker", "--address", address, "--ca", join(root, "ca.crt"), "--mode", "private", "--write", "--yes"];
  assert.equal((await setup(args)).code, 0);
  assert.equal(await read(`etc/docker/certs.d/${address}/ca.crt`), pem);
  await write("ca.crt", "a key");
  assert.match((await setup(args)).stderr, /contains no certificate in PEM format/);
});

test("clients that need no settings are told so", async (t) => {
  const { setup } = await machine(t);
  const { code, stdout } = await setup(["podman", "--address", "registry.example.com", "--mode", "private", "--write"]);
  assert.equal(code, 0);
  assert.match(stdout, /^The client needs no settings for registry\.example\.com \(mode: private\)\.$/m);
});

test("whether clients log in is as berth.yml says, unless told otherwise", async (t) => {
  const guarded = await machine(t, "access: { users: { htpasswd: ./htpasswd } }\n");
  assert.match((await guarded.setup(["gitlab-ci"])).stdout, /docker login[\s\S]*audience: berth/);
  const open = await machine(t, "access: open\n");
  assert.doesNotMatch((await open.setup(["gitlab-ci"])).stdout, /docker login/);
  assert.match((await open.setup(["gitlab-ci", "--login"])).stdout, /docker login/);
});

test("what is written as a program can be run, and a later one takes its place", async (t) => {
  const { root, setup, read } = await machine(t);
  const args = ["kubelet", "--address", address, "--write", "--yes"];
  const first = await setup(args);
  assert.deepEqual([first.code, first.stderr], [0, ""]);
  const path = "usr/local/libexec/kubelet-credential-providers/berth-credential-provider";
  assert.equal((await stat(join(root, path))).mode & 0o777, 0o755);
  assert.match(first.stdout, /^--- the settings of the registry/m);
  const other = await setup(["kubelet", "--address", "other.example.com", "--write", "--yes"]);
  assert.equal(other.code, 0, other.stderr);
  assert.match(await read("etc/kubernetes/berth-credential-provider.yaml"), /other\.example\.com/);
});

test("a wrong client, address or upstream is reported", async (t) => {
  const { setup } = await machine(t);
  const wrong = [["dokcer"], ["docker", "--address", "http://x"], ["docker", ...insecure, "--upstream", "A b"]];
  for (const args of wrong) {
    const { code, stdout, stderr } = await setup(args);
    assert.deepEqual([code, stdout], [1, ""], args.join(" "));
    assert.match(stderr, /^berth: .+ (known are team, |must be )/);
  }
});

test("an IPv6 address is accepted with or without a port, and is valid in every client's file", async (t) => {
  const { setup } = await machine(t);
  const shownFor = async (client: string, given: string) => {
    const { code, stdout, stderr } = await setup([client, "--address", given, "--insecure"]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  for (const client of names) {
    const shown = await shownFor(client, "[2001:db8::1]:5000");
    assert.ok(shown.includes("[2001:db8::1]:5000"), `${client}: ${shown}`);
    assert.doesNotMatch(shown, /^ *\w+: \[2001/m, `${client}: a bracket that begins a list`);
  }
  for (const given of ["[2001:db8::1]", "2001:db8::1"]) {
    assert.match(await shownFor("docker", given), /\[2001:db8::1\](?!:)/);
  }
  for (const wrong of ["[2001:db8::1]:0", "[2001:db8::1]x", "[::g]", "[127.0.0.1]:5000"]) {
    const { code, stderr } = await setup(["docker", "--address", wrong]);
    assert.equal(code, 1, wrong);
    assert.match(stderr, /--address must be/);
  }
});
