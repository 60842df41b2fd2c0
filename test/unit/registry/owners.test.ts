import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { Owners, patternAround, type UpstreamNames } from "../../../src/registry/owners.js";

const hub: UpstreamNames = { name: "docker.io", prefix: "docker.io", namespaces: ["docker.io"], isDefault: true };
const ghcr: UpstreamNames = { name: "ghcr.io", prefix: "ghcr.io", namespaces: ["ghcr.io"], isDefault: false };
const quay: UpstreamNames = { name: "quay.io", prefix: "q", namespaces: ["quay.io", "quay"], isDefault: false };

const hybrid = new Owners(["*", "team/**", "ci-*/cache", "pause-*"], [hub, ghcr, quay], "private");

/** The owner of a name: `private`, an upstream, or `nobody`. */
function whose(owners: Owners, name: string, namespace?: string): string {
  const owner = owners.of(parseRepositoryName(name), namespace);
  return owner.kind === "upstream" ? owner.upstream : owner.kind;
}

test("names that match a pattern are private, those with the prefix of an upstream belong to it, the rest to the default", () => {
  const expected: Record<string, string> = {
    my_custom_image: "private",
    "team/app": "private",
    "team/app/web": "private",
    "ci-7/cache": "private",
    "ci-7/other": "docker.io",
    "library/alpine": "docker.io",
    "docker.io/alpine": "docker.io",
    "ghcr.io/owner/image": "ghcr.io",
    "q/org/app": "quay.io",
    team: "private",
  };
  for (const [name, owner] of Object.entries(expected)) assert.equal(whose(hybrid, name), owner, name);
});

test("a namespace selects its upstream, never overrides private names as the default, and is refused if unknown", () => {
  assert.equal(whose(hybrid, "pause-3", "quay.io"), "quay.io");
  assert.equal(whose(hybrid, "pause", "quay"), "quay.io");
  assert.equal(whose(hybrid, "pause", "docker.io"), "private");
  assert.equal(whose(hybrid, "library/alpine", "docker.io"), "docker.io");
  assert.equal(whose(hybrid, "pause", "registry.k8s.io"), "nobody");
  assert.equal(whose(hybrid, "ghcr.io/owner/image", "registry.k8s.io"), "ghcr.io");
});

test("each of Docker Hub's names selects it, in any case; a configured name takes precedence", () => {
  for (const namespace of ["docker.io", "Docker.io", "index.docker.io", "registry-1.docker.io", "DOCKER.IO:443"]) {
    assert.equal(whose(hybrid, "library/alpine", namespace), "docker.io", namespace);
    assert.equal(whose(new Owners([], [{ ...hub, isDefault: false }], "nobody"), "app", namespace), "docker.io");
  }
  const mirror = { ...ghcr, namespaces: ["index.docker.io"] };
  assert.equal(whose(new Owners([], [hub, mirror], "nobody"), "app", "index.docker.io"), "ghcr.io");
});

test("Docker Hub's other names as prefixes select it too, unless the name is private", () => {
  for (const first of ["index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"]) {
    assert.equal(whose(hybrid, `${first}/library/alpine`), "docker.io", first);
    const harbor = new Owners(
      [],
      [
        { ...hub, isDefault: false },
        { ...ghcr, isDefault: true },
      ],
      "private",
    );
    assert.equal(whose(harbor, `${first}/library/alpine`), "docker.io", first);
    assert.equal(whose(new Owners([], [ghcr], "private"), `${first}/library/alpine`), "private", first);
    assert.equal(whose(new Owners([], [{ ...hub, isDefault: false }], "private"), `${first}/app`), "private", first);
    assert.equal(whose(new Owners([`${first}/**`], [hub], "private"), `${first}/library/alpine`), "private", first);
  }
});

test("a name that looks like another registry's is never requested from Docker Hub; another default may have it", () => {
  assert.equal(whose(hybrid, "registry.k8s.io/pause"), "nobody");
  assert.equal(whose(hybrid, "localhost/app"), "nobody");
  const mine = new Owners(["my.team/**"], [hub], "private");
  assert.equal(whose(mine, "my.team/app"), "private");
  const harbor = new Owners([], [{ ...ghcr, isDefault: true }], "private");
  assert.equal(whose(harbor, "my.team/app"), "ghcr.io");
});

test("without a default, unmatched names are private in hybrid mode and have no owner in proxy mode", () => {
  assert.equal(whose(new Owners([], [ghcr], "private"), "team/app"), "private");
  assert.equal(whose(new Owners([], [ghcr], "nobody"), "team/app"), "nobody");
});

test("an owner gives its reason, and whether a pattern would make the name private", () => {
  const name = parseRepositoryName("platform/web/app");
  assert.match(hybrid.of(name).because, /matches no pattern in private\.repositories/);
  assert.equal(hybrid.of(name).mayBecomePrivate, true);
  assert.equal(patternAround(name), "platform/web/*");
  assert.match(hybrid.of(parseRepositoryName("team/app")).because, /"team\/\*\*"/);
  assert.equal(hybrid.of(parseRepositoryName("ghcr.io/a")).mayBecomePrivate, false);
});
