# Sourced by the scripts: changes to the repository's root and defines `install`.
set -euo pipefail
caller_dir=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Prints the path of uv; installs it with pip if this machine has none.
find_uv() {
  command -v uv && return
  [[ -x .cache/uv/bin/uv ]] || { python3 -m venv .cache/uv && .cache/uv/bin/pip install --quiet uv; } >&2
  echo .cache/uv/bin/uv
}

# install all      everything in the lock, including Chatterbox and the development tools (8 GB)
# install preview  the worker with the preview engine, and the local endpoint (0.5 GB)
# Does nothing if that, or more, is already installed from the same lock.
install() {
  local what=$1 lock uv
  lock=$(cat pyproject.toml requirements.txt | sha256sum | cut -d' ' -f1)
  case "$what $(cat .venv/.installed 2>/dev/null)" in
    "all all $lock" | "preview all $lock" | "preview preview $lock") return ;;
  esac
  echo "installing ($what) into .venv ..." >&2
  uv=$(find_uv)
  [[ -x .venv/bin/python ]] || "$uv" venv --quiet --python '>=3.11,<3.13' .venv
  if [[ $what == all ]]; then
    "$uv" pip sync --quiet --python .venv requirements.txt
    "$uv" pip install --quiet --python .venv --no-deps --editable .
  else
    # The lock as constraints: the same versions and hashes, without torch's gigabytes.
    "$uv" pip install --quiet --python .venv --constraint requirements.txt --editable '.[worker,local]'
  fi
  echo "$what $lock" >.venv/.installed
}
