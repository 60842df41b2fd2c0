import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { CertificateAuthority } from "../support/certificates.js";
import { clientHome } from "../support/client-home.js";
import { runCommand } from "../support/command.js";
import { IdentityIssuer } from "../support/identity-issuer.js";
import { Scope } from "../support/scope.js";

/** Tokens as each service writes them, for a job that may push and for one that may not. */
const services = {
  github: {
    claims: { repository_owner_id: "42", ref: "refs/heads/main", event_name: ["push", "workflow_dispatch"] },
    user: "$" + "{repository}",
    good: {
      sub: "repo:owner@42/app@77:ref:refs/heads/main",
      repository: "owner/app",
      repository_id: "77",
      repository_owner: "owner",
      repository_owner_id: "42",
      ref: "refs/heads/main",
      event_name: "push",
    },
    bad: { event_name: "pull_request", ref: "refs/pull/7/merge" },
  },
  gitlab: {
    claims: { project_id: "7", ref_protected: "true" },
    user: "$" + "{project_path}",
    good: {
      sub: "project_path:team/app:ref_type:branch:ref:main",
      project_id: "7",
      project_path: "team/app",
      namespace_id: "3",
      ref: "main",
      ref_protected: "true",
    },
    bad: { ref: "feature", ref_protected: "false" },
  },
  kubernetes: {
    claims: { "kubernetes.io/namespace": "ci", "kubernetes.io/serviceaccount/name": "builder" },
    user: "ci-builder",
    good: {
      sub: "system:serviceaccount:ci:builder",
      aud: "berth",
      "kubernetes.io": { namespace: "ci", serviceaccount: { name: "builder", uid: "0e1b" } },
    },
    bad: { "kubernetes.io": { namespace: "default", serviceaccount: { name: "builder", uid: "0e1c" } } },
  },
} as const;

test("jobs of GitHub, GitLab and Kubernetes push and pull with their identity tokens, and others do not", async (t) => {
  const scope = new Scope(t);
  const folder = await scope.folder("serviceaccount");
  const authority = await CertificateAuthority.create(scope);
  const certificate = await authority.issue("api", ["IP:127.0.0.1"]);
  const kubernetes = { caFile: join(folder, "ca.crt"), bearerTokenFile: join(folder, "token") };
  await writeFile(kubernetes.caFile, authority.cert);
  await writeFile(kubernetes.bearerTokenFile, "service-account-token");
  const issuers = {
    github: await IdentityIssuer.start(scope),
    gitlab: await IdentityIssuer.start(scope, { certificate }),
    kubernetes: await IdentityIssuer.start(scope, { certificate, bearerToken: "service-account-token" }),
  };
  const keys = { github: {}, gitlab: { caFile: kubernetes.caFile }, kubernetes };
  const names = ["github", "gitlab", "kubernetes"] as const;
  const { host, client, daemon } = await startBerth(scope, {
    access: {
      issuers: names.map((name) => {
        const { claims, user } = services[name];
        const identities = [{ claims, user, scopes: "push:team/*" }];
        return { name, issuer: issuers[name].url, audience: "berth", identities, ...keys[name] };
      }),
      rules: [{ allow: "push", to: "authenticated", in: "**" }],
    },
  });
  const { folder: layout } = await writeBusyboxLayout(await scope.folder("layout"));

  for (const name of names) {
    await t.test(name, async () => {
      const { good, bad } = services[name];
      const [token, refused] = [await issuers[name].sign(good), await issuers[name].sign({ ...good, ...bad })];
      const image = `${host}/team/${name}:v1`;
      const env = await clientHome(scope);
      const skopeo = (...args: string[]) => runCommand("skopeo", ["--insecure-policy", "copy", ...args], { env });
      const push = (password: string, to: string) =>
        skopeo("--dest-tls-verify=false", `--dest-creds=ci:${password}`, `oci:${layout}:image`, `docker://${to}`);
      await push(token, image);
      await assert.rejects(push(refused, image), /unauthorized|authentication required|invalid username/i);
      await assert.rejects(push(token, `${host}/other/${name}:v1`), /403|denied|unauthorized/i);
      await runCommand("crane", ["auth", "login", "--username", "ci", "--password", token, host], { env });
      await runCommand("crane", ["pull", "--insecure", image, join(await scope.folder("pulled"), "image.tar")], {
        env,
      });
      await runCommand("crane", ["tag", "--insecure", image, "v2"], { env });
      const raw = await client.get(`/v2/team/${name}/tags/list`, { authorization: `Bearer ${token}` });
      assert.deepEqual(JSON.parse(raw.body.toString()).tags, ["v1", "v2"]);
      assert.ok(!daemon.output.includes(token.slice(-30)));
    });
  }
});
