import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { CompactSign, type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";
import type { Certificate } from "./certificates.js";
import type { Scope } from "./scope.js";

interface SigningKey {
  readonly id: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: JWK;
}

export interface IdentityIssuerOptions {
  /** Serves HTTPS by it. */
  readonly certificate?: Certificate;
  /** If given, the keys are shown only with this token, as by Kubernetes' API server. */
  readonly bearerToken?: string;
  /** Host in its URL: a certificate is for a name. */
  readonly host?: string;
}

/** A stand-in for issuers of identity tokens: GitHub, GitLab, the API server of Kubernetes. */
export class IdentityIssuer {
  /** How often its key set was requested. */
  asked = 0;
  /** Never responds. */
  isSilent = false;
  /** Its discovery document, if not its own. */
  discovery: Readonly<Record<string, unknown>> = {};
  readonly #server: Server;
  readonly #options: IdentityIssuerOptions;
  #keys: readonly SigningKey[] = [];

  private constructor(options: IdentityIssuerOptions) {
    const listener = (request: IncomingMessage, response: ServerResponse) => this.#answer(request, response);
    this.#options = options;
    this.#server =
      options.certificate === undefined ? createServer(listener) : createSecureServer(options.certificate, listener);
  }

  static async start(scope: Scope, options: IdentityIssuerOptions = {}): Promise<IdentityIssuer> {
    const issuer = new IdentityIssuer(options);
    await issuer.rotate();
    issuer.#server.listen(0, "127.0.0.1");
    await once(issuer.#server, "listening");
    scope.defer(() => issuer.goAway());
    return issuer;
  }

  get url(): string {
    const { certificate, host = "127.0.0.1" } = this.#options;
    // The address of a server on a port always has a port.
    return `${certificate === undefined ? "http" : "https"}://${host}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on it signs with another key, and shows only that one. */
  async rotate(): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
    this.#keys = [{ id: `key-${Math.random()}`, privateKey, publicKey: await exportJWK(publicKey) }];
  }

  goAway(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** A token that is valid for five minutes. */
  sign(claims: JWTPayload, header: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const [key] = this.#keys;
    if (key === undefined) throw new Error("it has no key");
    return new SignJWT({ iss: this.url, aud: "berth", ...claims })
      .setProtectedHeader({ alg: "RS256", kid: key.id, ...header })
      .setIssuedAt()
      .setExpirationTime(claims.exp ?? "5m")
      .sign(key.privateKey);
  }

  /** Signs claims exactly as written, whatever they are. */
  signText(claims: string): Promise<string> {
    const [key] = this.#keys;
    if (key === undefined) throw new Error("it has no key");
    return new CompactSign(Buffer.from(claims)).setProtectedHeader({ alg: "RS256", kid: key.id }).sign(key.privateKey);
  }

  #answer({ url, headers }: IncomingMessage, response: ServerResponse): void {
    if (this.isSilent) return;
    const { bearerToken } = this.#options;
    if (bearerToken !== undefined && headers.authorization !== `Bearer ${bearerToken}`) {
      response.writeHead(401).end();
      return;
    }
    if (url === "/.well-known/openid-configuration") {
      response.end(JSON.stringify({ issuer: this.url, jwks_uri: `${this.url}/keys`, ...this.discovery }));
      return;
    }
    this.asked++;
    response.end(JSON.stringify({ keys: this.#keys.map(({ id, publicKey }) => ({ ...publicKey, kid: id })) }));
  }
}
