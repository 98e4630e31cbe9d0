# A Slimflow worker that computes on the processor. From the project's root:
#   docker build -f deploy/docker/cpu.Dockerfile -t slimflow:cpu .
ARG NODE_VERSION=24
FROM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Leaves CUDA out, whichever npm this is.
ENV ONNXRUNTIME_NODE_INSTALL=skip
RUN npm ci --no-audit --no-fund
COPY . .
RUN npx tsc -p . && node dist/workers/workflow-bundle.js && rm -rf dist/test dist/bench
# What is used at run time stays, with the S3 client and the traces of the lock file; then the native libraries of other platforms go.
RUN version() { node -p "'$1@' + require('./package-lock.json').packages['node_modules/$1'].version"; } \
  && npm install --save-prod --omit=dev --ignore-scripts --no-audit --no-fund \
    "$(version @aws-sdk/client-s3)" "$(version @aws-sdk/lib-storage)" \
    "$(version @temporalio/interceptors-opentelemetry)" "$(version @opentelemetry/exporter-trace-otlp-http)" \
    "$(version @opentelemetry/sdk-trace-base)" "$(version @opentelemetry/resources)" \
    "$(version @opentelemetry/context-async-hooks)" \
  && node scripts/drop-other-platforms.mjs

FROM node:${NODE_VERSION}-bookworm-slim
ENV NODE_ENV=production SLIMFLOW_STATE=/var/lib/slimflow SLIMFLOW_CACHE=/var/lib/slimflow/cache
# OpenBLAS has the LAPACK that decompositions run on; tini hands SIGTERM on, and buries job processes that were killed.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends libopenblas0 tini \
  && rm -rf /var/lib/apt/lists/* && install -d -o node -g node "$SLIMFLOW_STATE"
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/engine/linalg/wasm/linalg.wasm engine/linalg/wasm/
USER 1000:1000
EXPOSE 8080 9090
VOLUME ["/var/lib/slimflow"]
ENTRYPOINT ["tini", "--", "node", "/app/dist/cli/main.js"]
CMD ["worker", "--queue", "cpu", "--health-port", "8080", "--health-host", "0.0.0.0"]
