#!/bin/bash
# What `make install` and `make uninstall` run on what is built in build/ (or $BUILD): install.sh install|uninstall PREFIX [DESTDIR]
# uninstall removes just those files that install with the same PREFIX and DESTDIR would put there.
set -euo pipefail
cd "$(dirname "$0")/.."
verb=$1 prefix=$2 root=${3:-} build=${BUILD:-build}
say() { echo "odegrad: $*"; }

if [[ ! -f $build/cmake_install.cmake || ! -x $build/odegrad ]]; then
  say "nothing is built here, so that it is not known what was installed; run make first" >&2
  exit 1
fi

# The loader finds libraries by a cache that ldconfig makes. Only root can renew it, and it knows only the folders in
# /etc/ld.so.conf (on Debian /usr/local/lib is among them): where a program will not find the library, say how it does.
tell_loader() {
  local folder=$1 ldconfig
  ldconfig=$(PATH=$PATH:/sbin:/usr/sbin command -v ldconfig) || return 0
  [[ $(id -u) != 0 ]] || "$ldconfig" || true
  [[ $verb == install ]] || return 0
  "$ldconfig" -p 2>/dev/null | grep -F "=> $folder/libodegrad.so" >/dev/null && return
  say "programs that are linked to the shared library do not find it in $folder by themselves:"
  say "run ldconfig as root if that folder is in /etc/ld.so.conf, else link with -Wl,-rpath,$folder or set LD_LIBRARY_PATH=$folder"
}

scratch=
if [[ $verb == install ]]; then
  DESTDIR=$root cmake --install "$build" --prefix "$prefix"
  folder=$root$prefix/$(sed -n 's/^CMAKE_INSTALL_LIBDIR:[A-Z]*=//p' "$build/CMakeCache.txt")
else
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  DESTDIR=$scratch cmake --install "$build" --prefix "$prefix" >/dev/null
  count=0
  while IFS= read -r file; do
    [[ -e $root$file || -L $root$file ]] || continue
    rm -f -- "$root$file" && count=$((count + 1))
  done < <(cd "$scratch" && find . \( -type f -o -type l \) | sed 's/^\.//')
  # folders that are the package's own; those that are shared hold other files or are left alone
  find "$root$prefix" -type d -path '*/cmake/odegrad' -empty -delete 2>/dev/null || true
  say "removed $count files below $root$prefix"
  folder=
fi
[[ -n $root ]] || tell_loader "$folder"
