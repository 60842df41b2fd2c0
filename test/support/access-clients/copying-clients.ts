import { join } from "node:path";
import type { Scope } from "../scope.js";
import { type AccessClient, inOwnHome, type Run, type Surroundings } from "./access-client.js";

export async function skopeoClient(scope: Scope, { host, layout }: Surroundings): Promise<AccessClient> {
  const skopeo = await inOwnHome(scope, "skopeo");
  const policy = "--insecure-policy";
  return {
    name: "skopeo",
    login: (user, password) => skopeo("login", "--tls-verify=false", "--username", user, "--password", password, host),
    pull: async (image) =>
      skopeo(policy, "copy", "--src-tls-verify=false", `docker://${image}`, `dir:${await scope.folder("skopeo")}`),
    push: (image) => skopeo(policy, "copy", "--dest-tls-verify=false", `oci:${layout}:image`, `docker://${image}`),
    remove: (image) => skopeo(policy, "delete", "--tls-verify=false", `docker://${image}`),
  };
}

export async function craneClient(scope: Scope, { host, layout }: Surroundings): Promise<AccessClient> {
  const crane = await inOwnHome(scope, "crane");
  return {
    name: "crane",
    login: async (user, password) => {
      await crane("auth", "login", "--username", user, "--password", password, host);
      // It does not ask the registry at its login.
      return crane("catalog", "--insecure", host);
    },
    pull: async (image) => crane("pull", "--insecure", image, join(await scope.folder("crane"), "image.tar")),
    push: (image) => crane("push", "--insecure", "--index", layout, image),
    remove: async (image) => {
      const digest = (await crane("digest", "--insecure", image)).trim();
      return crane("delete", "--insecure", `${image.split(":").slice(0, -1).join(":")}@${digest}`);
    },
  };
}

export async function orasClient(scope: Scope, { host, layout }: Surroundings): Promise<AccessClient> {
  const oras = await inOwnHome(scope, "oras");
  return {
    name: "oras",
    login: (user, password) => oras("login", "--plain-http", "--username", user, "--password", password, host),
    pull: async (image) =>
      oras("cp", "--from-plain-http", image, "--to-oci-layout", `${await scope.folder("oras")}:pulled`),
    push: (image) => oras("cp", "--from-oci-layout", `${layout}:image`, "--to-plain-http", image),
    remove: (image) => oras("manifest", "delete", "--plain-http", "--force", image),
  };
}

export async function regctlClient(scope: Scope, { host, layout }: Surroundings): Promise<AccessClient> {
  const run = await inOwnHome(scope, "regctl");
  const regctl: Run = (...args) => run("--host", `reg=${host},tls=disabled`, ...args);
  return {
    name: "regctl",
    login: (user, password) => regctl("registry", "login", "--user", user, "--pass", password, host),
    pull: async (image) => regctl("image", "copy", image, `ocidir://${await scope.folder("regctl")}:pulled`),
    push: (image) => regctl("image", "copy", `ocidir://${layout}:image`, image),
    remove: (image) => regctl("tag", "delete", image),
  };
}
