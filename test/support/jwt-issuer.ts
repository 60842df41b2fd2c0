import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Scope } from "./scope.js";

const keyId = "test-key";
/** The time for which distribution accepts an expired token (registry/auth/token, `Leeway`). */
const leewaySeconds = 60;

/** An issued token, and its user; `undefined` for anonymous. */
export interface IssuedJwt {
  readonly token: string;
  readonly user: string | undefined;
  readonly scope: string;
}

export interface JwtIssuerOptions {
  /** An ECDSA key on P-256; by default a new one. */
  readonly key?: KeyObject;
  readonly header?: Readonly<Record<string, unknown>>;
}

/** A token service for the distribution registry, which verifies its tokens. */
export class JwtIssuer {
  readonly service = "test-registry";
  readonly issuer = "test-issuer";
  readonly logins = new Map<string, string>();
  readonly issued: IssuedJwt[] = [];
  /** How long the registry accepts a token, whatever the response says: 300 seconds. */
  lifetimeSeconds = 300;
  readonly #server: Server;
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;

  /** How its tokens identify their key. */
  readonly #header: Readonly<Record<string, unknown>>;

  private constructor({ key, header = { kid: keyId } }: JwtIssuerOptions) {
    const made = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#privateKey = key ?? made.privateKey;
    this.#publicKey = key === undefined ? made.publicKey : createPublicKey(key);
    this.#header = header;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(scope: Scope, options: JwtIssuerOptions = {}): Promise<JwtIssuer> {
    const issuer = new JwtIssuer(options);
    issuer.#server.listen(0, "127.0.0.1");
    await once(issuer.#server, "listening");
    scope.defer(() => {
      issuer.#server.close();
      issuer.#server.closeAllConnections();
    });
    return issuer;
  }

  get realm(): string {
    // The address of a server on a port always has a port.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/token`;
  }

  /** The keys that the registry must trust. */
  get keySet(): string {
    return JSON.stringify({
      keys: [{ ...this.#publicKey.export({ format: "jwk" }), kid: keyId, alg: "ES256", use: "sig" }],
    });
  }

  #answer({ url = "/", headers }: IncomingMessage, response: ServerResponse): void {
    const { searchParams } = new URL(url, this.realm);
    const user = this.#userOf(headers.authorization);
    const scope = searchParams.get("scope") ?? "";
    if (user === "unknown" || searchParams.get("service") !== this.service) {
      response
        .writeHead(401, { "content-type": "application/json" })
        .end('{"details":"incorrect username or password"}');
      return;
    }
    const token = this.#sign(scope, user);
    this.issued.push({ token, user, scope });
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ token, expires_in: 300, issued_at: new Date().toISOString() }));
  }

  #userOf(authorization: string | undefined): string | "unknown" | undefined {
    if (authorization === undefined) return undefined;
    const login = Buffer.from(authorization.replace(/^Basic /, ""), "base64").toString();
    const [user = "", password] = login.split(":", 2);
    return this.logins.get(user) === password ? user : "unknown";
  }

  #sign(scope: string, user: string | undefined): string {
    const now = Math.floor(Date.now() / 1000);
    const header = { typ: "JWT", alg: "ES256", ...this.#header };
    const claims = {
      iss: this.issuer,
      sub: user ?? "",
      aud: this.service,
      exp: now + this.lifetimeSeconds - leewaySeconds,
      nbf: now,
      iat: now,
      jti: randomUUID(),
      access: grantOf(scope, user),
    };
    const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    const key = { key: this.#privateKey, dsaEncoding: "ieee-p1363" } as const;
    return `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
  }
}

/** Users may do what they request; anonymous clients may pull below `public/`. */
function grantOf(scope: string, user: string | undefined): object[] {
  const [, name = "", actions = ""] = /^repository:(.+):([a-z,*]+)$/.exec(scope) ?? [];
  const isGranted = user !== undefined || (name.startsWith("public/") && actions === "pull");
  return isGranted ? [{ type: "repository", name, actions: actions.split(",") }] : [];
}
