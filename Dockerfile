# One image for every way to run the worker: MODE=queue takes jobs from RunPod, MODE=serve speaks HTTP.
# docs/IMAGE.md explains the arguments, and the size of each layer.
#
# The torch wheels include CUDA, so the base may be any Debian with Python 3.11 or 3.12 as `python3`. The
# workflows pass the tag with its current digest.
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS uv
RUN echo "uv==0.13.8 \
      --hash=sha256:e18a57b8b352eb7c8feb317b9f6f533c8f0ad9673fd6cf34bbe3cf1a9f6a8984 \
      --hash=sha256:0b3e8b1a4f5e405e31e2ff33de8af4744831e9f7338539671efbd8c3c94e791d" >/tmp/uv.txt \
 && python3 -m venv /opt/uv \
 && /opt/uv/bin/pip install --no-cache-dir --quiet --require-hashes --requirement /tmp/uv.txt
# The bytecode compiled here never changes: unchecked hashes save each import a look at its source's time.
ENV UV_NO_CACHE=1 UV_COMPILE_BYTECODE=1 PYC_INVALIDATION_MODE=UNCHECKED_HASH
WORKDIR /src

FROM uv AS wanted
# Without "chatterbox" the image is small and has only the preview engine.
ARG EXTRAS="worker chatterbox local"
COPY pyproject.toml ./
# Only the requirements (an extra may name another of ours): a change elsewhere in pyproject.toml must not rebuild gigabytes.
RUN python3 -c 'import sys, tomllib; from pathlib import Path; \
      file = tomllib.loads(Path("pyproject.toml").read_text()); project = file["project"]; \
      ours = project["name"] + "["; extras = sys.argv[1:]; wanted = project["dependencies"]; \
      [extras.append(each[len(ours):-1]) if each.startswith(ours) else wanted.append(each) \
       for extra in extras for each in project["optional-dependencies"][extra]]; \
      Path("wanted.txt").write_text("\n".join(wanted)); \
      Path("overrides.txt").write_text("\n".join(file["tool"]["uv"]["override-dependencies"]))' ${EXTRAS}

FROM uv AS libraries
COPY --from=wanted /src/wanted.txt /src/overrides.txt ./
COPY requirements.txt ./
# The lock serves as constraints: its versions and hashes, for these extras only. The image omits Triton (we
# have no kernels for it), the files that no process links to (headers, static and alternative libraries,
# cuSOLVER for several GPUs), and the libraries' own tests. CUDA and torch go into a layer of their own: they
# are most of the bytes and change least.
RUN echo triton >/tmp/excluded \
 && /opt/uv/bin/uv venv --quiet --python "$(command -v python3)" /opt/venv \
 && /opt/uv/bin/uv pip install --quiet --python /opt/venv --excludes /tmp/excluded \
      --overrides overrides.txt --constraint requirements.txt --requirements wanted.txt \
 && cd "$(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
 && find . -type d \( -name test -o -name tests \) -prune -exec rm -r {} + \
 && find . -name '*.a' -delete \
 && rm -rf torch/include torch/share torch/bin/protoc* nvidia/*/include nvidia/nvshmem/lib/*.bc \
      nvidia/cuda_nvrtc/lib/*.alt.so.* nvidia/cusolver/lib/libcusolverMg.so.* \
 && mkdir -p "/opt/cuda$PWD" \
 && for each in nvidia torch; do if [ -d "$each" ]; then mv "$each" "/opt/cuda$PWD"; fi; done

FROM uv AS application
COPY pyproject.toml requirements.txt README.md LICENSE ./
COPY chatterpod chatterpod
COPY local_runpod local_runpod
COPY synthetic synthetic
COPY voices voices
COPY voices_cli voices_cli
COPY worker worker
RUN /opt/uv/bin/uv venv --quiet --python "$(command -v python3)" /opt/venv \
 && /opt/uv/bin/uv pip install --quiet --python /opt/venv --no-deps --build-constraint requirements.txt .

FROM uv AS weights
# MODEL_ID=ResembleAI/chatterbox-turbo bakes the weights in; if empty, they come from RunPod's model cache, the
# volume or a download. MODEL_REVISION is a commit of that repository: a branch or tag could move.
ARG MODEL_ID=""
ARG MODEL_REVISION=""
COPY requirements.txt ./
RUN --mount=type=secret,id=HF_TOKEN \
    mkdir /opt/model \
 && if [ -n "$MODEL_ID" ]; then \
      : "${MODEL_REVISION:?name the commit to bake, as --build-arg MODEL_REVISION=...}" \
      && /opt/uv/bin/uv venv --quiet --python "$(command -v python3)" /opt/hub \
      && /opt/uv/bin/uv pip install --quiet --python /opt/hub --constraint requirements.txt huggingface-hub \
      && if [ -s /run/secrets/HF_TOKEN ]; then HF_TOKEN=$(cat /run/secrets/HF_TOKEN); export HF_TOKEN; fi \
      && /opt/hub/bin/hf download "$MODEL_ID" --revision "$MODEL_REVISION" --local-dir /opt/model \
           --include '*.safetensors' --include '*.json' --include '*.txt' --include '*.pt' \
           --exclude s3gen.safetensors \
      && rm -rf /opt/model/.cache; \
    fi

FROM ${BASE_IMAGE}
# RunPod mounts a network volume at /runpod-volume; without one the link is dangling, which is harmless.
RUN useradd --create-home --uid 10001 chatterpod \
 && install --directory --owner chatterpod /home/chatterpod/.cache /home/chatterpod/.cache/huggingface \
 && ln -s /runpod-volume/voices /voices
COPY --from=weights /opt/model /opt/model
COPY --from=libraries /opt/cuda/ /
COPY --from=libraries /opt/venv /opt/venv
COPY --from=application /opt/venv /opt/venv
# ENGINE names the engine: a production worker must not fall back to preview silently.
# MALLOC_ARENA_MAX=2: with glibc's default number of arenas, each request's thread leaves memory allocated.
ENV PATH=/opt/venv/bin:$PATH \
    HOME=/home/chatterpod \
    NUMBA_CACHE_DIR=/tmp/numba \
    MALLOC_ARENA_MAX=2 \
    PYTHONUNBUFFERED=1 \
    MODE=queue \
    ENGINE=chatterbox-turbo \
    VOICES_DIR=/voices \
    LISTEN_HOST=0.0.0.0 \
    PORT=8000 \
    HEARTBEAT_FILE=/tmp/chatterpod-heartbeat
ARG VERSION=unknown
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="Chatterpod" \
      org.opencontainers.image.description="Chatterbox speech in cloned voices, streamed while it is being spoken" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="MIT"
EXPOSE 8000
STOPSIGNAL SIGTERM
# The start may load gigabytes, so it gets 10 minutes before a failed check counts.
HEALTHCHECK --interval=30s --timeout=10s --start-period=10m --retries=3 \
    CMD ["python", "-m", "worker.health_check"]
# RUN_AS=0 is for volumes that only root may write to.
ARG RUN_AS=10001
USER ${RUN_AS}
WORKDIR /home/chatterpod
CMD ["python", "-m", "worker"]
