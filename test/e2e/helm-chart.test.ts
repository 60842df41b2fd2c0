import { strict as assert } from "node:assert";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { readTokenKey } from "../../src/auth/tokens/token-keys.js";
import { startBerth } from "../support/berth-process.js";
import { CertificateAuthority } from "../support/certificates.js";
import { runCommand, tryCommand } from "../support/command.js";
import { projectRoot } from "../support/project.js";
import { Scope } from "../support/scope.js";

const chart = join(projectRoot, "config/helm/berth");

interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: { readonly template: { readonly spec: PodSpec } };
}

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } };
}

interface PodSpec {
  readonly containers: readonly { readonly env?: readonly Variable[] }[];
}

/** Settings that people set together, each of which shows other parts of the chart. */
const variants: Readonly<Record<string, readonly string[]>> = {
  "as it is": [],
  "over TLS, behind an ingress, with a network policy and a disruption budget": [
    "tlsSecretName=registry-tls",
    "ingress.enabled=true",
    "networkPolicy.enabled=true",
    "podDisruptionBudget.maxUnavailable=1",
  ],
  "a cache with a login": ["proxy.enabled=true", "proxy.username=ci", "proxy.password=secret"],
  "a cache with a login of a secret": ["proxy.enabled=true", "proxy.secretRef=hub", "proxy.remoteurl=https://ghcr.io"],
  "open to everyone, without a volume": ["configData.access=open", "persistence.enabled=false"],
  "the volume of a registry:2, everyone may pull": [
    "persistence.existingClaim=registry",
    "anonymousPull=true",
    "secrets.existingSecret=users",
  ],
  "pods on a bucket of MinIO, with metrics": [
    "storage=s3",
    "s3.bucket=images",
    "s3.regionEndpoint=minio:9000",
    "s3.secure=false",
    "s3.rootdirectory=/registry",
    "secrets.s3.secretRef=bucket-keys",
    "replicaCount=3",
    "podDisruptionBudget.maxUnavailable=1",
    "networkPolicy.enabled=true",
    "metrics.enabled=true",
  ],
  "pods on a bucket of AWS, with the role of their service account": [
    "storage=s3",
    "s3.bucket=images",
    "s3.region=eu-central-1",
    "s3.encrypt=true",
    "s3.localCache.maxSize=50GiB",
    "s3.localCache.volume.sizeLimit=60Gi",
    "configData.access=open",
  ],
  "other mounts, variables and places": [
    "extraEnvVars[0].name=BERTH_LOG_LEVEL",
    "extraEnvVars[0].value=debug",
    "extraVolumes[0].name=ca",
    "extraVolumes[0].configMap.name=ca",
    "extraVolumeMounts[0].name=ca",
    "extraVolumeMounts[0].mountPath=/etc/berth/ca",
    "nodeSelector.disk=ssd",
    "configData.mode=hybrid",
    "configData.private.repositories[0]=team/**",
    "configData.proxy.upstreams[0].name=docker.io",
    "configData.proxy.upstreams[0].url=https://registry-1.docker.io",
  ],
};

