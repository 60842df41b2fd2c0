const revision = /^(docker\/registry\/v2\/repositories\/.+)\/_manifests\/revisions\//;

/**
 * A folder that another program expects next to an object, even if it is empty: registry 2.8 lists only repositories
 * with `_layers`, and deletes the manifests of others. (A bucket has no folders, and its programs expect none.)
 * @returns the folder's key
 */
export function folderBeside(key: string): string | undefined {
  const repository = revision.exec(key)?.[1];
  return repository && `${repository}/_layers`;
}
