# The worker alone: no JVM, no build step. Node runs the TypeScript sources directly.
FROM node:24-slim AS dependencies
WORKDIR /opt/millrace
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /opt/millrace
COPY --from=dependencies /opt/millrace/node_modules ./node_modules
COPY package.json LICENSE ./
COPY src ./src
COPY config/docker /etc/millrace
COPY config/data /opt/millrace/config/data
USER node
EXPOSE 8083
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=6 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8083/health').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=4", "/opt/millrace/src/main.ts"]
CMD ["standalone", "/etc/millrace/worker.json", "/etc/millrace/connectors/postgres.json", "/etc/millrace/connectors/csv.json"]
