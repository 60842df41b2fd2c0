import type { Command } from "commander";
import type { ClientCertificateOptions } from "./client-certificate.js";
import type { SelfSignedOptions } from "./self-signed.js";

const folderOption = ["--out <folder>", "folder for the files, and of the authority if there is one", "tls"] as const;

/** The commands that create a private authority and certificates signed by it. */
export function addTls(program: Command): void {
  const tls = program
    .command("tls")
    .summary("create certificates of your own")
    .description("Creates certificates signed by an authority of your own.")
    .helpCommand(false);
  tls
    .command("self-signed")
    .summary("create a certificate for this registry")
    .description("Creates an authority, unless there is one, and a certificate. Prints what each client needs.")
    .requiredOption("--host <name...>", "names and IP addresses that clients use")
    .option("--port <port>", "the port that clients use, for the printed instructions", "5000")
    .option(...folderOption)
    .option("--expires <duration>", "lifetime of the certificate; Apple's systems accept at most 825d", "825d")
    .addHelpText("after", selfSignedHelp)
    .action(async (options: SelfSignedOptions) => {
      const { writeSelfSigned } = await import("./self-signed.js");
      await writeSelfSigned(options);
    });
  tls
    .command("client")
    .summary("create a certificate for a user")
    .description("Creates a certificate that identifies a client as a user, without a password (server.tls.clientCa).")
    .argument("<user>", "the user")
    .option(...folderOption)
    .option("--expires <duration>", "lifetime of the certificate", "365d")
    .action(async (user: string, options: ClientCertificateOptions) => {
      const { writeClientCertificate } = await import("./client-certificate.js");
      await writeClientCertificate(user, options);
    });
}

const selfSignedHelp = `
Run it again to renew the certificate with the same authority: clients need no change, and the server picks it up.

Examples:
  berth tls self-signed --host registry.example.com
  berth tls self-signed --host registry.example.com 10.0.0.5 --port 443 --out /etc/berth/tls`;
