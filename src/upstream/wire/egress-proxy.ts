import { BlockList, isIP } from "node:net";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a request, from `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` in either case, interpreted as by Go
 * programs (and so by registry:2 and docker): `example.com` in `NO_PROXY` includes its subdomains, networks are
 * supported, and requests to this machine never use a proxy. `ALL_PROXY` is ignored, as by them.
 */
export function egressProxyFor(url: URL, environment: Environment): URL | undefined {
  const secure = url.protocol === "https:";
  const name = secure ? "HTTPS_PROXY" : "HTTP_PROXY";
  const value = environment[name] || environment[name.toLowerCase()];
  if (!value || isExempt(url, environment.NO_PROXY || environment.no_proxy || "")) return undefined;
  const text = value.includes("://") ? value : `http://${value}`;
  const proxy = URL.canParse(text) ? new URL(text) : undefined;
  if (proxy?.protocol.startsWith("socks")) {
    throw new Error(`${name} names a SOCKS proxy, which Berth cannot use; name an HTTP proxy, or unset it`);
  }
  if (proxy?.protocol !== "http:" && proxy?.protocol !== "https:") {
    throw new Error(`${name} must be the address of an HTTP proxy, such as http://proxy.example.com:3128`);
  }
  return proxy;
}

function isExempt(url: URL, noProxy: string): boolean {
  const host = url.hostname.toLowerCase().replace(/^\[|\]$/g, "");
  if (host === "localhost" || isLoopback(host)) return true;
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return noProxy
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== "" && matches(entry, host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  if (entry.includes("/")) return isIP(host) !== 0 && isInNetwork(entry, host);
  const [, name = "", entryPort] = /^(\[[^\]]*\]|[^:]*|.*:.*:.*)(?::(\d+))?$/.exec(entry) ?? [];
  if (entryPort !== undefined && entryPort !== port) return false;
  const bare = name.replace(/^\[|\]$/g, "").replace(/^\*\./, ".");
  if (bare.startsWith(".")) return host.endsWith(bare);
  return host === bare || (isIP(host) === 0 && host.endsWith(`.${bare}`));
}

function isInNetwork(network: string, address: string): boolean {
  const [base = "", bits] = network.split("/");
  const family = isIP(base) === 6 ? "ipv6" : "ipv4";
  if (isIP(base) === 0 || !/^\d{1,3}$/.test(bits ?? "") || Number(bits) > (family === "ipv6" ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(base, Number(bits), family);
  return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

function isLoopback(host: string): boolean {
  return isIP(host) !== 0 && (isInNetwork("127.0.0.0/8", host) || host === "::1");
}
