# One image for the RunPod worker. The torch wheels carry CUDA: any Debian with Python 3.11 is base enough.
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS build
# Without "--extra chatterbox" the image is small and speaks with the preview engine alone.
ARG EXTRAS="--extra worker --extra chatterbox --extra local"
RUN python3 -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir --quiet uv
WORKDIR /src
COPY pyproject.toml requirements.txt ./
# The lock as constraints: its versions and hashes, for these extras only.
RUN /opt/uv/bin/uv venv --quiet --python "$(command -v python3)" /opt/venv \
 && /opt/uv/bin/uv pip install --quiet --no-cache --link-mode copy --compile-bytecode \
    --python /opt/venv --constraint requirements.txt --requirements pyproject.toml ${EXTRAS}
COPY README.md LICENSE ./
COPY client client
COPY control_plane control_plane
COPY voices voices
COPY voices_cli voices_cli
COPY worker worker
RUN /opt/uv/bin/uv pip install --quiet --no-cache --compile-bytecode --python /opt/venv --no-deps .

FROM ${BASE_IMAGE}
# RunPod mounts a network volume at /runpod-volume; without one the link leads nowhere, and that is fine.
RUN ln -s /runpod-volume/voices /voices
COPY --from=build /opt/venv /opt/venv
# The engine by name: a production worker never falls back to preview unseen.
# Two arenas: with the C library's usual ones, each request's thread leaves some memory behind.
ENV PATH=/opt/venv/bin:$PATH \
    MALLOC_ARENA_MAX=2 \
    PYTHONUNBUFFERED=1 \
    ENGINE=chatterbox-turbo \
    VOICES_DIR=/voices \
    LISTEN_HOST=0.0.0.0 \
    PORT=80
# The queue worker; "python -m worker serve" on load-balancing endpoints and Pods.
CMD ["python", "-m", "worker"]
