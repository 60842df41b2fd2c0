import { randomUUID } from "node:crypto";
import { errorReply, jsonReply, type Reply } from "./reply.js";
import type { FakeRequest } from "./request.js";

interface IssuedToken {
  readonly scopes: readonly string[];
  readonly endsAt: number;
}

/** Issues and checks tokens, as Docker Hub's does. */
export class TokenService {
  /** The URL in the challenge; set by the fake when its port is known. */
  realm = "";
  service = "registry.docker.io";
  expiresInSeconds = 300;
  /** The lifetime in the response, if not the real one. */
  claimedLifetime: unknown;
  /** Whether a token needs credentials. */
  isLoginRequired = false;
  /** The supported methods. */
  methods: readonly string[] = ["GET", "POST"];
  readonly logins = new Map<string, string>();
  readonly identityTokens = new Set<string>();
  readonly #issued = new Map<string, IssuedToken>();

  challenge(name: string): string {
    return `Bearer realm="${this.realm}",service="${this.service}",scope="repository:${name}:pull"`;
  }

  answer(request: FakeRequest): Reply {
    if (!this.methods.includes(request.method)) return errorReply(404, "NOT_FOUND");
    const parameters = request.method === "POST" ? request.form : request.query;
    const isLoggedIn = request.method === "POST" ? this.#isKnownForm(request.form) : this.#isKnownBasic(request);
    if (isLoggedIn === false || (isLoggedIn === undefined && this.isLoginRequired)) {
      return jsonReply(401, { details: "incorrect username or password" });
    }
    const token = randomUUID();
    const endsAt = performance.now() + this.expiresInSeconds * 1000;
    this.#issued.set(token, { scopes: parameters.getAll("scope"), endsAt });
    const field = request.method === "POST" ? "access_token" : "token";
    return jsonReply(200, { [field]: token, expires_in: this.claimedLifetime ?? this.expiresInSeconds });
  }

  /** Whether the request may pull from its repository. */
  admits(request: FakeRequest): boolean {
    const token = this.#issued.get(request.headers.authorization?.replace(/^Bearer /, "") ?? "");
    if (!token || performance.now() > token.endsAt) return false;
    return token.scopes.includes(`repository:${request.name}:pull`);
  }

  /** Invalidates all tokens issued so far. */
  revokeAll(): void {
    this.#issued.clear();
  }

  /** `undefined`: anonymous. */
  #isKnownBasic(request: FakeRequest): boolean | undefined {
    const { authorization } = request.headers;
    return authorization === undefined ? undefined : isKnownLogin(this.logins, authorization);
  }

  #isKnownForm(form: URLSearchParams): boolean {
    if (form.get("grant_type") === "refresh_token") return this.identityTokens.has(form.get("refresh_token") ?? "");
    return this.logins.get(form.get("username") ?? "") === form.get("password");
  }
}

/** Whether a Basic `Authorization` is one of these logins. */
export function isKnownLogin(logins: ReadonlyMap<string, string>, authorization: string): boolean {
  const text = Buffer.from(authorization.replace(/^Basic /, ""), "base64").toString();
  const colon = text.indexOf(":");
  return logins.get(text.slice(0, colon)) === text.slice(colon + 1);
}
