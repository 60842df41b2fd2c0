import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findProgram } from "./tools.mjs";

const cyclePaths = fileURLToPath(new URL("clients/cycle-paths.lua", import.meta.url));

/**
 * Requests per second of each run, for the paths in turn over kept connections, after a warm-up.
 * @param {{ url: string }} server
 * @param {{ paths: string[], headers?: Record<string, string>, settings: object }} work
 */
export async function requestRates(server, { paths, headers = {}, settings }) {
  const rates = [];
  const load = { server, paths, headers, connections: settings.connections };
  if (settings.warmup > 0) await requestRate({ ...load, seconds: settings.warmup });
  for (let run = 0; run < settings.runs; run++) rates.push(await requestRate({ ...load, seconds: settings.seconds }));
  return rates;
}

async function requestRate({ server, paths, headers, connections, seconds }) {
  // A script costs wrk time, so a single path goes without.
  const [target, script, scriptArgs] =
    paths.length === 1 ? [`${server.url}${paths[0]}`, [], []] : [server.url, ["-s", cyclePaths], ["--", ...paths]];
  const headerArgs = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const load = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "10s"];
  const { stdout } = await promisify(execFile)(findProgram("wrk"), [
    ...load,
    ...headerArgs,
    ...script,
    target,
    ...scriptArgs,
  ]);
  const trouble = stdout.match(/Non-2xx.*|Socket errors.*/)?.[0];
  if (trouble !== undefined) throw new Error(trouble);
  return Number(stdout.match(/Requests\/sec:\s+([\d.]+)/)[1]);
}
