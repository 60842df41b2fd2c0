# docker build --tag berth .
# docker run --publish 5000:5000 --volume registry:/var/lib/registry berth

# The official image, or another with node, npm and a user called node. A tag moves: for reproducible builds, pin the
# digest (docker buildx imagetools inspect node:22-bookworm-slim) with
# --build-arg NODE_IMAGE=node:22-bookworm-slim@sha256:...
ARG NODE_IMAGE=node:22-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts/build-page.mjs scripts/build-server.mjs scripts/sectioned-map.mjs scripts/
COPY src src
RUN npm run build && chmod +x dist/main.js && npm prune --omit=dev --ignore-scripts

FROM ${NODE_IMAGE}
WORKDIR /opt/berth
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY config/openapi.yml config/
# The paths where registry:2 and registry:3 look for their file: Berth uses a file of either that is mounted there.
COPY config/container.yml /etc/docker/registry/config.yml
COPY config/entrypoint.sh /entrypoint.sh
# Health checks written for registry:2 call wget.
RUN command -v wget > /dev/null \
 || { apt-get update && apt-get install --yes --no-install-recommends wget && rm -rf /var/lib/apt/lists/*; }
RUN ln -s /opt/berth/dist/main.js /usr/local/bin/berth \
 && ln -s /opt/berth/dist/main.js /usr/local/bin/registry \
 && ln -s /opt/berth/dist/main.js /bin/registry \
 && ln -s /etc/docker/registry /etc/distribution \
 && mkdir -p /var/lib/registry \
 && chown node:node /var/lib/registry

USER node
VOLUME /var/lib/registry
EXPOSE 5000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["berth", "health", "/etc/docker/registry/config.yml"]
ENTRYPOINT ["/entrypoint.sh"]
CMD ["serve", "/etc/docker/registry/config.yml"]
