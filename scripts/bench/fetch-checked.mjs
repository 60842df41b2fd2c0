/**
 * The body of a GET; throws unless it is a 200 of the expected size. Called before a load, so that errors are not
 * measured.
 */
export async function fetchChecked(server, path, { headers = {}, size } = {}) {
  const response = await fetch(`${server.url}${path}`, { headers });
  const body = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`GET ${path}: ${response.status} ${body.subarray(0, 500)}`);
  if (size !== undefined && body.length !== size) throw new Error(`GET ${path}: ${body.length} bytes, not ${size}`);
  return body;
}
