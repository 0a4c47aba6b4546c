#!/usr/bin/env bash
# Brings everything that the benchmarks measure beside troupe: the peers of bench/peers/package.json, and
# Erlang where apt is available. A peer that cannot be had is reported as missing by every run.
set -euo pipefail
cd "$(dirname "$0")/peers"

npm ci --no-audit --no-fund

if command -v erl >/dev/null; then
  echo 'Erlang is there.'
elif command -v apt-get >/dev/null; then
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq erlang-base
else
  echo 'No apt-get here: Erlang will be reported as missing.' >&2
fi
