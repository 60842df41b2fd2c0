import { strict as assert } from "node:assert";
import { test } from "node:test";
import {
  type AccessClient,
  buildahClient,
  containerdClient,
  craneClient,
  dockerClient,
  isRefused,
  orasClient,
  podmanClient,
  regctlClient,
  skopeoClient,
} from "../support/access-clients.js";
import { startBerth } from "../support/berth-process.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { clientHome } from "../support/client-home.js";
import { runCommand } from "../support/command.js";
import { htpasswdFile } from "../support/guarded-berth.js";
import { Scope } from "../support/scope.js";

const clients = [
  dockerClient,
  podmanClient,
  buildahClient,
  skopeoClient,
  craneClient,
  orasClient,
  regctlClient,
  containerdClient,
];

/** Everybody may pull what is below public/, ann may push below team/, and only root may delete. */
const access = {
  rules: [
    { allow: "pull", to: "everyone", in: "public/**" },
    { allow: ["pull", "push"], to: "ann", in: "team/**" },
    { allow: ["pull", "push", "delete"], to: "root", in: "**" },
  ],
};

test("on one address everybody pulls what is public, and users pull and push what is theirs", async (t) => {
  const scope = new Scope(t);
  const htpasswd = await htpasswdFile(scope, { ann: "ann-password", root: "root-password" });
  const { host } = await startBerth(scope, { access: { ...access, users: { htpasswd } } });
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

  for (const create of clients) {
    const client = await create(scope, { host, layout, source, secret });
    await t.test(client.name, () => story(client, host, source));
  }
});

async function story(client: AccessClient, host: string, source: string): Promise<void> {
  await client.pull(source);
  assert.ok(await isRefused(client.pull(`${host}/team/private:v1`)), "an anonymous pull of what is private");
  assert.ok(await isRefused(client.push(`${host}/team/${client.name}:anonymous`)), "an anonymous push");
  if (client.login !== undefined) assert.ok(await isRefused(client.login("ann", "wrong")), "a wrong password");
  await client.login?.("ann", "ann-password");
  await client.pull(source);
  await client.pull(`${host}/team/private:v1`);
  await client.push(`${host}/team/${client.name}:v1`);
  assert.ok(await isRefused(client.push(`${host}/other/${client.name}:v1`)), "a push elsewhere");
  if (client.remove !== undefined) {
    assert.ok(await isRefused(client.remove(`${host}/team/${client.name}:v1`)), "a deletion without the right");
    await client.login?.("root", "root-password");
    await client.remove(`${host}/team/${client.name}:v1`);
  }
}
