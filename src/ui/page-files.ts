import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { BoundedMap } from "../foundation/bounded-map.js";

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
  /** The document, for a page whose paths begin with this. */
  documentFor(base: string): Promise<PageFile>;
  /** By name, such as `main.js`. */
  readonly assets: ReadonlyMap<string, PageFile>;
}

/** A Berth has one address; clients that make others up get no more room than this. */
const rememberedDocuments = 10;

/** What `scripts/build-page.mjs` writes. */
const builtFolder = "dist/ui/browser";

const types: ReadonlyMap<string, string> = new Map([
  [".js", "text/javascript; charset=utf-8"],
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
  for (const [name, content] of sources) hash.update(name).update(content);
  const version = hash.digest("base64url").slice(0, 12);
  const assets = new Map<string, PageFile>();
  for (const [name, content] of sources) assets.set(name, await fileOf(name, content));
  const documents = new BoundedMap<string, Promise<PageFile>>(rememberedDocuments);
  const documentFor = (base: string) => {
    const known = documents.get(base);
    if (known !== undefined) return known;
    const made = fileOf("index.html", template.replaceAll("/ui/assets/-/", `${base}/ui/assets/${version}/`));
    documents.set(base, made);
    return made;
  };
  return { version, documentFor, assets };
}

/** By name, in order. */
async function readSources(folder: string): Promise<Map<string, string>> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  const sources = new Map<string, string>();
  for (const name of names.sort())
    if (types.has(extname(name))) sources.set(name, await readFile(join(folder, name), "utf8"));
  return sources;
}

async function fileOf(name: string, content: string): Promise<PageFile> {
  const plain = Buffer.from(content);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
  const [br, zipped] = await Promise.all([promisify(brotliCompress)(plain, { params }), promisify(gzip)(plain)]);
  return { type: types.get(extname(name)) ?? "application/octet-stream", plain, br, gzip: zipped };
}
