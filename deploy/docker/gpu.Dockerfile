# A Slimflow worker that computes on NVIDIA GPUs: ONNX Runtime's CUDA provider and cuSOLVER. From the project's root:
#   docker build -f deploy/docker/gpu.Dockerfile -t slimflow:gpu .
# The host needs NVIDIA's container toolkit and a driver for CUDA 12.8 or newer.
ARG NODE_VERSION=24
FROM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# The install script fetches the library of the CUDA provider, some hundred MB; package.json keeps npm from running it.
ENV ONNXRUNTIME_NODE_INSTALL=cuda12
RUN npm ci --no-audit --no-fund && node node_modules/onnxruntime-node/script/install
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

# Has what the provider and the decompositions load: cudart, cuBLAS, cuDNN 9, cuSOLVER.
FROM nvidia/cuda:12.8.1-cudnn-runtime-ubuntu22.04
ENV NODE_ENV=production SLIMFLOW_STATE=/var/lib/slimflow SLIMFLOW_CACHE=/var/lib/slimflow/cache NVIDIA_DRIVER_CAPABILITIES=compute,utility
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends libopenblas0 tini \
  && rm -rf /var/lib/apt/lists/* \
  && groupadd --gid 1000 node && useradd --uid 1000 --gid node --create-home node \
  && install -d -o node -g node "$SLIMFLOW_STATE"
COPY --from=build /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/engine/linalg/wasm/linalg.wasm engine/linalg/wasm/
USER 1000:1000
EXPOSE 8080 9090
VOLUME ["/var/lib/slimflow"]
ENTRYPOINT ["tini", "--", "node", "/app/dist/cli/main.js"]
CMD ["worker", "--queue", "gpu", "--health-port", "8080", "--health-host", "0.0.0.0"]
