import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

/** A file of the page, in the forms in which it is sent. */
export interface PageFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly br: Buffer;
  readonly gzip: Buffer;
}

/** The files of the page. They do not change while Berth runs. */
export interface PageFiles {
  /** Part of the address of each file: changes whenever a file does, so that browsers may keep them for good. */
  readonly version: string;
  readonly index: PageFile;
  /** By path, such as `views/home.js`. */
  readonly assets: ReadonlyMap<string, PageFile>;
}

/** What `scripts/build-page.mjs` writes, and the places of preact's modules, which are served from its package. */
const builtFolder = "dist/ui/browser";
const modules: ReadonlyMap<string, string> = new Map([
  ["preact", "lib/preact.js"],
  ["preact/hooks", "lib/hooks.js"],
  ["preact/jsx-runtime", "lib/jsx-runtime.js"],
]);

const types: ReadonlyMap<string, string> = new Map([
  [".js", "text/javascript; charset=utf-8"],
  [".cjs", "text/javascript; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".svg", "image/svg+xml"],
  [".html", "text/html; charset=utf-8"],
]);

/**
 * Reads and compresses the page, once; some 100 kB.
 * @param packageFolder where package.json is
 * @throws Error if it was not built
 */
export async function readPageFiles(packageFolder: string): Promise<PageFiles> {
  const sources = await readSources(join(packageFolder, builtFolder));
  const template = sources.get("index.html");
  if (template === undefined) throw new Error(`the page was not built: ${builtFolder} is missing; run npm run build`);
  sources.delete("index.html");
  const hash = createHash("sha256").update(template);
  for (const [path, content] of sources) hash.update(path).update(content);
  const version = hash.digest("base64url").slice(0, 12);
  const assets = new Map<string, PageFile>();
  for (const [path, content] of sources) assets.set(path, await fileOf(path, content));
  const index = await fileOf("index.html", indexOf(template, version, [...sources.keys()]));
  return { version, index, assets };
}

/** By path, in order, with the modules that they import by the name of a package already replaced. */
async function readSources(folder: string): Promise<Map<string, string>> {
  const names = existsSync(folder) ? await readdir(folder, { recursive: true }) : [];
  const paths = names.map((name) => name.replaceAll("\\", "/")).filter((name) => types.has(extname(name)));
  const sources = new Map<string, string>();
  for (const path of paths.sort())
    sources.set(path, withServedModules(path, await readFile(join(folder, path), "utf8")));
  const { resolve } = createRequire(import.meta.url);
  for (const [name, path] of modules) sources.set(path, withServedModules(path, await readFile(resolve(name), "utf8")));
  return sources;
}

/** Browsers find a package's module by an address only, and an import map would be an inline script. */
function withServedModules(path: string, source: string): string {
  if (extname(path) !== ".js") return source;
  const up = "../".repeat(path.split("/").length - 1) || "./";
  const served = source.replace(/\b(from|import)(\s*)(["'])(preact[\w/-]*)\3/g, (whole, word, space, quote, name) => {
    const place = modules.get(name);
    return place === undefined ? whole : `${word}${space}${quote}${up}${place}${quote}`;
  });
  return served.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
}

/** All modules are named in the page, so that a browser requests them at once and not one after another. */
function indexOf(template: string, version: string, paths: readonly string[]): string {
  const preloads = paths
    .filter((path) => path.endsWith(".js"))
    .map((path) => `<link rel="modulepreload" href="/ui/assets/${version}/${path}">`);
  return template
    .replace("<!-- preloads -->", preloads.join("\n    "))
    .replaceAll("/ui/assets/-/", `/ui/assets/${version}/`);
}

async function fileOf(path: string, content: string): Promise<PageFile> {
  const plain = Buffer.from(content);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
  const [br, zipped] = await Promise.all([promisify(brotliCompress)(plain, { params }), promisify(gzip)(plain)]);
  return { type: types.get(extname(path)) ?? "application/octet-stream", plain, br, gzip: zipped };
}
