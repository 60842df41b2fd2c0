import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import type { OutgoingHttpHeaders } from "node:http";
import { join } from "node:path";
import { parse } from "yaml";
import { schemaProblems } from "./json-schema.js";
import { projectRoot } from "./project.js";
import type { Answer, RegistryClient } from "./registry-client.js";

type Json = Record<string, unknown>;

/** The description of the API. */
export async function apiDescription(): Promise<Json> {
  return parse(await readFile(join(projectRoot, "config", "openapi.yml"), "utf8"));
}

/** A client of the API that compares every answer with the description. */
export class ApiClient {
  readonly #client: RegistryClient;
  readonly #headers: OutgoingHttpHeaders;

  constructor(client: RegistryClient, headers: OutgoingHttpHeaders = {}) {
    this.#client = client;
    this.#headers = headers;
  }

  with(headers: OutgoingHttpHeaders): ApiClient {
    return new ApiClient(this.#client, { ...this.#headers, ...headers });
  }

  /** The JSON of an answer 200. What it holds is for the test to know. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads fields that it expects, and fails if they are not there
  async get(path: string, query: Readonly<Record<string, string>> = {}): Promise<any> {
    const answer = await this.answer("GET", path, { query });
    assert.equal(answer.status, 200, `${path}: ${answer.body.toString().slice(0, 500)}`);
    return JSON.parse(answer.body.toString());
  }

  /** The JSON of an answer to a body. */
  // biome-ignore lint/suspicious/noExplicitAny: see `get`
  async post(path: string, body: unknown, status = 200): Promise<any> {
    const answer = await this.answer("POST", path, { body });
    assert.equal(answer.status, status, `${path}: ${answer.body.toString().slice(0, 500)}`);
    return JSON.parse(answer.body.toString());
  }

  /** Whatever the API answers, if the description allows it. */
  async answer(
    method: string,
    path: string,
    { query = {}, body }: { readonly query?: Readonly<Record<string, string>>; readonly body?: unknown } = {},
  ): Promise<Answer> {
    const search = new URLSearchParams(query).toString();
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await this.#client.request(method, `/v2/_berth/${path}${search === "" ? "" : `?${search}`}`, {
      ...content,
      headers: { ...(body !== undefined && { "content-type": "application/json" }), ...this.#headers },
    });
    await expectDescribed(method, path, answer);
    return answer;
  }
}

/** Fails if the description does not have this answer. */
async function expectDescribed(method: string, path: string, answer: Answer): Promise<void> {
  const description = await apiDescription();
  const paths = description.paths as Record<string, Json>;
  const described = Object.keys(paths).find((each) => matches(each, `/v2/_berth/${path}`));
  const operation = paths[described ?? ""]?.[method.toLowerCase()] as Json | undefined;
  if (operation === undefined) return;
  const responses = operation.responses as Record<string, Json>;
  const response = responses[answer.status] ?? responses.default;
  if (answer.body.length === 0) return;
  const resolved =
    "$ref" in (response ?? {})
      ? (description.components as Json & { responses: Record<string, Json> }).responses.Refused
      : response;
  const content = resolved?.content as Record<string, Json> | undefined;
  const schema = content?.["application/json"]?.schema;
  if (schema === undefined) return;
  assert.deepEqual(schemaProblems(JSON.parse(answer.body.toString()), schema, description), [], `${method} ${path}`);
}

function matches(described: string, path: string): boolean {
  return new RegExp(`^${described.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}$`).test(path);
}
