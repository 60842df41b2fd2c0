import { strict as assert } from "node:assert";
import { join } from "node:path";
import { test } from "node:test";
import { type AccessClient, isRefused } from "../support/access-clients/access-client.js";
import { cosignClient, helmClient } from "../support/access-clients/artifact-clients.js";
import { craneClient, orasClient, regctlClient, skopeoClient } from "../support/access-clients/copying-clients.js";
import {
  buildahClient,
  buildkitClient,
  composeClient,
  containerdClient,
  dockerClient,
  podmanClient,
} from "../support/access-clients/engines.js";
import { startBerth } from "../support/berth-process.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { clientHome } from "../support/client-home.js";
import { runCommand } from "../support/command.js";
import { htpasswdFile } from "../support/guarded-berth.js";
import { inLanes } from "../support/lanes.js";
import { projectRoot } from "../support/project.js";
import { Scope } from "../support/scope.js";

const clients = [
  dockerClient,
  composeClient,
  podmanClient,
  buildahClient,
  skopeoClient,
  craneClient,
  orasClient,
  regctlClient,
  containerdClient,
  buildkitClient,
  helmClient,
  cosignClient,
];

/** Everyone may pull what is below public/, ann may push below team/, ci everywhere, and only root may delete. */
const access = {
  rules: [
    { allow: "pull", to: "everyone", in: "public/**" },
    { allow: ["pull", "push"], to: "ann", in: "team/**" },
    { allow: ["pull", "push"], to: "ci", in: "**" },
    { allow: ["pull", "push", "delete"], to: "root", in: "**" },
  ],
};

const clientsAtOnce = 2;

test("on one address everyone pulls what is public, and users pull and push what is theirs", {
  concurrency: clientsAtOnce,
}, async (t) => {
  const scope = new Scope(t);
  const htpasswd = await htpasswdFile(scope, { ann: "ann-password", root: "root-password" });
  const { host, configFile } = await startBerth(scope, { access: { ...access, users: { htpasswd } } });
  const token = await createToken(configFile, "push:team/**");
  const { folder: layout } = await writeBusyboxLayout(await scope.folder("layout"));
  const source = `${host}/public/tool:v1`;
  const env = await clientHome(scope);
  const skopeo = (image: string) =>
    runCommand(
      "skopeo",
      [
        "--insecure-policy",
        "copy",
        "--dest-creds=root:root-password",
        "--dest-tls-verify=false",
        `oci:${layout}:image`,
        `docker://${image}`,
      ],
      { env },
    );
  await skopeo(source);
  const secret = `${host}/team/private:v1`;
  await skopeo(secret);
  const publisher = { user: "root", password: "root-password" };

  await inLanes(clientsAtOnce, clients, async (create) => {
    const client = await create(scope, { host, layout, source, secret, publisher });
    await t.test(client.name, () => story(client, { host, source, token }));
  });
});

/** A token of the user ci, by `berth token create`. */
async function createToken(configFile: string, scope: string): Promise<string> {
  const args = ["token", "create", "--user", "ci", "--scope", scope, "--config", configFile];
  return (await runCommand(process.execPath, [join(projectRoot, "dist/main.js"), ...args])).trim();
}

interface Place {
  readonly host: string;
  readonly source: string;
  /** Of ci, who may push everywhere; for `team/**` only. */
  readonly token: string;
}

async function story(client: AccessClient, { host, source, token }: Place): Promise<void> {
  await client.pull(source);
  assert.ok(await isRefused(client.pull(`${host}/team/private:v1`)), "an anonymous pull of what is private");
  assert.ok(await isRefused(client.push(`${host}/team/${client.name}:anonymous`)), "an anonymous push");
  assert.ok(await isRefused(client.login("ann", "wrong")), "a wrong password");
  await client.login("ann", "ann-password");
  await client.pull(source);
  await client.pull(`${host}/team/private:v1`);
  await client.push(`${host}/team/${client.name}:v1`);
  assert.ok(await isRefused(client.push(`${host}/other/${client.name}:v1`)), "a push elsewhere");
  await client.login("ci", token);
  await client.push(`${host}/team/${client.name}:ci`);
  assert.ok(await isRefused(client.push(`${host}/other/${client.name}:ci`)), "a push outside the scope of the token");
  if (client.remove !== undefined) {
    assert.ok(await isRefused(client.remove(`${host}/team/${client.name}:v1`)), "a deletion without the right");
    await client.login("root", "root-password");
    await client.remove(`${host}/team/${client.name}:v1`);
  }
}
