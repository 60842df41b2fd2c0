#!/usr/bin/env node
import module from "node:module";
import { basename, isAbsolute, join } from "node:path";
import { nameSourcesInStacks } from "./source-lines.js";

/** Until then Berth has started, and answered its first requests. */
const flushedAfterMs = 10_000;

requireFolder();
// Node would open its debugger, which runs any code, on a port of this machine.
process.on("SIGUSR1", () => {});
keepCompiledCode();
nameSourcesInStacks();
// Imported only now, so that what is kept is used for all of it.
const [{ runCommandLine }, { bearLostOutput }] = await Promise.all([
  import("./commands/run.js"),
  import("./serving/lost-output.js"),
]);
bearLostOutput();
const exitCode = await runCommandLine(basename(process.argv[1] ?? ""), process.argv.slice(2));
if (exitCode !== 0) process.exitCode = exitCode;

/** Paths of settings begin at the working folder, and packages ask for it when they are loaded. */
function requireFolder(): void {
  try {
    process.cwd();
  } catch {
    process.stderr.write("berth: the folder that this runs in has been deleted: change to another one (cd)\n");
    process.exit(1);
  }
}

/**
 * Keeps compiled code between starts, so that a start takes about half the time; Node 20 cannot. It is kept in the
 * user's own folder, since code that is found there runs. If that folder cannot be written, nothing is kept.
 */
function keepCompiledCode(): void {
  const { HOME = "", XDG_CACHE_HOME = "" } = process.env;
  const caches = XDG_CACHE_HOME !== "" || HOME === "" ? XDG_CACHE_HOME : join(HOME, ".cache");
  // Since Node 22.1 and 22.10; the types are those of the oldest Node that Berth runs on.
  const { enableCompileCache, flushCompileCache } = module as {
    enableCompileCache?: (folder: string) => unknown;
    flushCompileCache?: () => void;
  };
  if (!isAbsolute(caches) || enableCompileCache === undefined) return;
  enableCompileCache(join(caches, "berth"));
  // It is written when the process ends; one that is killed has written it before.
  if (flushCompileCache !== undefined) setTimeout(flushCompileCache, flushedAfterMs).unref();
}
