import type { OutgoingHttpHeaders } from "node:http";
import type { Exchange } from "../http/exchange.js";
import { greet } from "../http/handlers/base.js";
import type { Handler } from "../http/handlers/handler.js";
import { prefixOf } from "../http/location.js";
import type { Resource } from "../http/router.js";
import { isKnownToClient, sendBytes, sendEmpty } from "../http/send.js";
import { RegistryError } from "../oci/errors.js";
import { type PageFile, type PageFiles, readPageFiles } from "./page-files.js";

/**
 * The page has no inline script or style, and loads nothing from elsewhere. What users push, such as a label with
 * markup, could do nothing even if the page showed it wrongly.
 */
export const security: OutgoingHttpHeaders = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; " +
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
};

const forGood = "public, max-age=31536000, immutable";

/** The page at /ui/: one document for all its views, and the files that it loads. They hold nothing of users. */
export function pageRoutes(packageFolder: string): Resource[] {
  const page = new Page(packageFolder);
  const methods = (handler: Handler) => ({ GET: handler, HEAD: handler });
  return [
    { name: "base", path: "/", methods: methods(leadBrowsers) },
    { name: "ui", path: "/ui/assets/:version/:file", methods: methods((exchange) => page.sendAsset(exchange)) },
    { name: "ui", path: "/ui{/*view}", methods: methods((exchange) => page.sendDocument(exchange)) },
  ];
}

/** Probes, and clients of the registry, do not ask for HTML. */
const leadBrowsers: Handler = function leadBrowsers(exchange) {
  const isBrowser = exchange.header("accept")?.includes("text/html");
  return isBrowser
    ? sendEmpty(exchange, 302, { Location: `${prefixOf(exchange)}/ui/`, Vary: "Accept" })
    : greet(exchange);
};

class Page {
  readonly #packageFolder: string;
  #files: Promise<PageFiles> | undefined;

  constructor(packageFolder: string) {
    this.#packageFolder = packageFolder;
  }

  async sendDocument(exchange: Exchange): Promise<void> {
    const { documentFor, version } = await this.#read();
    const base = prefixOf(exchange);
    const document = await documentFor(base);
    sendFile(exchange, document, { ...security, ETag: `"${version}${base}"`, "Cache-Control": "no-cache" });
  }

  /**
   * A file of another version is answered, too: after an update, a page that is still open asks for one, and with
   * several replicas the document may come from another one.
   */
  async sendAsset(exchange: Exchange): Promise<void> {
    const { assets, version } = await this.#read();
    const { file, version: asked } = exchange.parameters;
    const asset = typeof file === "string" ? assets.get(file) : undefined;
    if (asset === undefined) throw new RegistryError("UNSUPPORTED", "the page has no such file", { status: 404 });
    const lifetime = asked === version ? forGood : "no-cache";
    sendFile(exchange, asset, { ...security, ETag: `"${version}"`, "Cache-Control": lifetime });
  }

  /** Read on first use: most pulls and pushes go to a Berth whose page nobody opens. */
  #read(): Promise<PageFiles> {
    this.#files ??= readPageFiles(this.#packageFolder).catch((cause: unknown) => {
      this.#files = undefined;
      throw cause;
    });
    return this.#files;
  }
}

function sendFile(exchange: Exchange, file: PageFile, headers: OutgoingHttpHeaders & { ETag: string }): void {
  const { coding, content } = bestCoding(exchange, file);
  const sent = {
    ...headers,
    "Content-Type": file.type,
    Vary: "Accept-Encoding, X-Forwarded-Prefix",
    ...(coding && { "Content-Encoding": coding }),
  };
  if (isKnownToClient(exchange, headers.ETag)) sendEmpty(exchange, 304, sent);
  else sendBytes(exchange, 200, sent, content);
}

function bestCoding(exchange: Exchange, { plain, br, gzip }: PageFile): { coding?: string; content: Buffer } {
  const accepted = exchange.header("accept-encoding") ?? "";
  if (/\bbr\b/.test(accepted)) return { coding: "br", content: br };
  if (/\bgzip\b/.test(accepted)) return { coding: "gzip", content: gzip };
  return { content: plain };
}
