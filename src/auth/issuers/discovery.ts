/** What an issuer publishes about itself (OpenID Connect Discovery 1.0, section 3). */
export interface IssuerDocument {
  /** @throws Error if the document names no such address, or one without HTTPS although the issuer has it */
  urlOf(name: "jwks_uri" | "authorization_endpoint" | "token_endpoint"): URL;
}

/**
 * OpenID Connect Discovery 1.0, section 4. The document must name the same issuer (4.3).
 * @throws Error if it cannot be read, or is that of another issuer
 */
export async function discoverIssuer(issuer: string, get: (url: URL) => Promise<unknown>): Promise<IssuerDocument> {
  const document = await get(new URL(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`));
  const said: Readonly<Record<string, unknown>> =
    typeof document === "object" && document !== null ? { ...document } : {};
  if (said.issuer !== issuer)
    throw new Error(`the discovery document of ${issuer} is that of the issuer ${JSON.stringify(said.issuer)}`);
  return { urlOf: (name) => addressIn(said[name], name, issuer) };
}

function addressIn(uri: unknown, name: string, issuer: string): URL {
  if (typeof uri !== "string" || !/^https?:/.test(uri) || !URL.canParse(uri))
    throw new Error(`the discovery document of ${issuer} names no ${name}`);
  if (issuer.startsWith("https:") && !uri.startsWith("https:"))
    throw new Error(`${issuer} names a ${name} without HTTPS: ${uri}`);
  return new URL(uri);
}
