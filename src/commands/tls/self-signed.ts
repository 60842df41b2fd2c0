import { isIP } from "node:net";
import { join, resolve } from "node:path";
import { parseDuration } from "../../config/duration.js";
import { ExplainedError } from "../../serving/explained-error.js";
import { clientLines } from "./client-lines.js";
import { issueUnder, longestName, type OwnAuthority, openAuthority, writePair } from "./own-authority.js";

export interface SelfSignedOptions {
  readonly host: readonly string[];
  readonly port: string;
  readonly out: string;
  readonly expires: string;
}

/** Writes a server's certificate, signed by a private authority, and prints what each client needs. */
export async function writeSelfSigned({ host: hosts, port, out, expires }: SelfSignedOptions): Promise<void> {
  const [first = ""] = hosts;
  for (const host of hosts) checkHost(host);
  if (!/^\d{1,5}$/.test(port)) throw new ExplainedError("--port must be a number, such as 5000 or 443");
  const notAfter = new Date(Date.now() + lifetimeOf(expires));
  const folder = resolve(out);
  const authority = await openAuthority(folder, first);
  // A name that is too long remains among the alternative names, which are all that clients check.
  const request = { name: first.slice(0, longestName), use: "server", hosts, notAfter } as const;
  await writePair(folder, "tls", issueUnder(authority, request));
  const lines = [
    ...filesLines(folder, hosts, authority),
    "",
    ...settingsLines(folder),
    "",
    ...clientLines({ address: addressOf(first, port), authorityFile: join(folder, "ca.crt") }),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** In milliseconds. */
export function lifetimeOf(expires: string): number {
  const lifetime = parseDuration(expires);
  if (lifetime === undefined || lifetime <= 0) throw new ExplainedError("--expires must be a duration such as 825d");
  return lifetime;
}

function checkHost(host: string): void {
  if (isIP(host) !== 0) return;
  const isName = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(host);
  if (isName && host.length <= 253) return;
  throw new ExplainedError(
    `--host must be a name such as registry.example.com, or an IP address, without a port, not ${JSON.stringify(host)}`,
  );
}

function addressOf(host: string, port: string): string {
  const name = isIP(host) === 6 ? `[${host}]` : host;
  return port === "443" ? name : `${name}:${port}`;
}

function filesLines(folder: string, hosts: readonly string[], { isNew }: OwnAuthority): string[] {
  const authority = isNew ? "the authority, which clients must trust" : "the existing authority, unchanged";
  return [
    `In ${folder}:`,
    `  ca.crt   ${authority}`,
    "  ca.key   its key: keep it secret; the next certificate is signed with it",
    `  tls.crt  the certificate of ${hosts.join(", ")}`,
    "  tls.key  its key",
  ];
}

function settingsLines(folder: string): string[] {
  return [
    "In berth.yml (a running server picks up new files by itself):",
    "  server:",
    `    tls: { cert: ${join(folder, "tls.crt")}, key: ${join(folder, "tls.key")} }`,
  ];
}
