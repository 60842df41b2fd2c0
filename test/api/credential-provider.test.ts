import assert from "node:assert/strict";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { tryCommand } from "../support/command.js";
import { runGuardedBerth } from "../support/guarded-berth.js";
import { IdentityIssuer } from "../support/identity-issuer.js";
import { Scope } from "../support/scope.js";

const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));

/** The words of the kubelet, `credentialprovider.kubelet.k8s.io/v1`. */
const version = "credentialprovider.kubelet.k8s.io/v1";
const request = {
  kind: "CredentialProviderRequest",
  apiVersion: version,
  image: "registry.example.com:5000/team/app:1.0",
};

type Provide = (input: string) => ReturnType<typeof tryCommand>;

/** Both are one plugin: the command, and the script that berth setup writes for nodes without Node. */
const plugins: Readonly<Record<string, (t: TestContext) => Promise<Provide>>> = {
  "berth credential-provider": async () => (input) =>
    tryCommand(process.execPath, [main, "credential-provider"], { input }),
  "the script of berth setup kubelet": async (t) => {
    const cwd = await new Scope(t).folder("node");
    const args = ["setup", "kubelet", "--address", "registry.example.com:5000", "--write", "--yes", "--root", cwd];
    const { code, stderr } = await tryCommand(process.execPath, [main, ...args], { cwd });
    assert.equal(code, 0, stderr);
    const program = join(cwd, "usr/local/libexec/kubelet-credential-providers/berth-credential-provider");
    // As the kubelet runs it: with only a path.
    return (input) => tryCommand(program, [], { input, env: { HOME: "/nonexistent" } });
  },
};

for (const [name, create] of Object.entries(plugins)) {
  test(`${name} gives the kubelet the token of the pod as the password for the image's registry`, async (t) => {
    const provide = await create(t);
    const registries = {
      "registry.example.com:5000/team/app:1.0": "registry.example.com:5000",
      "registry.example.com/app@sha256:1f": "registry.example.com",
      "localhost/app": "localhost",
      "[2001:db8::1]:5000/team/app": "[2001:db8::1]:5000",
      "team/app:1.0": "docker.io",
      "alpine:3.20": "docker.io",
    };
    for (const [image, registry] of Object.entries(registries)) {
      const sent = { ...request, image, serviceAccountToken: "a.b-c_d.e" };
      const { code, stdout, stderr } = await provide(`${JSON.stringify(sent)}\n`);
      assert.deepEqual([code, stderr], [0, ""], image);
      assert.deepEqual(JSON.parse(stdout), {
        kind: "CredentialProviderResponse",
        apiVersion: version,
        cacheKeyType: "Registry",
        cacheDuration: "0s",
        auth: { [registry]: { username: "kubernetes", password: "a.b-c_d.e" } },
      });
    }
  });

  test(`${name} reads a request however it is laid out, and answers in the version that it was asked in`, async (t) => {
    const provide = await create(t);
    const annotations = { image: "other.example.com/x", serviceAccountToken: "no" };
    const full = { ...request, serviceAccountToken: "a.b.c", serviceAccountAnnotations: annotations };
    for (const input of [
      JSON.stringify(full),
      JSON.stringify(full, undefined, 2),
      JSON.stringify(full, undefined, "\t"),
    ]) {
      const { stdout } = await provide(input);
      assert.deepEqual(JSON.parse(stdout).auth, {
        "registry.example.com:5000": { username: "kubernetes", password: "a.b.c" },
      });
    }
    for (const apiVersion of [`${version}alpha1`, `${version}beta1`])
      assert.equal(
        JSON.parse((await provide(JSON.stringify({ ...request, apiVersion }))).stdout).apiVersion,
        apiVersion,
      );
  });

  test(`${name} gives no credentials for a pod without a service account, so that it pulls anonymously`, async (t) => {
    const provide = await create(t);
    for (const token of [{}, { serviceAccountToken: "" }]) {
      const { code, stdout } = await provide(JSON.stringify({ ...request, ...token }));
      assert.equal(code, 0);
      assert.deepEqual(JSON.parse(stdout).auth, {});
    }
  });

  test(`${name} refuses what is no request, without a word of the token`, async (t) => {
    const provide = await create(t);
    for (const input of [
      "",
      "secret",
      "[]",
      "null",
      JSON.stringify({ ...request, kind: "Secret", serviceAccountToken: "secret" }),
      JSON.stringify({ ...request, apiVersion: "v1", serviceAccountToken: "secret" }),
      JSON.stringify({ ...request, image: "", serviceAccountToken: "secret" }),
    ]) {
      const { code, stdout, stderr } = await provide(input);
      assert.deepEqual([code, stdout], [1, ""], input);
      assert.match(stderr, /^berth/);
      assert.doesNotMatch(stderr, /secret/);
    }
  });
}

test("what the kubelet is given pulls from Berth what the service account may, until it expires", async (t) => {
  const scope = new Scope(t);
  const issuer = await IdentityIssuer.start(scope);
  const claims = { "kubernetes.io/namespace": "team" };
  const { client } = await runGuardedBerth(scope, {
    issuers: [
      {
        name: "cluster",
        issuer: issuer.url,
        audience: "berth",
        identities: [{ claims, user: "$" + "{kubernetes.io/namespace}", groups: ["team-pods"] }],
      },
    ],
    rules: [{ allow: "pull", to: "@team-pods", in: "team/**" }],
    // What is a map of texts in the settings is written as one here.
  } as unknown as Parameters<typeof runGuardedBerth>[1]);
  const provide = await plugins["berth credential-provider"]?.(t);
  const statusFor = async (token: string, path: string) => {
    const { stdout } = (await provide?.(JSON.stringify({ ...request, serviceAccountToken: token }))) ?? assert.fail();
    const { username, password } = JSON.parse(stdout).auth["registry.example.com:5000"];
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    // As containerd does it: the password is exchanged for a token, which then pulls.
    const answer = await client.get(`/v2/_berth/token?scope=repository:${path}:pull`, { authorization });
    if (answer.status !== 200) return answer.status;
    const { token: granted } = JSON.parse(answer.body.toString());
    return (await client.get(`/v2/${path}/tags/list`, { authorization: `Bearer ${granted}` })).status;
  };
  const pod = { sub: "system:serviceaccount:team:web", "kubernetes.io": { namespace: "team" } };
  assert.equal(await statusFor(await issuer.sign(pod), "team/app"), 404);
  assert.equal(await statusFor(await issuer.sign(pod), "other/app"), 403);
  const stranger = { ...pod, "kubernetes.io": { namespace: "default" } };
  assert.equal(await statusFor(await issuer.sign(stranger), "team/app"), 401);
  assert.equal(await statusFor(await issuer.sign({ ...pod, exp: 1 }), "team/app"), 401);
});
