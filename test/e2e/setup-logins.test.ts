import { strict as assert } from "node:assert";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parse } from "yaml";
import { isRefused } from "../support/access-clients/access-client.js";
import { startBerth } from "../support/berth-process.js";
import { writeBuildContext, writeBusyboxLayout } from "../support/busybox-image.js";
import { clientHome } from "../support/client-home.js";
import { runCommand } from "../support/command.js";
import { startContainerd } from "../support/containerd.js";
import { startDockerDaemon } from "../support/docker-daemon.js";
import { freePort } from "../support/free-port.js";
import { htpasswdFile } from "../support/guarded-berth.js";
import { IdentityIssuer } from "../support/identity-issuer.js";
import { Scope } from "../support/scope.js";
import { type SetupGuide, shellOf, writeGuide } from "../support/setup-guide.js";

/** A Berth that trusts what stands in for the issuer of a guide, instead of that issuer itself. */
async function startTrusting(scope: Scope, guide: SetupGuide, port: number) {
  const issuer = await IdentityIssuer.start(scope);
  // The guides name one issuer each, whose other settings say how its keys are fetched.
  const [written] = guide.access.issuers as readonly { name: string; audience: string; identities: unknown }[];
  const { name, audience, identities } = written ?? assert.fail("the guide names no issuer");
  const htpasswd = await htpasswdFile(scope, { root: "root" });
  const access = { users: { htpasswd }, issuers: [{ name, audience, identities, issuer: issuer.url }] };
  return { issuer, ...(await startBerth(scope, { port, access })) };
}

/** docker, with an image to push. */
async function dockerWithImage(scope: Scope, ...images: string[]) {
  const daemon = await startDockerDaemon(scope);
  const context = await scope.folder("context");
  await writeBuildContext(context);
  for (const image of images) await daemon.docker("build", "--tag", image, context);
  return daemon;
}

test("berth setup github-actions: the workflow logs in by the job's token, and pushes below team/ only", async (t) => {
  const scope = new Scope(t);
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const guide = await writeGuide(scope, "github-actions", "--address", host, "--login", "--insecure");
  const { issuer } = await startTrusting(scope, guide, port);
  const workflow = parse(await guide.read(".github/workflows/image.yml"));
  assert.deepEqual(workflow.permissions, { contents: "read", "id-token": "write" });
  const job = { repository: "owner/app", repository_owner_id: "1234", ref: "refs/heads/main" };
  const service = await startTokenService(scope, await issuer.sign(job));
  const { env, docker } = await dockerWithImage(scope, `${host}/team/app:v1`, `${host}/other/app:v1`);
  const shell = await shellOf(scope, guide.root, { ...env, ...service });
  const [, , build, login, push] = workflow.jobs.image.steps;
  assert.deepEqual([build.with.push, push.with.push], [false, true]);
  assert.match(await shell(login.run), /^::add-mask::[\w-]+\./);
  await docker("push", `${host}/team/app:v1`);
  assert.ok(await isRefused(docker("push", `${host}/other/app:v1`)));
  const branch = await startTokenService(scope, await issuer.sign({ ...job, ref: "refs/heads/other" }));
  const other = await shellOf(scope, guide.root, { ...env, ...branch });
  assert.ok(await isRefused(other(login.run)));
});

