#!/bin/bash
# Prints the directory of speedscope's pages, which npm downloads once into the cache. The last line of standard error is
# the reason why they cannot be had (exit status 77).
set -euo pipefail
version=1.25.0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/dtracepp
target=$cache/speedscope-$version

if [ ! -d "$target" ]; then
	command -v npm >/dev/null || { echo "there is no npm" >&2; exit 77; }
	mkdir -p "$cache"
	scratch=$(mktemp -d "$cache/.speedscope.XXXXXX")
	trap 'rm -rf "$scratch"' EXIT
	timeout 120 npm install --ignore-scripts --no-audit --no-fund --prefix "$scratch" "speedscope@$version" >"$scratch/log" 2>&1 ||
		{ echo "npm cannot install speedscope $version" >&2; exit 77; }
	mv -T "$scratch/node_modules/speedscope" "$target"
fi
echo "$target/dist/release"
