import { resolve } from "node:path";
import { ExplainedError } from "../../serving/explained-error.js";
import { issueUnder, longestName, openAuthority, writePair } from "./own-authority.js";
import { lifetimeOf } from "./self-signed.js";

export interface ClientCertificateOptions {
  readonly out: string;
  readonly expires: string;
}

/** Writes a certificate that identifies a client as a user, for a server with `server.tls.clientCa`. */
export async function writeClientCertificate(user: string, { out, expires }: ClientCertificateOptions): Promise<void> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._@-]*$/.test(user) || user.length > longestName)
    throw new ExplainedError("the user of a certificate may have at most 64 letters, digits, and . _ @ -");
  if (["ca", "tls"].includes(user)) throw new ExplainedError(`${user}.crt is the name of another file`);
  const notAfter = new Date(Date.now() + lifetimeOf(expires));
  const folder = resolve(out);
  const authority = await openAuthority(folder, user);
  await writePair(folder, user, issueUnder(authority, { name: user, use: "client", hosts: [], notAfter }));
  const lines = [
    `${user}.crt and ${user}.key are in ${folder}, signed by its ca.crt, which server.tls.clientCa must name.`,
    `docker and podman take them as client.cert and client.key, beside the ca.crt of the registry, in`,
    "/etc/docker/certs.d/ADDRESS/ and /etc/containers/certs.d/ADDRESS/.",
    `containerd takes them as client = [["${user}.crt", "${user}.key"]] in hosts.toml, BuildKit as a keypair in`,
    "buildkitd.toml. For these and other clients: config/tls.md",
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
