type Json = Readonly<Record<string, unknown>>;

/**
 * What is wrong with a value, by a schema of an OpenAPI file: as much of JSON Schema as our file uses. Fields that the
 * schema does not name are wrong too, so that the file cannot fall behind.
 */
export function schemaProblems(value: unknown, schema: unknown, root: Json, path = "$"): string[] {
  const { schemas, isOpen } = flattened(schema as Json, root);
  const problems = schemas.flatMap((each) => problemsOf(value, each, root, path));
  if (!isOpen && isObject(value)) {
    const known = new Set(schemas.flatMap(({ properties }) => Object.keys((properties as Json | undefined) ?? {})));
    for (const key of Object.keys(value)) if (!known.has(key)) problems.push(`${path}.${key} is not described`);
  }
  return problems;
}

/** The schema without references and `allOf`. */
function flattened(schema: Json, root: Json): { schemas: Json[]; isOpen: boolean } {
  if (typeof schema.$ref === "string") return flattened(find(schema.$ref, root), root);
  const parts = Array.isArray(schema.allOf) ? schema.allOf.map((each: Json) => flattened(each, root)) : [];
  const schemas = [schema, ...parts.flatMap((part) => part.schemas)];
  const isOpen =
    schemas.some((each) => "additionalProperties" in each) || !schemas.some((each) => "properties" in each);
  return { schemas, isOpen };
}

function problemsOf(value: unknown, schema: Json, root: Json, path: string): string[] {
  const { type, required, properties, items, additionalProperties, minimum, format } = schema;
  if (Array.isArray(schema.enum) && !schema.enum.includes(value)) return [`${path} is ${JSON.stringify(value)}`];
  if (type !== undefined && !isOfType(value, type)) return [`${path} is no ${type}: ${JSON.stringify(value)}`];
  if (typeof minimum === "number" && Number(value) < minimum) return [`${path} is less than ${minimum}`];
  if (format === "date-time" && Number.isNaN(Date.parse(String(value)))) return [`${path} is no time`];
  if (Array.isArray(value) && items !== undefined)
    return value.flatMap((each, index) => schemaProblems(each, items, root, `${path}[${index}]`));
  if (!isObject(value)) return [];
  const missing = (Array.isArray(required) ? required : []).filter((key) => !(key in value));
  return [
    ...missing.map((key) => `${path}.${key} is missing`),
    ...Object.entries((properties as Json | undefined) ?? {}).flatMap(([key, each]) =>
      key in value ? schemaProblems(value[key], each, root, `${path}.${key}`) : [],
    ),
    ...(isObject(additionalProperties)
      ? Object.entries(value).flatMap(([key, each]) =>
          schemaProblems(each, additionalProperties, root, `${path}.${key}`),
        )
      : []),
  ];
}

function find(reference: string, root: Json): Json {
  let found: unknown = root;
  for (const part of reference.slice("#/".length).split("/")) found = (found as Json | undefined)?.[part];
  if (!isObject(found)) throw new Error(`${reference} is not in the file`);
  return found;
}

function isOfType(value: unknown, type: unknown): boolean {
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isSafeInteger(value);
  return type === "object" ? isObject(value) : typeof value === type;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
