#!/bin/bash
# Configures a preset of CMakePresets.json, quietly unless VERBOSE is set: configure.sh PRESET [options of cmake]
# CMake refuses a build folder that was made for another source folder, and so the one inside a checkout that was copied or
# moved. Such a folder is recognised, and what CMake keeps in it is removed: its objects depend on files of the other place.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:?usage: configure.sh PRESET [options of cmake]}
folder=build/$preset
[[ $preset == release ]] && folder=build

if [[ -f $folder/CMakeCache.txt ]]; then
  made_for=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$folder/CMakeCache.txt")
  made_in=$(sed -n 's/^CMAKE_CACHEFILE_DIR:INTERNAL=//p' "$folder/CMakeCache.txt")
  if ! [[ $made_for -ef . && $made_in -ef $folder ]]; then
    echo "odegrad: $folder was made for ${made_for:-another folder}; this is $PWD: it is configured and built anew" >&2
    find "$folder" \( -name CMakeCache.txt -o -name CMakeFiles \) -prune -exec rm -rf {} +
  fi
fi
if [[ -n ${VERBOSE:-} ]]; then
  exec cmake --preset "$@"
else
  exec cmake --preset "$@" --log-level=WARNING >/dev/null
fi
