import { type ClientSetup, ownFile } from "./client-setup.js";
import type { RegistryToReach } from "./registry-to-reach.js";
import { commonSettings, hostOf, userSteps } from "./server.js";

/** nginx with TLS in front of a server on the same machine that requires a login. */
export function setUpNginx(registry: RegistryToReach): ClientSetup {
  const { address } = registry;
  const server = [
    "server:",
    "  host: 127.0.0.1",
    "  port: 5000",
    `  publicUrl: https://${address}`,
    '  trustedProxies: [127.0.0.1, "::1"]',
    "  keepAlive: 75s",
  ];
  return {
    files: [
      ownFile("/etc/nginx/conf.d/berth.conf", siteLines(hostOf(registry))),
      ownFile("/etc/berth/berth.yml", [...server, ...commonSettings(registry, [])]),
    ],
    notes: [`Put the certificate in place, then: nginx -t && systemctl reload nginx`, ...userSteps(address)],
  };
}

/** The settings of `config/nginx.conf`, which explains each. */
function siteLines(host: string): string[] {
  return [
    "upstream berth {",
    "    server 127.0.0.1:5000;",
    "    keepalive 64;",
    "}",
    "",
    "server {",
    "    listen 443 ssl;",
    "    listen [::]:443 ssl;",
    `    server_name ${host};`,
    "",
    `    ssl_certificate     /etc/nginx/tls/${host}.crt;`,
    `    ssl_certificate_key /etc/nginx/tls/${host}.key;`,
    "",
    "    client_max_body_size 0;",
    "    large_client_header_buffers 4 32k;",
    "",
    "    location / {",
    "        proxy_pass http://berth;",
    "        proxy_http_version 1.1;",
    '        proxy_set_header Connection "";',
    "        proxy_set_header Host $http_host;",
    "        proxy_set_header X-Forwarded-For $remote_addr;",
    "        proxy_set_header X-Forwarded-Proto $scheme;",
    "        proxy_request_buffering off;",
    "        proxy_buffering off;",
    "        proxy_buffer_size 64k;",
    "        proxy_buffers 8 64k;",
    "        proxy_read_timeout 900s;",
    "        proxy_send_timeout 900s;",
    "    }",
    "}",
  ];
}
