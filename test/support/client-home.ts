import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Scope } from "./scope.js";

/** An environment in which a client finds no credentials, caches or settings of the person who runs the tests. */
export async function clientHome(scope: Scope): Promise<Readonly<Record<string, string>>> {
  const home = await scope.folder("home");
  const docker = join(home, ".docker");
  await mkdir(docker);
  await writeFile(join(docker, "config.json"), "{}");
  return {
    HOME: home,
    DOCKER_CONFIG: docker,
    REGISTRY_AUTH_FILE: join(docker, "config.json"),
    XDG_CONFIG_HOME: join(home, ".config"),
    XDG_RUNTIME_DIR: join(home, "run"),
    TMPDIR: home,
  };
}
