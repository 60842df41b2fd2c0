import { basePath } from "../base-path.js";

/** The registry refused a request, or did not answer it. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Parameters of a request; those that are undefined are left out. */
export type Parameters = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * The header keeps the browser from asking for a password in a window of its own: the page has a better one. Other
 * sites cannot send it without being allowed to.
 */
const headers = { "X-Berth-Page": "1" };

const aheadForMs = 2_000;

/** The address of a resource of the API. */
export function apiPath(resource: string, parameters: Parameters = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, String(value));
  const text = query.toString();
  return `${basePath}/v2/_berth/${resource}${text === "" ? "" : `?${text}`}`;
}

/** Answers that were requested before a view asked for them; read, so that a view gets them without a pause. */
const ahead = new Map<string, Promise<unknown>>();

/** Requests what the first view will ask for while the page is still being built: it then waits for one answer only. */
export function requestAhead(paths: readonly string[]): void {
  for (const path of paths) if (!ahead.has(path)) ahead.set(path, send(path, { headers }).then(answerOf));
  // The view may never be shown, and a failure is reported to the caller that asks for it.
  for (const answer of ahead.values()) answer.catch(() => undefined);
  setTimeout(() => ahead.clear(), aheadForMs);
}

/** What was requested ahead, once it is there; a view still gets it. @throws ApiError */
export async function answeredAhead<Answer>(path: string): Promise<Answer> {
  // By its path, so the type is the one with which it was requested.
  return (await ahead.get(path)) as Answer;
}

/** @throws ApiError */
export async function read<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  const requested = ahead.get(path);
  ahead.delete(path);
  // By its path, so the type is the one with which it was requested.
  if (requested !== undefined) return requested as Promise<Answer>;
  return answerOf(await send(path, { headers, ...(signal && { signal }) }));
}

/** Sends a change. @throws ApiError */
export async function change<Answer>(method: "POST" | "DELETE", path: string, body?: unknown): Promise<Answer> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  return answerOf(await send(path, { method, headers: { ...headers, "Content-Type": "application/json" }, ...sent }));
}

/** The answer of an endless response. @throws ApiError */
export async function open(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const response = await send(path, { headers, signal });
  if (!response.ok || response.body === null) throw await errorOf(response);
  return response.body;
}

async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError(0, "The registry cannot be reached. It may be restarting, or the network is down.");
  }
}

/** What the API sends has the types of its description; a test holds the server against it. */
async function answerOf<Answer>(response: Response): Promise<Answer> {
  if (!response.ok) throw await errorOf(response);
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}

async function errorOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => undefined);
  const message = messageIn(body) ?? `The registry answered with status ${response.status}.`;
  return new ApiError(response.status, message);
}

/** The first message of the specification's form of errors. */
function messageIn(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !("errors" in body) || !Array.isArray(body.errors)) return undefined;
  const [first] = body.errors as readonly { readonly message?: unknown }[];
  return typeof first?.message === "string" ? sentence(first.message) : undefined;
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
