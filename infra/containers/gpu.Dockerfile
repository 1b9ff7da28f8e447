# A worker for one NVIDIA GPU: TensorFlow's CUDA build with the nvidia-* wheels it names. The host
# brings the driver (NVIDIA container toolkit).
#   docker build -f infra/containers/gpu.Dockerfile -t ced-distillation:gpu .
FROM node:20.20.2-bookworm@sha256:8f693eaa7e0a8e71560c9a82b55fd54c2ae920a2ba5d2cde28bac7d1c01c9ba5 AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ python3 python3-pip \
    && rm -rf /var/lib/apt/lists/*
ENV CED_CACHE=/opt/ced
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY infra ./infra
# --allow-cpu: a build sees no GPU. The worker that starts in this image needs one.
RUN node infra/run.mjs setup --gpu --allow-cpu --parts tensorflow --quiet
COPY . .
RUN node infra/run.mjs setup --gpu --allow-cpu --parts tensorflow --quiet \
    && npm prune --omit=dev \
    && node infra/run.mjs setup --gpu --allow-cpu --parts tensorflow --no-build --quiet

FROM node:20.20.2-bookworm-slim@sha256:2cf067cfed83d5ea958367df9f966191a942351a2df77d6f0193e162b5febfc0
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/ced /opt/ced
COPY --from=build /app /app
ENV CED_CACHE=/opt/ced NODE_OPTIONS="--disable-warning=ExperimentalWarning --enable-source-maps" \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
RUN mkdir -p /data /cache && chown node:node /data /cache
USER node
WORKDIR /data
ENTRYPOINT ["node", "/app/dist/workers/main.js", "--root", "/data", "--cache", "/cache"]
CMD ["--queue", "gpu"]
