import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { findProgram } from "./tools.mjs";

/** Seconds to push an OCI image layout. */
export function pushImage(image, { port }) {
  return copy(`oci:${image}:latest`, imageAt(port), { options: ["--dest-tls-verify=false"] });
}

/**
 * Seconds to pull into a folder, which is removed again; skopeo verifies every digest.
 * @param {{ folder: string, limitSeconds?: number }} options
 */
export async function pullImage({ port }, { folder, limitSeconds }) {
  const target = mkdtempSync(join(folder, "pulled-"));
  try {
    const seconds = await copy(imageAt(port), `dir:${target}`, { options: ["--src-tls-verify=false"], limitSeconds });
    if (!existsSync(join(target, "manifest.json"))) throw new Error("skopeo pulled nothing");
    return seconds;
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}

function imageAt(port) {
  return `docker://127.0.0.1:${port}/library/bench:latest`;
}

async function copy(source, target, { options, limitSeconds = 600 }) {
  const started = performance.now();
  await promisify(execFile)(
    findProgram("skopeo"),
    ["--insecure-policy", "copy", "--quiet", ...options, source, target],
    { timeout: limitSeconds * 1000 },
  );
  return (performance.now() - started) / 1000;
}
