import { strict as assert } from "node:assert";
import type { TestContext } from "node:test";
import { type BerthProcess, startBerth } from "./berth-process.js";
import { type BusyboxLayout, writeBusyboxLayout } from "./busybox-image.js";
import { runCommand } from "./command.js";
import { EgressProxy } from "./egress-proxy.js";
import { type PeerRegistry, startPeer } from "./peer-registry.js";
import type { Scope } from "./scope.js";
import { waitUntil } from "./wait-until.js";

/** A Berth that caches a registry which plays both Docker Hub and ghcr.io, and the only way out for its clients. */
export class Mirror {
  readonly layout: BusyboxLayout;
  readonly #scope: Scope;
  readonly #upstream: PeerRegistry;
  readonly #egress: EgressProxy;
  #berth: BerthProcess;

  private constructor(
    scope: Scope,
    parts: { layout: BusyboxLayout; upstream: PeerRegistry; egress: EgressProxy },
    berth: BerthProcess,
  ) {
    this.#scope = scope;
    this.layout = parts.layout;
    this.#upstream = parts.upstream;
    this.#egress = parts.egress;
    this.#berth = berth;
  }

  /** With an index of two platforms as `docker.io/library/tool` and as `ghcr.io/owner/tool`. */
  static async start(scope: Scope): Promise<Mirror> {
    const upstream = await startPeer(scope, "registry 3.1.1", await scope.folder("upstream"));
    const layout = await writeBusyboxLayout(await scope.folder("layout"));
    for (const name of ["library/tool", "owner/tool"]) {
      const ends = [`oci:${layout.folder}:index`, `docker://${upstream.host}/${name}:latest`];
      await runCommand("skopeo", ["--insecure-policy", "copy", "--all", "--dest-tls-verify=false", ...ends]);
    }
    const egress = await EgressProxy.start(scope);
    const berth = await startBerth(scope, { proxy: settingsFor(upstream) });
    return new Mirror(scope, { upstream, layout, egress }, berth);
  }

  /** `127.0.0.1:port`, the same after a restart. */
  get host(): string {
    return this.#berth.host;
  }

  /** For clients: what they ask another than Berth for, they ask a proxy for, which leads nowhere. */
  get clientEnvironment(): Readonly<Record<string, string>> {
    return { HTTPS_PROXY: this.#egress.url, HTTP_PROXY: this.#egress.url };
  }

  /** Whom clients asked in Berth's stead since this was asked last: `CONNECT host:port`. */
  takeAskedElsewhere(): readonly string[] {
    return [...new Set(this.#egress.asked.splice(0))];
  }

  /** Content that was fetched from the upstream so far, as paths. */
  fetched(): readonly string[] {
    const gets = /"GET (\/v2\/\S+\/(?:manifests|blobs)\/\S+) HTTP\/1\.1" 200/g;
    return Array.from(this.#upstream.daemon.output.matchAll(gets), ([, path = ""]) => path);
  }

  /** How many blobs Berth has sent since it started. */
  sent(): number {
    return Array.from(this.#berth.daemon.output.matchAll(/method=GET path=\/v2\/\S+\/blobs\/\S+ status=200/g)).length;
  }

  killUpstream(): Promise<void> {
    return this.#upstream.daemon.kill();
  }

  async restart(): Promise<void> {
    const { daemon, root, port } = this.#berth;
    await daemon.stop();
    this.#berth = await startBerth(this.#scope, { root, port, proxy: settingsFor(this.#upstream) });
  }
}

/** Pulls by a client, which must have forgotten what it had, in each state in which a mirror has to serve. */
export async function pullInEveryState(t: TestContext, mirror: Mirror, pull: () => Promise<void>): Promise<void> {
  const pullHere = async () => {
    const before = mirror.sent();
    await pull();
    await waitUntil("Berth logs what it sent", () => (mirror.sent() > before ? true : undefined));
    assert.deepEqual(mirror.takeAskedElsewhere(), [], "the client has to be content with Berth");
  };
  await t.test("cold: everything is fetched, and once", async () => {
    await pullHere();
    const fetched = mirror.fetched();
    assert.ok(fetched.length > 0);
    assert.deepEqual(fetched, [...new Set(fetched)]);
  });
  await t.test("warm: nothing is fetched", async () => {
    const before = mirror.fetched();
    await pullHere();
    assert.deepEqual(mirror.fetched(), before);
  });
  await t.test("with the upstream killed", async () => {
    await mirror.killUpstream();
    await pullHere();
  });
  await t.test("after a restart of Berth, with the upstream still away", async () => {
    await mirror.restart();
    await pullHere();
  });
}

/** Each tag is asked for anew, so that each pull finds out how the upstream is. */
function settingsFor(upstream: PeerRegistry): Readonly<Record<string, unknown>> {
  const url = `http://${upstream.host}`;
  return { upstreams: ["docker.io", "ghcr.io"].map((name) => ({ name, url, tagTtl: "0s" })) };
}
