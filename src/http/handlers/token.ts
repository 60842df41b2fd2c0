import type { AccessControl, Admission } from "../../auth/access-control.js";
import { parseScopes, type ResourceActions } from "../../auth/scope.js";
import type { Reservation } from "../../foundation/semaphore.js";
import { RegistryError } from "../../oci/errors.js";
import type { Exchange } from "../exchange.js";
import { tokenPath } from "../location.js";
import { readBody } from "../read-body.js";
import type { Resource } from "../router.js";
import { sendJson } from "../send.js";
import type { Handler } from "./handler.js";

/** A form contains a password and some scopes. */
const largestForm = 64 * 1024;

/** A form is never larger than a small body, which needs no room. */
const noRoom: Reservation = { take: async () => {} };

const headers = { "Cache-Control": "no-store" };

/** Where clients get tokens for their credentials (distribution, "Token Authentication Specification"). */
export function tokenRoutes(control: AccessControl): Resource[] {
  return [{ name: "token", path: tokenPath, methods: { GET: getToken(control), POST: postToken(control) } }];
}

/** Issues a token for the credentials of the request; without any, one for what everyone may do. */
function getToken(control: AccessControl): Handler {
  return async function getToken(exchange) {
    const { admission = control.anonymous, query } = exchange;
    const { identity } = admission.access;
    // Not for one of our own tokens: it could be renewed forever, and extended.
    if (admission.hasInvalidToken || identity.ceiling?.canBeWidened)
      throw new RegistryError("UNAUTHORIZED", "to get a token, send a user name and a password");
    sendJson(exchange, 200, await control.issueToken(identity, parseScopes(query.getAll("scope"))), headers);
  };
}

/** The same with a form, as in OAuth2: containerd and regctl try this first. */
function postToken(control: AccessControl): Handler {
  return async function postToken(exchange) {
    const form = new URLSearchParams((await readBody(exchange, largestForm, noRoom)).toString("utf8"));
    const asked = parseScopes(form.getAll("scope"));
    const { identity } = (await admissionOf(exchange, control, { form, asked })).access;
    sendJson(exchange, 200, await control.issueToken(identity, asked), headers);
  };
}

interface TokenForm {
  readonly form: URLSearchParams;
  readonly asked: readonly ResourceActions[];
}

async function admissionOf(exchange: Exchange, control: AccessControl, { form, asked }: TokenForm): Promise<Admission> {
  const grant = form.get("grant_type");
  if (grant !== "password") {
    const unchecked = control.admitUnchecked(asked);
    if (unchecked !== undefined) return unchecked;
    // After a 400, clients try GET; what they store after `docker login` is the password.
    const message = `grant_type must be password, not ${grant?.slice(0, 100) ?? "absent"}: there are no refresh tokens`;
    throw new RegistryError("UNSUPPORTED", message, { status: 400 });
  }
  const { username, password } = { username: form.get("username") ?? "", password: form.get("password") ?? "" };
  // In Basic credentials, the first colon ends the name: this one would be read as another user's.
  if (username.includes(":")) throw new RegistryError("UNAUTHORIZED", "a user name must not contain a colon");
  return control.admit({
    authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`,
    caller: exchange.caller,
    certificate: exchange.certificate,
  });
}
