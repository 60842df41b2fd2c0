import type { Command } from "commander";
import type { ClientCertificateOptions } from "./client-certificate.js";
import type { SelfSignedOptions } from "./self-signed.js";

const folderOption = [
  "--out <folder>",
  "where the files go, and where the authority is if there is one",
  "tls",
] as const;

/** Certificates of an authority of one's own. */
export function addTls(program: Command): void {
  const tls = program
    .command("tls")
    .summary("make certificates of an authority of your own")
    .description("Makes certificates where no public authority gives any.")
    .helpCommand(false);
  tls
    .command("self-signed")
    .summary("write a certificate for this registry")
    .description("Writes an authority, unless there is one, and a certificate; prints what each client needs.")
    .requiredOption("--host <name...>", "names and IP addresses that clients reach the registry by")
    .option("--port <port>", "the port that they reach it at, for what is printed", "5000")
    .option(...folderOption)
    .option("--expires <duration>", "of the certificate; 825d is the most that Apple's systems take", "825d")
    .addHelpText("after", selfSignedHelp)
    .action(async (options: SelfSignedOptions) => {
      const { writeSelfSigned } = await import("./self-signed.js");
      await writeSelfSigned(options);
    });
  tls
    .command("client")
    .summary("write a certificate for a user")
    .description("Writes a certificate by which a client is known as a user (server.tls.clientCa), without a password.")
    .argument("<user>", "the user")
    .option(...folderOption)
    .option("--expires <duration>", "of the certificate", "365d")
    .action(async (user: string, options: ClientCertificateOptions) => {
      const { writeClientCertificate } = await import("./client-certificate.js");
      await writeClientCertificate(user, options);
    });
}

const selfSignedHelp = `
Run again, it signs a new certificate with the same authority: clients need not be told, and a server takes it over.

Examples:
  berth tls self-signed --host registry.example.com
  berth tls self-signed --host registry.example.com 10.0.0.5 --port 443 --out /etc/berth/tls`;
