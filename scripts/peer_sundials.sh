#!/bin/sh
# Builds the peer of the benchmarks: CVODES from Debian's SUNDIALS source package, optimised (Debian's own binary is
# not), as static libraries in build/peer/sundials. Done once; later calls, also offline, find it there.
# Exit status: 0 it is there, 1 it could not be had (the message says why).
# Nothing of it is committed to, or linked into, odegrad.
set -eu
cd "$(dirname "$0")/.."
peer=$PWD/build/peer
prefix=$peer/sundials
suite=${PEER_SUITE:-bookworm}
flags="-O2 -DNDEBUG"

say() { echo "peer_sundials: $*" >&2; }
fail() { say "$*"; exit 1; }

if [ -f "$prefix/COMPLETE" ]; then exit 0; fi

for tool in apt-get cmake cc tar xz; do
  command -v "$tool" >/dev/null || fail "needs '$tool', which is not installed; install it (apt-get install) and try again"
done

# The mirror this machine uses already; Debian's own name otherwise.
mirror=$(sed -n 's/^URIs: *\(.*\/debian\/\{0,1\}\) *$/\1/p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\/debian\/\{0,1\}\) .*/\2/p' \
  /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null | head -n 1)
mirror=${PEER_MIRROR:-${mirror:-http://deb.debian.org/debian}}

# A package index of our own: the system's apt configuration is only read, and root is not needed.
private_apt() {
  apt-get -q -o Dir::Etc::sourcelist="$peer/apt/peer.sources" -o Dir::Etc::sourceparts=- \
    -o Dir::State::lists="$peer/apt/lists" -o Dir::Cache="$peer/apt/cache" -o APT::Sandbox::User=root \
    -o APT::Update::Post-Invoke-Success=/bin/true -o Acquire::Retries=2 "$@"
}

download() {
  mkdir -p "$peer/apt/lists/partial" "$peer/apt/cache/archives/partial" "$peer/source"
  printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' "$mirror" "$suite" \
    /usr/share/keyrings/debian-archive-keyring.gpg >"$peer/apt/peer.sources"
  say "fetching Debian's source package 'sundials' (15 MB) from $mirror"
  # apt-get update reports an unreachable mirror as a warning only, so the next command is the test.
  private_apt update >"$peer/apt/log" 2>&1 || true
  (cd "$peer/source" && private_apt source --download-only sundials) >>"$peer/apt/log" 2>&1 || {
    tail -n 3 "$peer/apt/log" >&2
    fail "could not fetch it: is there a network? (full log: $peer/apt/log; other mirror: PEER_MIRROR=http://...)"
  }
}

# Debian's changes to the source, in their order (they concern the build, Fortran and Python, not the integrators).
unpack() {
  rm -rf "$peer/work" && mkdir -p "$peer/work/source"
  tar -xJf "$peer"/source/sundials_*.orig.tar.xz -C "$peer/work/source" --strip-components=1
  tar -xJf "$peer"/source/sundials_*.debian.tar.xz -C "$peer/work"
  command -v patch >/dev/null || { say "'patch' is not installed: building without Debian's patches"; return 0; }
  grep -v '^#' "$peer/work/debian/patches/series" 2>/dev/null | while read -r name rest; do
    [ -z "$name" ] || patch -s -p1 -d "$peer/work/source" <"$peer/work/debian/patches/$name"
  done
}

build() {
  say "building CVODES with '$flags'"
  set -- -DCMAKE_BUILD_TYPE=Release "-DCMAKE_C_FLAGS_RELEASE=$flags" "-DCMAKE_INSTALL_PREFIX=$prefix.new" \
    -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_SHARED_LIBS=OFF -DBUILD_STATIC_LIBS=ON -DBUILD_CVODES=ON \
    -DEXAMPLES_INSTALL=OFF -DEXAMPLES_ENABLE_C=OFF
  for off in ARKODE CVODE IDA IDAS KINSOL; do set -- "$@" "-DBUILD_$off=OFF"; done
  for off in MPI OPENMP LAPACK FORTRAN PTHREAD; do set -- "$@" "-DENABLE_$off=OFF"; done
  if [ -f /usr/include/suitesparse/klu.h ]; then # Debian's libsuitesparse-dev
    set -- "$@" -DENABLE_KLU=ON -DKLU_INCLUDE_DIR=/usr/include/suitesparse "-DKLU_LIBRARY_DIR=$(dirname "$(ls /usr/lib/*/libklu.so | head -n 1)")"
  else
    say "without KLU, as libsuitesparse-dev is missing: bench_grid measures odegrad alone"
    set -- "$@" -DENABLE_KLU=OFF
  fi
  cmake -S "$peer/work/source" -B "$peer/work/build" "$@" >"$peer/work/log" 2>&1 &&
    cmake --build "$peer/work/build" -j "$(nproc)" >>"$peer/work/log" 2>&1 &&
    rm -rf "$prefix" "$prefix.new" &&
    cmake --install "$peer/work/build" >>"$peer/work/log" 2>&1 || {
    tail -n 20 "$peer/work/log" >&2
    fail "the build failed (full log: $peer/work/log)"
  }
  echo "$flags" >"$prefix.new/COMPLETE"
  mv "$prefix.new" "$prefix"
}

mkdir -p "$peer"
ls "$peer"/source/sundials_*.orig.tar.xz "$peer"/source/sundials_*.debian.tar.xz >/dev/null 2>&1 || download
unpack
build
rm -rf "$peer/work"
say "CVODES is in $prefix"
