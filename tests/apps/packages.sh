#!/bin/bash
# Debian's programs that recipes are tried on, downloaded once and unpacked under the cache. Nothing is installed, so no
# server of them is ever started by the system.
#
#   packages.sh      prints the folder that they are unpacked in: FOLDER/usr/sbin/mariadbd
#
# Exit status: 0 found, 77 this machine's package sources do not offer them, 1 anything else.
set -u
programs=(mariadb-server-core mariadb-client-core postgresql-15 postgresql-client-15 openjdk-17-jre-headless
	nodejs libnode108 node-acorn node-cjs-module-lexer node-undici)
# What these need and this machine lacks is found by apt; of `nodejs` it may know another one, which is installed.
needing=(mariadb-server-core mariadb-client-core postgresql-15 openjdk-17-jre-headless libnode108)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/dtracepp
folder=$cache/apps

# The newest version that can be downloaded: PACKAGE=VERSION.
downloadable() {
	local version
	version=$(apt-cache madison "$1" 2>/dev/null | awk -F ' *[|] *' '$3 ~ /Packages/ { print $2; exit }')
	[ -n "$version" ] && echo "$1=$version"
}

missing_libraries() {
	apt-get -s -q install --no-upgrade --no-install-recommends "${needing[@]}" 2>/dev/null |
		sed -nE 's/^Inst (lib[^ ]*) .*/\1/p' | grep -vxFf <(printf '%s\n' "${programs[@]}")
}

# Links into /etc lead to what is not installed.
relink() {
	local link
	find "$1" -lname '/etc/*' | while read -r link; do ln -sfn "$1$(readlink "$link")" "$link"; done
}

unpack() {
	local scratch deb chosen=() package version
	for package in "${programs[@]}" $(missing_libraries); do
		version=$(downloadable "$package") || {
			echo "this machine's package sources have no $package ('apt-get update' helps when its lists are old)" >&2
			return 77
		}
		chosen+=("$version")
	done
	scratch=$(mktemp -d "$cache/.apps.XXXXXX") || return 1
	echo "downloading ${chosen[*]}" >&2
	if ! (cd "$scratch" && apt-get -q -o APT::Sandbox::User=root -o Acquire::Retries=3 download "${chosen[@]}") >"$scratch/log" 2>&1; then
		cat "$scratch/log" >&2; rm -rf "$scratch"; return 1
	fi
	for deb in "$scratch"/*.deb; do
		dpkg-deb -x "$deb" "$scratch" || { rm -rf "$scratch"; return 1; }
		rm "$deb"
	done
	chmod 755 "$scratch"; printf '%s\n' "${chosen[@]}" >"$scratch/.ok"; rm "$scratch/log"
	rm -rf "$folder"; mv "$scratch" "$folder"; relink "$folder"
}

mkdir -p "$cache"
status=0
if [ ! -e "$folder/.ok" ]; then
	{ flock 7; [ -e "$folder/.ok" ] || unpack || status=$?; } 7>"$cache/.apps.lock"
fi
[ $status = 0 ] && echo "$folder"
exit $status
