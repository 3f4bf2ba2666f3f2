#!/bin/sh
# Gets the peers of the benchmarks of neural ODEs: torchdiffeq on Debian's PyTorch, and diffrax on JAX, each in a virtual
# environment of its own in build/peer/python (they want different versions of NumPy). Done once; later calls find them.
# Exit status: 0 they are there, 1 they could not be had (the message says why).
# Nothing of them is committed to, or linked into, odegrad.
set -eu
cd "$(dirname "$0")/.."
peer=$PWD/build/peer/python
python=${PEER_PYTHON:-/usr/bin/python3}
# Without an OpenBLAS beside it Debian's PyTorch multiplies matrices by the reference BLAS, twenty times slower.
packages="python3-torch python3-venv libopenblas0-pthread"

say() { echo "peer_python: $*" >&2; }
fail() { say "$*"; exit 1; }

if [ -f "$peer/COMPLETE" ]; then exit 0; fi
mkdir -p "$peer"

have_torch() { "$python" -c 'import torch, venv' 2>/dev/null && ls /usr/lib/*/libopenblas*.so.0 /usr/lib/*/openblas*/libblas.so.3 >/dev/null 2>&1; }

install_torch() {
  command -v apt-get >/dev/null || fail "needs Debian's packages $packages; there is no apt-get here"
  as_root=""
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "ask an administrator to run: apt-get install $packages"
    as_root=sudo
  fi
  say "installing Debian's $packages (some 500 MB)"
  $as_root apt-get update -qq >>"$peer/log" 2>&1 || true
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >>"$peer/log" 2>&1 || {
    tail -n 3 "$peer/log" >&2
    fail "could not install them: is there a network? (full log: $peer/log)"
  }
}

# environment NAME PYTHON-OPTIONS PACKAGE...: a virtual environment with what PyPI has.
environment() {
  name=$1 options=$2
  shift 2
  say "fetching from PyPI: $*"
  rm -rf "${peer:?}/$name"
  "$python" -m venv $options "$peer/$name" && "$peer/$name/bin/pip" install -q "$@" >>"$peer/log" 2>&1 || {
    tail -n 3 "$peer/log" >&2
    fail "could not make the environment '$name': is there a network? (full log: $peer/log)"
  }
}

have_torch || install_torch
environment torch --system-site-packages torchdiffeq safetensors "numpy<2"
environment jax "" jax diffrax equinox optax safetensors numpy

# Debian's OpenBLAS may not know the processor and then takes slow kernels: the fastest of those it has are named to it.
say "choosing the kernels of OpenBLAS"
for core in "" SkylakeX Cooperlake Zen Haswell; do
  OPENBLAS_CORETYPE=$core OPENBLAS_NUM_THREADS=1 "$peer/torch/bin/python" bench/peers/product.py "$core"
done | sort -rg >"$peer/products"
sed -n '1s/^[^ ]* *//p' "$peer/products" >"$peer/coretype"
touch "$peer/COMPLETE"
say "torchdiffeq and diffrax are in $peer; OPENBLAS_CORETYPE=$(cat "$peer/coretype") gives $(sed -n '1s/ .*//p' "$peer/products") GFLOP/s"
