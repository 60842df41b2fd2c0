import { strict as assert } from "node:assert";
import { join } from "node:path";
import { test } from "node:test";
import { clientHome } from "../support/client-home.js";
import { runCommand } from "../support/command.js";
import { startContainerd } from "../support/containerd.js";
import { startDocker } from "../support/docker-daemon.js";
import { inLanes } from "../support/lanes.js";
import { oddities } from "../support/odd-upstreams/all-oddities.js";
import { type CachedUpstream, startBerthBefore } from "../support/odd-upstreams/odd-upstream.js";
import type { Oddity } from "../support/odd-upstreams/oddity.js";
import { Scope } from "../support/scope.js";

/** Pulls a whole image by its name. */
type Pull = (image: string) => Promise<unknown>;

const clients: Readonly<Record<string, (scope: Scope) => Promise<Pull>>> = {
  skopeo: startSkopeo,
  crane: startCrane,
  oras: startOras,
  ctr: startCtr,
  docker: async (scope) => {
    const docker = await startDocker(scope);
    return (image) => docker("pull", image);
  },
};

/** A client waits for upstreams that are slow, and before it tries again. */
const pullsAtOnce = 4;

test("real clients pull through Berth from every odd upstream", async (t) => {
  const scope = new Scope(t);
  const tried = Object.values(oddities)
    .flat()
    .filter(({ notForClients }) => notForClients === undefined);
  const upstreams = await startBerthBefore(scope, tried);
  for (const [client, start] of Object.entries(clients)) {
    await t.test(client, async (t) => {
      const pull = await start(new Scope(t));
      const wrong: string[] = [];
      await inLanes(pullsAtOnce, [...tried.entries()], async ([at, oddity]) => {
        const error = await errorOf(oddity, upstreams[at], client, pull);
        if (error !== undefined) wrong.push(`${oddity.title}: ${error}`);
      });
      assert.deepEqual(wrong, []);
    });
  }
});

/** Each client has its own repository, so that each pull is a cold one. */
async function errorOf(oddity: Oddity, cached: CachedUpstream | undefined, client: string, pull: Pull) {
  if (!cached) return "there is no upstream";
  const { host, upstream, add } = cached;
  const image = add(`team/${client}`);
  const error = await failureOf(() => pull(`${host}/${image.name}:v1`));
  if (error === undefined || oddity.manifest === undefined) return error;
  // A manifest that the client does not accept from the upstream itself need not be accepted from Berth.
  const direct = await failureOf(() => pull(`${new URL(upstream.url).host}/${image.nameThere}:v1`));
  return direct === undefined ? error : undefined;
}

async function failureOf(attempt: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function startSkopeo(scope: Scope): Promise<Pull> {
  const env = await clientHome(scope);
  return async (image) => {
    const ends = [`docker://${image}`, `dir:${await scope.folder("pulled")}`];
    return runCommand("skopeo", ["--insecure-policy", "copy", "--src-tls-verify=false", ...ends], { env });
  };
}

async function startCrane(scope: Scope): Promise<Pull> {
  const env = await clientHome(scope);
  return async (image) => {
    const folder = join(await scope.folder("pulled"), "image");
    return runCommand("crane", ["--insecure", "pull", "--format=oci", image, folder], { env });
  };
}

async function startOras(scope: Scope): Promise<Pull> {
  const env = await clientHome(scope);
  return async (image) => {
    const target = `${await scope.folder("pulled")}:v1`;
    return runCommand("oras", ["cp", "--from-plain-http", "--to-oci-layout", image, target], { env });
  };
}

async function startCtr(scope: Scope): Promise<Pull> {
  const ctr = await startContainerd(scope, {});
  return (image) => ctr("images", "pull", "--plain-http", "--snapshotter=native", image);
}
