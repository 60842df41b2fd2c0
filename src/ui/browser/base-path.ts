/** Where the server sends the scripts of the page, below its base. */
const ownPlace = /\/ui\/assets\/[^/]+\/[^/]+$/;

/** What stands before all paths of Berth: `server.prefix`, or what a proxy in front removes. Its own address tells a script. */
export const basePath = pathBefore(new URL(import.meta.url).pathname);

function pathBefore(path: string): string {
  const place = path.search(ownPlace);
  return place < 0 ? "" : path.slice(0, place);
}
