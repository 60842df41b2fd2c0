import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { decodeJwt } from "jose";
import { readSmallText } from "../../foundation/small-file.js";
import { discoverIssuer, type IssuerDocument } from "./discovery.js";
import { fetchJson } from "./fetch-json.js";

export interface BrowserLoginSettings {
  /** Of the issuer. */
  readonly name: string;
  readonly issuer: string;
  readonly caFile?: string | undefined;
  readonly clientId: string;
  /** `undefined` for a public client, which PKCE alone protects. */
  readonly clientSecret?: string | undefined;
  readonly scopes: readonly string[];
}

/** What must be remembered, in the browser, until the issuer has sent it back. */
export interface PendingLogin {
  readonly state: string;
  readonly nonce: string;
  /** The secret of PKCE (RFC 7636). */
  readonly verifier: string;
}

/** Signs people in at an issuer: OpenID Connect's authorization code flow, with state, nonce and PKCE. */
export class BrowserLogin {
  readonly name: string;
  readonly #settings: BrowserLoginSettings;

  constructor(settings: BrowserLoginSettings) {
    this.name = settings.name;
    this.#settings = settings;
  }

  /** Where the browser is to go, and what it must remember meanwhile. */
  async begin(redirectUri: string): Promise<{ readonly location: URL; readonly pending: PendingLogin }> {
    const { clientId, scopes } = this.#settings;
    const pending = { state: randomText(), nonce: randomText(), verifier: randomText() };
    const location = (await this.#discover()).urlOf("authorization_endpoint");
    const asked = {
      response_type: "code",
      client_id: clientId,
      redirect_uri: redirectUri,
      scope: scopes.join(" "),
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: createHash("sha256").update(pending.verifier).digest("base64url"),
      code_challenge_method: "S256",
    };
    for (const [name, value] of Object.entries(asked)) location.searchParams.set(name, value);
    return { location, pending };
  }

  /**
   * Exchanges what the browser brought back for an identity token, whose signature is still to be verified.
   * @throws Error with a sentence that says why it is not to be trusted
   */
  async finish(answer: URLSearchParams, pending: PendingLogin, redirectUri: string): Promise<string> {
    const problem = answer.get("error");
    if (problem !== null) throw new Error(`the issuer refused: ${problem.slice(0, 200)}`);
    if (!isSame(answer.get("state") ?? "", pending.state)) throw new Error("the state does not belong to this browser");
    // RFC 9207: an answer of another issuer is not to be sent to this one.
    const said = answer.get("iss");
    if (said !== null && said !== this.#settings.issuer) throw new Error(`the answer is of ${said.slice(0, 200)}`);
    const token = await this.#exchange(answer.get("code") ?? "", pending.verifier, redirectUri);
    this.#expectOurs(token, pending.nonce);
    return token;
  }

  async #exchange(code: string, verifier: string, redirectUri: string): Promise<string> {
    const { clientId, clientSecret } = this.#settings;
    const form = new URLSearchParams({
      grant_type: "authorization_code",
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
      client_id: clientId,
      ...(clientSecret !== undefined && { client_secret: clientSecret }),
    });
    const url = (await this.#discover()).urlOf("token_endpoint");
    const answer = await fetchJson(url, { ca: await this.#authorities(), form });
    const token = typeof answer === "object" && answer !== null && "id_token" in answer ? answer.id_token : undefined;
    if (typeof token !== "string") throw new Error("the issuer sent no id_token");
    return token;
  }

  /** The token must be made for this client, and for this login. */
  #expectOurs(token: string, nonce: string): void {
    const { aud, azp, nonce: said } = decodeJwt(token);
    const { clientId } = this.#settings;
    if (![aud].flat().includes(clientId) || (azp !== undefined && azp !== clientId))
      throw new Error("the token is for another client");
    if (typeof said !== "string" || !isSame(said, nonce)) throw new Error("the token belongs to another login");
  }

  async #discover(): Promise<IssuerDocument> {
    const ca = await this.#authorities();
    return discoverIssuer(this.#settings.issuer, (url) => fetchJson(url, { ca }));
  }

  async #authorities(): Promise<string | undefined> {
    const { caFile } = this.#settings;
    return caFile === undefined ? undefined : readSmallText(caFile);
  }
}

function randomText(): string {
  return randomBytes(32).toString("base64url");
}

function isSame(one: string, other: string): boolean {
  const [first, second] = [Buffer.from(one), Buffer.from(other)];
  return first.length === second.length && timingSafeEqual(first, second);
}
