// Lists Berth's run-time packages: node scripts/supply-chain.mjs [FOLDER]
// Writes a software bill of materials (CycloneDX) and a list of licences to FOLDER, by default .build/supply-chain.
// Exits with 1 if a package's licence is not known to be free, or the package has no checksum in the lock file.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** SPDX names of licences under which a package may be distributed with Berth, together with its notice. */
const freeLicences = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC0-1.0",
  "ISC",
  "MIT",
]);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? join(root, ".build/supply-chain");
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const packages = packagesAtRunTime(lock);
  const problems = problemsOf(packages);
  for (const problem of problems) console.error(problem);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "licences.txt"), licenceList(packages));
  writeFileSync(join(folder, "sbom.cdx.json"), billOfMaterials(lock));
  console.log(`${packages.length} packages at run time; bill of materials and licences are in ${folder}`);
  if (problems.length > 0) process.exitCode = 1;
}

/** The packages of an installation without development dependencies, including optional ones. */
export function packagesAtRunTime(lock) {
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== "" && dev !== true)
    .map(([path, { version, license, integrity }]) => {
      const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
      return { name, version, licence: license, integrity };
    });
}

export function problemsOf(packages) {
  return packages.flatMap(({ name, version, licence, integrity }) => [
    ...(isFree(licence)
      ? []
      : [`${name} ${version}: the licence ${licence ?? "(none)"} is not on the list of free ones`]),
    ...(integrity?.startsWith("sha512-") ? [] : [`${name} ${version}: package-lock.json has no sha512 of it`]),
  ]);
}

/** Of alternatives one is enough; of several that apply together each must be free. */
function isFree(licence) {
  if (typeof licence !== "string") return false;
  const choices = licence.replace(/^\((.*)\)$/, "$1").split(" OR ");
  return choices.some((choice) => choice.split(" AND ").every((name) => freeLicences.has(name.trim())));
}

function licenceList(packages) {
  const lines = packages.map(({ name, version, licence }) => `${licence ?? "(none)"}\t${name}\t${version}\n`);
  return lines.sort().join("");
}

/**
 * From a lock without development dependencies: with `--omit=dev`, npm 11 also leaves out packages that these need, even
 * if others need them, too.
 */
function billOfMaterials(lock) {
  const { devDependencies: _, ...manifest } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const temporary = mkdtempSync(join(tmpdir(), "berth-sbom-"));
  try {
    // npm names the bill after the folder.
    const folder = join(temporary, manifest.name);
    mkdirSync(folder);
    const { devDependencies: __, ...top } = lock.packages[""];
    const kept = Object.entries(lock.packages).filter(([path, { dev }]) => path !== "" && dev !== true);
    const packages = { "": top, ...Object.fromEntries(kept) };
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
    writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ ...lock, packages }));
    const args = ["sbom", "--sbom-format=cyclonedx", "--sbom-type=application", "--package-lock-only"];
    return execFileSync("npm", args, { cwd: folder, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  } finally {
    rmSync(temporary, { recursive: true });
  }
}
