import { locatePeers } from "../peers.mjs";

/** Berth and registry 3 on a bucket, with their defaults. @param {object} settings of the bucket, and for Berth other sections */
export function peersOn(ids, settings) {
  const configs = { berth: berthConfig, registry3: registry3Config };
  return locatePeers(ids).map((peer) => ({ ...peer, config: (place) => configs[peer.id](place, settings) }));
}

function berthConfig({ port, data }, { sections = { mode: "private" }, ...settings }) {
  const s3 = { ...settings, staging: `${data}/staging` };
  return JSON.stringify({ server: { port }, storage: { driver: "s3", s3 }, ...sections });
}

/** Without the redirect, which is on by default: otherwise clients would be served by the store. */
function registry3Config({ port }, { bucket, endpoint, region, accessKeyId, secretAccessKey }) {
  const s3 = {
    bucket,
    region,
    regionendpoint: endpoint,
    accesskey: accessKeyId,
    secretkey: secretAccessKey,
    forcepathstyle: true,
    secure: false,
  };
  return JSON.stringify({
    version: 0.1,
    storage: { s3, cache: { blobdescriptor: "inmemory" }, redirect: { disable: true }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, secret: "bench" },
    health: { storagedriver: { enabled: true, interval: "10s", threshold: 3 } },
  });
}
