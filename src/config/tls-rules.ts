import type { BrokenRule } from "./findings.js";
import type { Config } from "./schema.js";

type TlsConfig = NonNullable<Config["server"]["tls"]>;

/** What a client has to show of itself. */
export type ClientAuth = NonNullable<TlsConfig["clientAuth"]>;

/** The settings of client certificates, without those that are wrong by themselves. */
export type TlsDraft = { readonly [Key in keyof TlsConfig]: TlsConfig[Key] | undefined };

/** Whoever names an authority and says no more means that nobody else gets in. */
export function clientAuthOf({ clientAuth, clientCa }: Pick<TlsDraft, "clientAuth" | "clientCa">): ClientAuth {
  return clientAuth ?? ((clientCa?.length ?? 0) > 0 ? "require" : "off");
}

/** Without an authority every certificate that the system trusts would do. */
export function brokenTlsRules(tls: TlsDraft | undefined): readonly BrokenRule[] {
  if (tls === undefined || tls.clientCa === undefined || tls.clientCa.length > 0) return [];
  if (clientAuthOf(tls) === "off") return [];
  const message = "is missing: clientAuth needs the authorities of client certificates";
  return [{ path: ["server", "tls", "clientCa"], causedBy: [["server", "tls", "clientAuth"]], message }];
}