test("the Helm chart", async (t) => {
  const scope = new Scope(t);

  await t.test("passes helm's linter", async () => {
    await runCommand("helm", ["lint", "--strict", chart]);
  });

  for (const [variant, settings] of Object.entries(variants)) {
    await t.test(`is taken by Kubernetes, and its configuration by Berth: ${variant}`, async () => {
      const folder = await scope.folder("rendered");
      const text = await render(settings);
      await writeFile(join(folder, "all.yaml"), text);
      await runCommand("kubectl-validate", ["--version", "1.30", join(folder, "all.yaml")]);
      const { config, variables } = settingsIn(objectsIn(text), await mountedFiles(scope));
      await writeFile(join(folder, "berth.yml"), config);
      const main = join(projectRoot, "dist/main.js");
      await runCommand(process.execPath, [main, "config", "check", join(folder, "berth.yml")], {
        env: variables,
      });
    });
  }

  await t.test("gives a cache the login of its upstream", async () => {
    const { variables } = settingsIn(
      objectsIn(await render(variants["a cache with a login of a secret"])),
      "/etc/berth",
    );
    assert.match(variables.BERTH_PROXY_UPSTREAMS ?? "", /name: ghcr\.io, url: "https:\/\/ghcr\.io"/);
    assert.match(variables.BERTH_PROXY_UPSTREAMS ?? "", /passwordFile: \/etc\/berth\/upstream\/proxyPassword/);
  });

  await t.test("creates a user with a random password, and no one else may do anything", async () => {
    const objects = objectsIn(await render([]));
    const data = objects.find(({ kind }) => kind === "Secret")?.data ?? {};
    const decode = (key: string) => Buffer.from(data[key] ?? "", "base64").toString();
    const htpasswd = join(await scope.folder("users"), "htpasswd");
    await writeFile(htpasswd, decode("htpasswd"));
    const { client } = await startBerth(scope, { access: { anonymousPull: false, users: { htpasswd } } });
    assert.equal((await client.request("GET", "/v2/")).status, 401);
    const authorization = `Basic ${Buffer.from(`admin:${decode("admin-password")}`).toString("base64")}`;
    assert.equal((await client.request("GET", "/v2/", { headers: { authorization } })).status, 200);
  });

  await t.test("runs pods on a bucket as a deployment, which sign tokens with one key", async () => {
    const objects = objectsIn(await render(variants["pods on a bucket of MinIO, with metrics"]));
    const kinds = objects.map(({ kind }) => kind);
    assert.ok(kinds.includes("Deployment") && !kinds.includes("StatefulSet"), kinds.join(", "));
    const { config } = settingsIn(objects, "/etc/berth");
    assert.match(config, /endpoint: http:\/\/minio:9000/);
    assert.match(config, /tokenKeyFile: \/etc\/berth\/token\/token\.key/);
    const key = objects.find(({ data }) => data?.["token.key"] !== undefined)?.data?.["token.key"] ?? "";
    await readTokenKey(Buffer.from(key, "base64").toString());
  });

  await t.test("lets pods on a bucket reach each other, and nobody else reach their port", async () => {
    const text = await render(variants["pods on a bucket of MinIO, with metrics"]);
    const { config, variables } = settingsIn(objectsIn(text), "/etc/berth");
    assert.match(config, /cluster:\n +listen: :5100\n/);
    assert.equal(variables.BERTH_CLUSTER_ADVERTISE, "10.0.0.5");
    const own = "app.kubernetes.io/name: berth\n +app.kubernetes.io/instance: registry";
    assert.match(
      text,
      new RegExp(`- port: cluster\n +protocol: TCP\n +from:\n +- podSelector:\n +matchLabels:\n +${own}`),
    );
    assert.doesNotMatch(text, /targetPort: cluster/);
  });

  await t.test("gives pods on a bucket a key to know each other by, if they have none for tokens", async () => {
    const objects = objectsIn(
      await render(variants["pods on a bucket of AWS, with the role of their service account"]),
    );
    assert.match(settingsIn(objects, "/etc/berth").config, /keyFile: \/etc\/berth\/cluster\/cluster\.key/);
    const key = objects.find(({ data }) => data?.["cluster.key"] !== undefined)?.data?.["cluster.key"] ?? "";
    assert.ok(Buffer.from(key, "base64").length >= 32);
  });

  await t.test("leaves pods alone if they shall not know each other", async () => {
    const settings = [...(variants["pods on a bucket of MinIO, with metrics"] ?? []), "cluster.enabled=false"];
    assert.doesNotMatch(await render(settings), /cluster:|port: cluster|name: cluster|CLUSTER/);
  });

  await t.test(
    "has a service monitor for the Prometheus operator, which reads the metrics of the service",
    async () => {
      const settings = ["metrics.enabled=true", "metrics.serviceMonitor.enabled=true"];
      const text = await render(settings);
      assert.match(text, /kind: ServiceMonitor/);
      assert.match(text, /endpoints:\n +- port: metrics/);
      assert.match(text, /- name: metrics\n +port: 9464\n +targetPort: metrics/);
    },
  );

  await t.test("refuses upstreams that are named twice, in a sentence", async () => {
    const both = ["proxy.enabled=true", "configData.proxy.upstreams[0].name=ghcr.io"];
    const { code, stderr } = await tryCommand("helm", helmArguments(both));
    assert.notEqual(code, 0);
    assert.match(stderr, /proxy\.enabled and configData\.proxy\.upstreams both name upstreams: keep one of them/);
  });
});

function helmArguments(settings: readonly string[]): string[] {
  return ["template", "registry", chart, "--kube-version", "1.30.0", ...settings.flatMap((each) => ["--set", each])];
}

function render(settings: readonly string[] = []): Promise<string> {
  return runCommand("helm", helmArguments(settings));
}

function objectsIn(text: string): Rendered[] {
  // Whatever helm renders are objects of Kubernetes.
  return parseAllDocuments(text).flatMap((document) => (document.toJS() as Rendered | null) ?? []);
}

/** A folder with the files that the chart mounts below `/etc/berth`. */
async function mountedFiles(scope: Scope): Promise<string> {
  const mounted = await scope.folder("mounted");
  const authority = await CertificateAuthority.create(scope);
  const { cert, key } = await authority.issue("registry", ["DNS:registry.example.com"]);
  for (const folder of ["users", "upstream", "tls", "s3", "token", "cluster"]) await mkdir(join(mounted, folder));
  await writeFile(join(mounted, "users/htpasswd"), "");
  await writeFile(join(mounted, "upstream/proxyPassword"), "secret");
  await writeFile(join(mounted, "s3/s3AccessKey"), "key");
  await writeFile(join(mounted, "s3/s3SecretKey"), "secret");
  await writeFile(join(mounted, "tls/tls.crt"), cert);
  await writeFile(join(mounted, "tls/tls.key"), key);
  return mounted;
}

/**
 * The file and the variables that Berth is started with. Kubernetes replaces `$(NAME)` by what a secret says.
 * @param mounted where the files lie that the chart mounts below `/etc/berth`
 */
function settingsIn(
  objects: readonly Rendered[],
  mounted: string,
): { config: string; variables: Record<string, string> } {
  const place = (text: string) => text.replaceAll("/etc/berth/", `${mounted}/`).replace(/\$\(\w+\)/, "ci");
  const config = objects.find(({ kind }) => kind === "ConfigMap")?.data?.["config.yml"] ?? "";
  const pod = objects.find(({ kind }) => kind === "StatefulSet" || kind === "Deployment")?.spec?.template.spec;
  const env = pod?.containers[0]?.env ?? [];
  const variables = env.flatMap(({ name, value, valueFrom }) => {
    if (valueFrom?.fieldRef?.fieldPath === "status.podIP") return [[name, "10.0.0.5"]];
    return value === undefined ? [] : [[name, place(value)]];
  });
  return { config: place(config), variables: Object.fromEntries(variables) };
}
