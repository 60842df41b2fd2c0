import { resolve } from "node:path";
import { ExplainedError } from "../../serving/explained-error.js";
import { issueUnder, longestName, openAuthority, writePair } from "./own-authority.js";
import { lifetimeOf } from "./self-signed.js";

export interface ClientCertificateOptions {
  readonly out: string;
  readonly expires: string;
}

/** Writes a certificate by which a client is known as a user, where `server.tls.clientCa` names the authority. */
export async function writeClientCertificate(user: string, { out, expires }: ClientCertificateOptions): Promise<void> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._@-]*$/.test(user) || user.length > longestName)
    throw new ExplainedError("a user of a certificate has letters, digits, . _ @ - in its name, 64 at most");
  if (["ca", "tls"].includes(user)) throw new ExplainedError(`${user}.crt is the name of another file`);
  const notAfter = new Date(Date.now() + lifetimeOf(expires));
  const folder = resolve(out);
  const authority = await openAuthority(folder, user);
  await writePair(folder, user, issueUnder(authority, { name: user, use: "client", hosts: [], notAfter }));
  const lines = [
    `${user}.crt and ${user}.key are in ${folder}, signed by its ca.crt, which server.tls.clientCa has to name.`,
    `docker and podman take them as client.cert and client.key, beside the ca.crt of the registry, in`,
    "/etc/docker/certs.d/ADDRESS/ and /etc/containers/certs.d/ADDRESS/.",
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
