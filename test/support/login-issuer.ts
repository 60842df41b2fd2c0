import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";
import type { Scope } from "./scope.js";

/** A stand-in for an issuer at which people sign in: whoever comes is signed in as ann, and sent back at once. */
export class LoginIssuer {
  /** Claims of its next tokens, instead of the right ones. */
  claims: JWTPayload = {};
  /** The parameters of the last request for a login. */
  asked = new URLSearchParams();
  /** The form of the last exchange of a code. */
  exchanged = new URLSearchParams();
  url = "";
  readonly #privateKey: CryptoKey;
  readonly #keys: object;

  private constructor(privateKey: CryptoKey, publicKey: JWK) {
    this.#privateKey = privateKey;
    this.#keys = { keys: [{ ...publicKey, kid: "1" }] };
  }

  static async start(scope: Scope): Promise<LoginIssuer> {
    const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
    const issuer = new LoginIssuer(privateKey, await exportJWK(publicKey));
    const server = createServer((request, response) => void issuer.#answer(request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    scope.defer(() => {
      server.close();
      server.closeAllConnections();
    });
    // The address of a server on a port always has a port.
    issuer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return issuer;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "", this.url);
    if (pathname === "/authorize") {
      this.asked = searchParams;
      const back = new URL(searchParams.get("redirect_uri") ?? "");
      back.search = new URLSearchParams({ code: "a-code", state: searchParams.get("state") ?? "" }).toString();
      response.writeHead(302, { location: back.href }).end();
    } else if (pathname === "/token") {
      this.exchanged = new URLSearchParams(await text(request));
      const isProved =
        createHash("sha256")
          .update(this.exchanged.get("code_verifier") ?? "")
          .digest("base64url") === this.asked.get("code_challenge");
      if (!isProved) return void response.writeHead(400).end("{}");
      const nonce = this.asked.get("nonce");
      const right = { iss: this.url, aud: "berth-page", sub: "ann", ...(nonce !== null && { nonce }) };
      response.end(JSON.stringify({ id_token: await this.#sign({ ...right, ...this.claims }) }));
    } else if (pathname === "/keys") {
      response.end(JSON.stringify(this.#keys));
    } else {
      const document = {
        issuer: this.url,
        jwks_uri: `${this.url}/keys`,
        authorization_endpoint: `${this.url}/authorize`,
        token_endpoint: `${this.url}/token`,
      };
      response.end(JSON.stringify(document));
    }
  }

  #sign(claims: JWTPayload): Promise<string> {
    return new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", kid: "1" })
      .setIssuedAt()
      .setExpirationTime(claims.exp ?? "1m")
      .sign(this.#privateKey);
  }
}
