# Sourced by the scripts: goes to the repository's root and defines `install`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

_uv() {
  command -v uv >/dev/null || {
    local python
    for python in python3.12 python3.11 python3; do command -v "$python" >/dev/null && break; done
    [[ -x .cache/uv/bin/uv ]] || { "$python" -m venv .cache/uv && .cache/uv/bin/pip install --quiet uv; } >&2
    set -- .cache/uv/bin/uv "$@"
    "$@"
    return
  }
  uv "$@"
}

# install all      everything in the lock, Chatterbox and the development tools too (8 GB)
# install preview  the worker with the preview engine, and the local endpoint (0.5 GB)
# Does nothing when that, or more, is already installed from this very lock.
install() {
  local what=$1 lock
  lock=$(cat pyproject.toml requirements.txt | sha256sum | cut -d' ' -f1)
  case "$what $(cat .venv/.installed 2>/dev/null)" in
    "all all $lock" | "preview all $lock" | "preview preview $lock") return ;;
  esac
  echo "installing ($what) into .venv ..." >&2
  [[ -x .venv/bin/python ]] || _uv venv --quiet --python '>=3.11,<3.13' .venv
  if [[ $what == all ]]; then
    _uv pip sync --quiet --python .venv requirements.txt
    _uv pip install --quiet --python .venv --no-deps --editable .
  else
    # The lock as constraints: the same versions and hashes, without the gigabytes of torch.
    _uv pip install --quiet --python .venv --constraint requirements.txt --editable '.[worker,local]'
  fi
  echo "$what $lock" >.venv/.installed
}
