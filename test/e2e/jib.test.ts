import { strict as assert } from "node:assert";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { writeBusyboxLayout } from "../support/busybox-image.js";
import { runCommand } from "../support/command.js";
import { pullWhole } from "../support/content.js";
import { projectRoot } from "../support/project.js";
import { Scope } from "../support/scope.js";

/** The version that scripts/install-tools.sh installs. */
const plugin = "com.google.cloud.tools:jib-maven-plugin:3.5.2";
const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>test</groupId>
  <artifactId>app</artifactId>
  <version>1</version>
</project>
`;

test("jib builds a Java program on a base image in Berth, and mounts its layers", async (t) => {
  const scope = new Scope(t);
  const { host, client, daemon } = await startBerth(scope);
  const layout = await writeBusyboxLayout(await scope.folder("layout"));
  const ends = [`oci:${layout.folder}:index`, `docker://${host}/base:v1`];
  await runCommand("skopeo", ["--insecure-policy", "copy", "--all", "--dest-tls-verify=false", ...ends]);
  const cwd = await writeProgram(scope);
  const settings = {
    "maven.repo.local": join(projectRoot, ".build/tools/maven"),
    "jib.from.image": `${host}/base:v1`,
    "jib.to.image": `${host}/team/built:v1`,
    "jib.allowInsecureRegistries": "true",
    "jib.container.mainClass": "Main",
    "jib.baseImageCache": await scope.folder("base-layers"),
    "jib.applicationCache": await scope.folder("own-layers"),
  };

  const flags = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
  await runCommand("mvn", ["--batch-mode", "--quiet", ...flags, `${plugin}:build`], { cwd });

  const built = await pullWhole(client, "team/built", "v1");
  const base = await pullWhole(client, "base", "v1");
  assert.ok(
    built.some((digest) => base.includes(digest)),
    "the layers of the base are in it",
  );
  assert.match(daemon.output, /POST path=\/v2\/team\/built\/blobs\/uploads\/\S* status=201/);
});

/** Jib reads no classes if it is given the main class. */
async function writeProgram(scope: Scope): Promise<string> {
  const folder = await scope.folder("program");
  const classes = join(folder, "target/classes");
  await mkdir(classes, { recursive: true });
  await writeFile(join(folder, "pom.xml"), pom);
  await writeFile(join(classes, "greeting.properties"), "greeting=hello\n");
  return folder;
}
