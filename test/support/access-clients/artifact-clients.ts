import { clientHome } from "../client-home.js";
import { runCommand, tryCommand } from "../command.js";
import type { Scope } from "../scope.js";
import type { AccessClient, Run, Surroundings } from "./access-client.js";

const plain = "--plain-http";

/** Stores charts, so beside each image that it is told of there is a chart called `app` below the same name. */
export async function helmClient(scope: Scope, surroundings: Surroundings): Promise<AccessClient> {
  const { host, source, secret, publisher } = surroundings;
  const cwd = await scope.folder("charts");
  const env = await clientHome(scope);
  const helm: Run = (...args) => runCommand("helm", args, { cwd, env });
  await helm("create", "app");
  await helm("package", "app", "--version=0.1.0");
  const folderOf = (image: string) => `oci://${image.split(":").slice(0, -1).join(":")}`;
  const push = (image: string, ...login: string[]) => helm("push", "app-0.1.0.tgz", folderOf(image), plain, ...login);
  const { user, password } = publisher;
  for (const image of [source, secret]) await push(image, "--username", user, "--password", password);
  return {
    name: "helm",
    login: (name, secretOf) => helm("registry", "login", plain, "--username", name, "--password", secretOf, host),
    pull: async (image) =>
      helm("pull", `${folderOf(image)}/app`, "--version=0.1.0", plain, "--destination", await scope.folder("pulled")),
    push: (image) => push(image),
  };
}

/** Pulls by `save`, pushes by `copy` and a signature, and deletes that signature by `clean`. */
export async function cosignClient(scope: Scope, { host, source, secret }: Surroundings): Promise<AccessClient> {
  const cwd = await scope.folder("cosign");
  const env = { ...(await clientHome(scope)), COSIGN_PASSWORD: "" };
  const options = { cwd, env };
  const cosign: Run = (...args) => runCommand("cosign", args, options);
  await cosign("generate-key-pair");
  const http = "--allow-http-registry";
  const offline = ["--new-bundle-format=false", "--use-signing-config=false", "--tlog-upload=false"];
  const pull = async (image: string) => cosign("save", http, "--dir", await scope.folder("saved"), image);
  return {
    name: "cosign",
    login: async (user, password) => {
      await cosign("login", "--username", user, "--password", password, host);
      // It does not ask the registry at its login.
      return pull(secret);
    },
    pull,
    push: async (image) => {
      await cosign("copy", http, "--force", source, image);
      return cosign("sign", "--key=cosign.key", ...offline, http, "--yes", image);
    },
    remove: async (image) => {
      const { code, stderr } = await tryCommand(
        "cosign",
        ["clean", http, "--force", "--type=signature", image],
        options,
      );
      // It ends well even where the registry refuses.
      if (code !== 0 || !stderr.includes("Removed ")) throw new Error(stderr);
    },
  };
}
