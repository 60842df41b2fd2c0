import { strict as assert } from "node:assert";
import type { TestContext } from "node:test";
import { type BerthProcess, startBerth } from "./berth-process.js";
import { type BusyboxLayout, writeBusyboxLayout } from "./busybox-image.js";
import { runCommand } from "./command.js";
import { EgressProxy } from "./egress-proxy.js";
import { type PeerRegistry, startPeer } from "./peer-registry.js";
import type { Scope } from "./scope.js";
import { waitUntil } from "./wait-until.js";

/** The mirrored registries, and the content of each: an index of two platforms. */
const mirrored = { "docker.io": "library/tool", "ghcr.io": "owner/tool" };

interface Parts {
  readonly layout: BusyboxLayout;
  readonly upstreams: readonly PeerRegistry[];
  readonly egress: EgressProxy;
  readonly proxy: Readonly<Record<string, unknown>>;
  readonly access: Readonly<Record<string, unknown>> | undefined;
}

/** A Berth that caches stand-ins for Docker Hub and ghcr.io; its clients can reach nothing else. */
export class Mirror {
  readonly #scope: Scope;
  readonly #parts: Parts;
  #berth: BerthProcess;

  private constructor(scope: Scope, parts: Parts, berth: BerthProcess) {
    this.#scope = scope;
    this.#parts = parts;
    this.#berth = berth;
  }

  /** @param access settings of that section */
  static async start(scope: Scope, access?: Readonly<Record<string, unknown>>): Promise<Mirror> {
    const layout = await writeBusyboxLayout(await scope.folder("layout"));
    const upstreams = Object.values(mirrored).map((name) => startUpstream(scope, layout, name));
    const parts = { layout, upstreams: await Promise.all(upstreams), egress: await EgressProxy.start(scope) };
    const proxy = settingsFor(parts.upstreams);
    return new Mirror(
      scope,
      { ...parts, proxy, access },
      await startBerth(scope, { proxy, ...(access && { access }) }),
    );
  }

  get layout(): BusyboxLayout {
    return this.#parts.layout;
  }

  /** `127.0.0.1:port`, the same after a restart. */
  get host(): string {
    return this.#berth.host;
  }

  /** The environment of clients: everything except Berth is requested through a proxy that leads nowhere. */
  get clientEnvironment(): Readonly<Record<string, string>> {
    return { HTTPS_PROXY: this.#parts.egress.url, HTTP_PROXY: this.#parts.egress.url };
  }

  /** What clients requested from others than Berth since the last call: `CONNECT host:port`. */
  takeAskedElsewhere(): readonly string[] {
    return [...new Set(this.#parts.egress.asked.splice(0))];
  }

  /** Paths of the content that was fetched from the upstreams so far. */
  fetched(): readonly string[] {
    const gets = /"GET (\/v2\/\S+\/(?:manifests|blobs)\/\S+) HTTP\/1\.1" 200/g;
    const output = this.#parts.upstreams.map(({ daemon }) => daemon.output).join("");
    return Array.from(output.matchAll(gets), ([, path = ""]) => path);
  }

  /** Number of blobs that Berth has sent since its start. */
  sent(): number {
    return Array.from(this.#berth.daemon.output.matchAll(/method=GET path=\/v2\/\S+\/blobs\/\S+ status=200/g)).length;
  }

  async killUpstreams(): Promise<void> {
    await Promise.all(this.#parts.upstreams.map(({ daemon }) => daemon.kill()));
  }

  async stop(): Promise<void> {
    await this.#berth.daemon.stop();
  }

  async restart(): Promise<void> {
    const { root, port } = this.#berth;
    await this.stop();
    const { proxy, access } = this.#parts;
    this.#berth = await startBerth(this.#scope, { root, port, proxy, ...(access && { access }) });
  }
}

/** Pulls with a client, which must have forgotten what it had, in each state in which a mirror must serve. */
export async function pullInEveryState(t: TestContext, mirror: Mirror, pull: () => Promise<void>): Promise<void> {
  const pullHere = async () => {
    const before = mirror.sent();
    await pull();
    await waitUntil("Berth logs what it sent", () => (mirror.sent() > before ? true : undefined));
    assert.deepEqual(mirror.takeAskedElsewhere(), [], "the client must use only Berth");
  };
  await t.test("cold: everything is downloaded, and once", async () => {
    await pullHere();
    const fetched = mirror.fetched();
    assert.ok(fetched.length > 0);
    assert.deepEqual(fetched, [...new Set(fetched)]);
  });
  await t.test("warm: nothing is downloaded", async () => {
    const before = mirror.fetched();
    await pullHere();
    assert.deepEqual(mirror.fetched(), before);
  });
  await t.test("with the upstream killed", async () => {
    await mirror.killUpstreams();
    await pullHere();
  });
  await t.test("after a restart of Berth, with the upstream still down", async () => {
    await mirror.restart();
    await pullHere();
  });
}

async function startUpstream(scope: Scope, layout: BusyboxLayout, name: string): Promise<PeerRegistry> {
  const upstream = await startPeer(scope, "registry 3.1.2", await scope.folder("upstream"));
  const ends = [`oci:${layout.folder}:index`, `docker://${upstream.host}/${name}:latest`];
  await runCommand("skopeo", ["--insecure-policy", "copy", "--all", "--dest-tls-verify=false", ...ends]);
  return upstream;
}

/** Each tag is checked again on each pull, which so finds out the state of its upstream. */
function settingsFor(upstreams: readonly PeerRegistry[]): Readonly<Record<string, unknown>> {
  const urls = upstreams.map(({ host }) => `http://${host}`);
  return { upstreams: Object.keys(mirrored).map((name, at) => ({ name, url: urls[at], tagTtl: "0s" })) };
}
