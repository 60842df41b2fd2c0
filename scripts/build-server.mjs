// Bundles the program into dist, since each file that a start loads costs it about half a millisecond: one file has all
// that every server needs, and each part that is loaded on its own has another. Nothing is minified, and source maps
// lie beside the files, so that stacks can be read (src/source-lines.ts).
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { sectionedMap } from "./sectioned-map.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, "dist");

/** Node starts each of these by its name: the program, a server process, and threads. */
const program = { main: "src/main.ts", worker: "src/serving/workers/worker.ts" };
const threads = {
  "disk-worker": "src/storage/drivers/filesystem/disk-worker.ts",
  "disk-reader": "src/storage/drivers/filesystem/disk-reader.ts",
  "folder-thread": "src/storage/drivers/filesystem/folder-thread.ts",
  "manifest-thread": "src/oci/manifest-thread.ts",
  "list-thread": "src/upstream/list-thread.ts",
};

/** What every server loads. */
const serverParts = [
  "src/commands/run.ts",
  "src/commands/serve.ts",
  "src/config/yaml-file.ts",
  "src/serving/lost-output.ts",
  "src/serving/serve-alone.ts",
];

/**
 * Packages that stay outside: native code, what few servers load, and what is loaded by `require`, which a bundle cannot
 * follow. All others are bundled: yaml alone has 72 files, and axios with what it needs takes a cache 0.1 s to load.
 */
const packagesOutside = [
  "@aws-sdk/client-s3",
  "@aws-sdk/credential-providers",
  "@node-rs/bcrypt",
  "express",
  "fastest-levenshtein",
  "jose",
  "preact",
  "prom-client",
  "tldts",
  "winston",
];

removeFormerBuild();
const bundle = await rolldown({
  cwd: root,
  input: { ...program, ...threads },
  external: (id) => packagesOutside.some((name) => id === name || id.startsWith(`${name}/`)),
  platform: "node",
  treeshake: false,
  preserveEntrySignatures: false,
  checks: { ineffectiveDynamicImport: false },
});
const { output } = await bundle.write({
  dir: target,
  format: "es",
  sourcemap: true,
  sourcemapExcludeSources: true,
  chunkFileNames: "[name].js",
  codeSplitting: { groups: [{ debugName: "files", name: fileOfModule() }], includeDependenciesRecursively: false },
});
await bundle.close();
for (const { type, fileName, code } of output)
  if (type === "chunk") writeFileSync(join(target, fileName), inAscii(code));
for (const name of readdirSync(target)) if (name.endsWith(".map")) divideMap(join(target, name));
for (const name of Object.keys(threads)) refuseIfServer(`${name}.js`);
// preact is in the page (build-page.mjs).
writeFileSync(join(target, "licenses.txt"), [...bundledPackages(), "node_modules/preact"].map(licenseOf).join("\n"));

/** One other character, and V8 keeps all of a file in twice the memory. */
function inAscii(code) {
  return code.replace(/[^\0-\x7f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function divideMap(file) {
  writeFileSync(file, JSON.stringify(sectionedMap(JSON.parse(readFileSync(file, "utf8")))));
}

/** All but the page, which is built by itself. */
function removeFormerBuild() {
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(target)) if (name !== "ui") rmSync(join(target, name), { recursive: true });
}

/** @returns a function that says which file a module belongs to: what a thread loads is apart from the server */
function fileOfModule() {
  let files;
  return (id, graph) => {
    files ??= [
      ...Object.entries(threads).map(([name, file]) => [`${name}-parts`, importedBy([file], graph)]),
      ["server", importedBy(serverParts, graph)],
    ];
    // What an entry does when it is loaded must not happen where only its parts are needed.
    if (graph.getModuleInfo(id)?.isEntry) return undefined;
    return files.find(([, modules]) => modules.has(id))?.[0];
  };
}

/** A thread that loaded the server would start ten times more slowly, and take ten times the memory. */
function refuseIfServer(file, thread = file) {
  if (file === "server.js") throw new Error(`${thread} loads the whole server`);
  for (const imported of output.find(({ fileName }) => fileName === file)?.imports ?? [])
    refuseIfServer(imported, thread);
}

function importedBy(files, graph) {
  const found = new Set(files.map((file) => join(root, file)));
  // A set also visits what is added meanwhile.
  for (const id of found) for (const imported of graph.getModuleInfo(id)?.importedIds ?? []) found.add(imported);
  return found;
}

/** Folders of the packages that are in the bundle, below the root. */
function bundledPackages() {
  const modules = output.flatMap(({ moduleIds }) => moduleIds ?? []);
  const folders = modules.map((id) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(relative(root, id))?.[0]);
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort();
}

function licenseOf(folder) {
  const file = readdirSync(join(root, folder)).find((each) => /^licen[cs]e/i.test(each));
  if (file !== undefined) return `${folder}\n\n${readFileSync(join(root, folder, file), "utf8")}`;
  const { author, license } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  if (license === undefined) throw new Error(`${folder} is bundled and has no licence`);
  return `${folder}\n\n${license}, by ${author?.name ?? author}\n`;
}
