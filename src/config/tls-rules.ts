import type { BrokenRule } from "./findings.js";
import type { Config } from "./schema.js";

type TlsConfig = NonNullable<Config["server"]["tls"]>;

/** What a client must show. */
export type ClientAuth = NonNullable<TlsConfig["clientAuth"]>;

/** The section; values that are invalid by themselves are missing. */
export type TlsDraft = { readonly [Key in keyof TlsConfig]: TlsConfig[Key] | undefined };

/** An operator who names an authority and nothing else expects that no other client gets in. */
export function clientAuthOf({ clientAuth, clientCa }: Pick<TlsDraft, "clientAuth" | "clientCa">): ClientAuth {
  return clientAuth ?? ((clientCa?.length ?? 0) > 0 ? "require" : "off");
}

/** Without an authority, Node would accept every certificate that the system trusts. */
export function brokenTlsRules(tls: TlsDraft | undefined): readonly BrokenRule[] {
  if (tls === undefined || tls.clientCa === undefined || tls.clientCa.length > 0) return [];
  if (clientAuthOf(tls) === "off") return [];
  const message = "is missing: clientAuth needs the authorities of client certificates";
  return [{ path: ["server", "tls", "clientCa"], causedBy: [["server", "tls", "clientAuth"]], message }];
}
