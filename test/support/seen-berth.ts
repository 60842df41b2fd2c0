import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mediaTypes } from "../../src/oci/media-types.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { pushImage } from "./api-image.js";
import { writeBusyboxLayout } from "./busybox-image.js";
import { clientHome } from "./client-home.js";
import { runCommand } from "./command.js";
import { manifestOf, pushManifest, seededBytes } from "./content.js";
import { Cosign, signing } from "./cosign.js";
import { FakeUpstream } from "./fake-upstream.js";
import { basic, runGuardedBerth } from "./guarded-berth.js";
import type { RegistryClient } from "./registry-client.js";
import type { Scope } from "./scope.js";

/** What a page is shown of: own images, one of them for several platforms and signed, and a cache of Docker Hub. */
export interface SeenBerth {
  readonly url: string;
  readonly host: string;
  readonly hub: FakeUpstream;
  /** As ann, who may do everything. */
  readonly client: RegistryClient;
  /** A layer of `docker.io/library/tool:1`, which is not cached yet. */
  readonly coldLayer: string;
}

/** Names that would do harm where they are not shown as text. */
export const oddTexts = {
  markup: '<img src=x onerror="document.title=1">',
  turned: "\u202egnp.exe",
  emoji: "🚢 berth",
};

const platforms = ["amd64", "arm64", "s390x"];

export async function startSeenBerth(scope: Scope): Promise<SeenBerth> {
  const hub = await FakeUpstream.start(scope);
  hub.quota.isTold = true;
  const cold = hub.store.addImage(parseRepositoryName("library/tool"), [seededBytes("cold", 6_000_000)], "1");
  const rules = [
    { allow: "pull, push, delete, cache, admin", to: "ann" },
    { allow: "pull, cache", to: "everyone", in: "docker.io/**" },
    { allow: "pull", to: "everyone" },
  ];
  const berth = await runGuardedBerth(
    scope,
    { rules },
    {
      root: await scope.folder("data"),
      mode: "hybrid",
      private: { repositories: ["team/*"] },
      proxy: { upstreams: [{ name: "docker.io", url: hub.url }] },
    },
  );
  const client = berth.client.with(basic("ann"));
  const host = `127.0.0.1:${berth.port}`;
  await pushSigned(scope, host);
  await pushOdd(client);
  for (const version of ["1.2.0", "1.10.0", "1.9.0"]) await pushImage(client, "team/web", { tag: version });
  return { url: `http://${host}`, host, hub, client, coldLayer: cold.layers[0]?.digest ?? "" };
}

/** `team/odd:1.0`, an index of three platforms whose texts try to be more than text. */
async function pushOdd(client: RegistryClient): Promise<void> {
  const manifests = [];
  for (const architecture of platforms) {
    const image = await pushImage(client, "team/odd", {
      layers: [`base of ${architecture}`, `program for ${architecture} ${"x".repeat(9_000)}`],
      config: configFor(architecture),
    });
    manifests.push({ ...image.descriptor, platform: { os: "linux", architecture } });
  }
  const annotations = { "org.opencontainers.image.description": oddTexts.markup, [oddTexts.emoji]: oddTexts.turned };
  const index = manifestOf({ mediaType: mediaTypes.ociIndex, manifests, annotations });
  await pushManifest(client, "team/odd", index, "1.0");
}

function configFor(architecture: string): unknown {
  return {
    os: "linux",
    architecture,
    created: "2026-11-01T08:00:00Z",
    config: {
      Entrypoint: ["/srv/program"],
      Env: ["PATH=/usr/bin:/bin", `NAME=${oddTexts.emoji}`],
      Labels: { title: oddTexts.markup, turned: oddTexts.turned, long: "long ".repeat(200) },
      ExposedPorts: { "8080/tcp": {} },
      User: "app",
    },
    rootfs: { type: "layers", diff_ids: [] },
    history: [
      { created_by: "ADD rootfs.tar.xz / # buildkit" },
      { created_by: "ENV PATH=/usr/bin:/bin", empty_layer: true },
      { created_by: `RUN /bin/sh -c echo '${oddTexts.markup}' && make program # buildkit` },
    ],
  };
}

/**
 * `team/api:1.0` and `latest`, an image of two platforms that runs, by oras, with an SBOM, signed by cosign in both of its
 * forms.
 */
async function pushSigned(scope: Scope, host: string): Promise<void> {
  const layout = await writeBusyboxLayout(await scope.folder("layout"));
  const cwd = await scope.folder("attached");
  const env = await clientHome(scope);
  const oras = (...args: string[]) => runCommand("oras", args, { cwd, env });
  await oras("login", "--plain-http", "--username=ann", "--password=ann", host);
  await oras("cp", "--from-oci-layout", "--to-plain-http", `${layout.folder}:index`, `${host}/team/api:1.0,latest`);
  await writeFile(join(cwd, "sbom.json"), '{"spdxVersion":"SPDX-2.3"}');
  await oras("attach", "--plain-http", "--artifact-type=application/spdx+json", `${host}/team/api:1.0`, "sbom.json");
  const cosign = await Cosign.start(scope, env);
  for (const how of [signing.byTag, signing.byBundle])
    await cosign.sign(`${host}/team/api@${layout.index.digest}`, how);
}