/** Stands in for what gives a job of GitHub its token. */
async function startTokenService(scope: Scope, token: string): Promise<Readonly<Record<string, string>>> {
  const server = createServer(({ url, headers }, response) => {
    const isRight = url === "/token?api-version=2.0&audience=berth" && headers.authorization === "Bearer of the job";
    response.writeHead(isRight ? 200 : 400).end(JSON.stringify({ count: 1, value: token }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  scope.defer(() => server.close());
  // A server on a port has an address of this kind.
  const { port } = server.address() as AddressInfo;
  return {
    ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "of the job",
  };
}

test("berth setup gitlab-ci: the job builds, logs in by its identity token and pushes", async (t) => {
  const scope = new Scope(t);
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const guide = await writeGuide(scope, "gitlab-ci", "--address", host, "--login", "--insecure");
  const { issuer, client } = await startTrusting(scope, guide, port);
  const { image: job } = parse(await guide.read(".gitlab-ci.yml"));
  assert.deepEqual(job.id_tokens, { BERTH_TOKEN: { aud: "berth" } });
  const { env } = await startDockerDaemon(scope);
  await writeBuildContext(guide.root);
  const claims = { project_id: "1234", project_path: "team/app", ref_protected: "true" };
  const run = async (token: string) => {
    const variables = { CI_COMMIT_SHORT_SHA: "1f2e3d4c", BERTH_TOKEN: token };
    const shell = await shellOf(scope, guide.root, { ...env, ...variables });
    return shell([`IMAGE=${job.variables.IMAGE}`, ...job.script].join("\n"));
  };
  assert.ok(await isRefused(run(await issuer.sign({ ...claims, ref_protected: "false" }))));
  await run(await issuer.sign(claims));
  const list = await client.get("/v2/team/app/tags/list", { authorization: `Bearer ${await issuer.sign(claims)}` });
  assert.deepEqual(JSON.parse(list.body.toString()).tags, ["1f2e3d4c"]);
});

/** Pushes an image as root. */
async function pushImage(t: TestContext, scope: Scope, image: string): Promise<void> {
  const { folder } = await writeBusyboxLayout(await scope.folder("layout"));
  const options = ["--insecure-policy", "copy", "--dest-tls-verify=false", "--dest-creds=root:root"];
  await runCommand("skopeo", [...options, `oci:${folder}:image`, `docker://${image}`]);
  t.diagnostic(`pushed ${image}`);
}

test("berth setup kubelet: containerd pulls with the credentials that the plugin gives for the pod", async (t) => {
  const scope = new Scope(t);
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const guide = await writeGuide(scope, "kubelet", "--address", host);
  const { issuer } = await startTrusting(scope, guide, port);
  await pushImage(t, scope, `${host}/team/app:v1`);
  const { providers } = parse(await guide.read("etc/kubernetes/berth-credential-provider.yaml"));
  assert.equal(providers[0].tokenAttributes.serviceAccountTokenAudience, "berth");
  const plugin = join(guide.root, "usr/local/libexec/kubelet-credential-providers", providers[0].name);
  const ctr = await startContainerd(scope, await clientHome(scope));
  const pullAs = async (namespace: string) => {
    const serviceAccountToken = await issuer.sign({
      sub: `system:serviceaccount:${namespace}:web`,
      "kubernetes.io": { namespace, serviceaccount: { name: "web" } },
    });
    const image = `${host}/team/app:v1`;
    const request = {
      kind: "CredentialProviderRequest",
      apiVersion: providers[0].apiVersion,
      image,
      serviceAccountToken,
    };
    const { auth } = JSON.parse(await runCommand(plugin, [], { input: JSON.stringify(request) }));
    const { username, password } = auth[host];
    const options = ["--plain-http", "--snapshotter", "native", "--user", `${username}:${password}`];
    return ctr("images", "pull", ...options, image);
  };
  assert.ok(await isRefused(pullAs("default")));
  await pullAs("team");
});

test("berth setup kubernetes: a pull secret with a token that only pulls", async (t) => {
  const scope = new Scope(t);
  const htpasswd = await htpasswdFile(scope, { root: "root" });
  const { host, configFile } = await startBerth(scope, { access: { users: { htpasswd } } });
  const guide = await writeGuide(scope, "kubernetes", "--address", host, "--login", "--mode", "private", "--insecure");
  await pushImage(t, scope, `${host}/team/app:v1`);
  const command = (start: string) => guide.commands.find((each) => each.startsWith(start)) ?? assert.fail(start);
  const [create, secret] = [command("berth token create"), command("kubectl create secret docker-registry")];
  const shell = await shellOf(scope, guide.root, {});
  const token = (await shell(`${create} --config ${configFile}`)).trim();
  const option = (name: string) => new RegExp(`--docker-${name}=(\\S+)`).exec(secret)?.[1] ?? assert.fail(secret);
  assert.equal(option("password"), '"$TOKEN"');
  // What kubectl puts into a secret of this kind, and the kubelet reads (kubernetes.io/dockerconfigjson).
  const auth = Buffer.from(`${option("username")}:${token}`).toString("base64");
  const env = await clientHome(scope);
  const home = join(await scope.folder("secret"), "docker");
  await mkdir(home);
  await writeFile(join(home, "config.json"), JSON.stringify({ auths: { [option("server")]: { auth } } }));
  const crane = (...args: string[]) => runCommand("crane", args, { env: { ...env, DOCKER_CONFIG: home } });
  await crane("pull", "--insecure", `${host}/team/app:v1`, join(home, "image.tar"));
  assert.ok(await isRefused(crane("tag", "--insecure", `${host}/team/app:v1`, "v2")));
});
