# Attaché's image: Node, dist/ and the packages it runs with. docker-compose.yml builds it; by hand: docker build -t attache .
FROM node:24.21.0-trixie-slim AS node
WORKDIR /app

FROM node AS build
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node AS packages
COPY package.json package-lock.json ./
# No package that runs has to execute anything to be installed, so none may.
RUN npm ci --omit=dev --ignore-scripts

# The upstream of docker-compose.local.yml; not part of Attaché's image.
FROM build AS local
COPY local ./local
# Its volume starts as a copy of this folder: by the link Envoy finds the upstream's CA where it looks for the system's.
RUN install -d -o 11001 -g 11001 -m 0755 /certificates && ln -s ca.pem /certificates/ca-certificates.crt
USER 11001:11001
ENTRYPOINT ["node", "local/upstream.ts"]

FROM node AS attache
# Attaché's own user, no account of the machine's: nobody else may look into a process that holds keys. Envoy joins the group.
RUN install -d -o 11000 -g 11000 -m 0750 /run/attache
COPY package.json LICENSE ./
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
ENV NODE_ENV=production
ENV ATTACHE_ADMIN=127.0.0.1:9464
USER 11000:11000
HEALTHCHECK --interval=10s --timeout=10s --start-period=120s --start-interval=1s --retries=3 \
  CMD ["node", "--eval", "fetch('http://' + process.env.ATTACHE_ADMIN + '/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# No shell in between: SIGTERM reaches Attaché, which answers the calls under way and then ends.
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["serve"]
