import { readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { runCommand } from "./command.js";
import { Daemon } from "./daemon.js";
import { freePort } from "./free-port.js";
import { projectRoot } from "./project.js";
import type { Scope } from "./scope.js";

export interface ReverseProxy {
  /** The address for clients: another name and port than the registry's own. */
  readonly host: string;
  /** A folder with `ca.crt`, the authority of its certificate. */
  readonly certFolder: string;
}

/** An nginx with the settings of `config/nginx.conf`, which terminates TLS in front of a server. */
export async function startNginx(scope: Scope, behind: string): Promise<ReverseProxy> {
  const folder = await scope.folder("nginx");
  const certFolder = await scope.folder("certificate");
  const port = await freePort();
  const certificate = join(certFolder, "ca.crt");
  const key = join(folder, "key.pem");
  await makeCertificate(certificate, key);
  const site = adapt(await readFile(join(projectRoot, "config/nginx.conf"), "utf8"), {
    "server 127.0.0.1:5000;": `server ${behind};`,
    "listen 443 ssl;": `listen 127.0.0.1:${port} ssl;`,
    "listen [::]:443 ssl;": "",
    "server_name registry.example.com;": "server_name localhost;",
    "/etc/nginx/tls/registry.example.com.crt;": `${certificate};`,
    "/etc/nginx/tls/registry.example.com.key;": `${key};`,
  });
  await startWith(scope, site, folder, port);
  return { host: `localhost:${port}`, certFolder };
}

/** An nginx with the settings of `compose.yaml`; returns the address for clients. */
export function startComposeNginx(scope: Scope, behind: string): Promise<string> {
  return startRoundRobin(scope, [behind]);
}

/** The same in front of several servers: each request goes to the next one. */
export async function startRoundRobin(scope: Scope, behind: readonly string[]): Promise<string> {
  const folder = await scope.folder("nginx");
  const port = await freePort();
  const site = adapt(await readFile(join(projectRoot, "config/nginx-compose.conf"), "utf8"), {
    "server berth:5000;": behind.map((server) => `server ${server};`).join(" "),
    "listen 80;": `listen 127.0.0.1:${port};`,
  });
  await startWith(scope, site, folder, port);
  return `127.0.0.1:${port}`;
}

async function startWith(scope: Scope, site: string, folder: string, port: number): Promise<void> {
  const config = join(folder, "nginx.conf");
  await writeFile(config, around(site, folder));
  const daemon = new Daemon(scope, "nginx", ["-p", folder, "-c", config, "-e", "stderr"]);
  await daemon.ready(() => isListening(port));
}

async function makeCertificate(certificate: string, key: string): Promise<void> {
  const kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  await runCommand("openssl", [...kind, ...subject, "-keyout", key, "-out", certificate]);
}

/** The changes that the operator makes in the file, and nothing else. */
function adapt(text: string, changes: Readonly<Record<string, string>>): string {
  return Object.entries(changes).reduce((changed, [from, to]) => {
    if (!changed.includes(from)) throw new Error(`the file in config/ does not say "${from}"`);
    return changed.replace(from, to);
  }, text);
}

/** The rest of an nginx that runs with others: one process, and all its files in one folder. */
function around(site: string, folder: string): string {
  const bodies = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const paths = bodies.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(" ");
  return `daemon off; master_process off; pid ${folder}/pid; events {}\nhttp { access_log off; ${paths}\n${site}\n}\n`;
}

function isListening(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(undefined));
    socket.once("connect", () => socket.destroy());
  });
}
