#!/bin/bash
# Debian's cloud kernels, downloaded once and unpacked under the cache. Sourced by tests/guest/lab, also run
# directly:
#
#   kernels.sh image 6.1      prints the directory of the unpacked kernel image
#   kernels.sh vmlinux 6.1    prints the path of the vmlinux with debug information
#   kernels.sh modules 6.1    prints the directory of some modules with debug information
#
# Exit status: 0 found, 77 this machine's package sources do not offer it, 1 anything else.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/dtracepp
kernels=$cache/kernels

# The builds that tests/differential was recorded with. Where they are gone the newest of the same series serves the
# guest, and the differential test says that it cannot run.
pinned_image() {
	case $1 in
	6.1) echo linux-image-6.1.0-56-cloud-amd64 ;;
	6.12) echo linux-image-6.12.117+deb12-cloud-amd64 ;;
	*) echo "unknown kernel series '$1': choose 6.1 or 6.12" >&2; return 1 ;;
	esac
}

newest_image() { # SERIES
	apt-cache search --names-only "^linux-image-${1/./\\.}[.].*-cloud-amd64\$" 2>/dev/null |
		cut -d' ' -f1 | sort -V | tail -1
}

downloadable() { apt-cache show "$1" >/dev/null 2>&1; }

# unpack PACKAGE NAME [PATTERN...]: downloads the package and unpacks it, or only the files that match, into NAME of the
# cache.
unpack() {
	local package=$1 target=$kernels/$2 scratch size deb; shift 2
	scratch=$(mktemp -d "$kernels/.unpack.XXXXXX") || return
	size=$(apt-cache show --no-all-versions "$package" | sed -n 's/^Size: //p')
	echo "downloading $package ($((size / 1000000)) MB)" >&2
	if ! (cd "$scratch" && apt-get -q -o APT::Sandbox::User=root -o Acquire::Retries=3 download "$package" >"$scratch/log" 2>&1); then
		cat "$scratch/log" >&2
		echo "cannot download $package; if the package lists are old, 'apt-get update' helps" >&2
		rm -rf "$scratch"; return 1
	fi
	deb=$(echo "$scratch"/*.deb)
	if [ $# -gt 0 ]; then
		echo "unpacking $*" >&2
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$scratch" --wildcards --no-anchored "$@"
	else
		dpkg-deb -x "$deb" "$scratch"
	fi || { rm -rf "$scratch"; return 1; }
	rm -f "$deb" "$scratch/log"; touch "$scratch/.ok"; chmod 755 "$scratch"
	rm -rf "$target"; mv "$scratch" "$target"
}

# fetch PACKAGE NAME [PATTERN...]: prints the directory NAME of the cache, filling it from the package when needed.
fetch() {
	local status=0
	mkdir -p "$kernels"
	if [ ! -e "$kernels/$2/.ok" ]; then
		downloadable "$1" || { echo "this machine's package sources have no $1 ('apt-get update' helps when its lists are old)" >&2; return 77; }
		{ flock 7; [ -e "$kernels/$2/.ok" ] || unpack "$@" || status=1; } 7>"$kernels/.lock"
	fi
	[ $status = 0 ] && echo "$kernels/$2"
}

image_package() { # SERIES
	local package newest
	package=$(pinned_image "$1") || return
	if [ ! -e "$kernels/$package/.ok" ] && ! downloadable "$package"; then
		newest=$(newest_image "$1")
		package=${newest:-$package}
	fi
	echo "$package"
}

kernel_image() { # SERIES
	local package
	package=$(image_package "$1") && fetch "$package" "$package"
}

kernel_vmlinux() { # SERIES
	local package directory
	package=$(image_package "$1") && directory=$(fetch "$package-dbg" "$package-dbg" 'vmlinux-*') || return
	echo "$directory"/usr/lib/debug/boot/vmlinux-*
}

# Those that tests/differential has rows of.
kernel_modules() { # SERIES
	local package
	package=$(image_package "$1") &&
		fetch "$package-dbg" "$package-dbg-modules" '*/nf_conntrack.ko' '*/overlay.ko' '*/xfs.ko'
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	case ${1:-} in
	image) kernel_image "${2:-}" ;;
	vmlinux) kernel_vmlinux "${2:-}" ;;
	modules) kernel_modules "${2:-}" ;;
	*) sed -n '2,8s/^# \?//p' "$0" >&2; exit 2 ;;
	esac
fi
