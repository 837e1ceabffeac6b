# The guest's disks, made without root and without mounting: sourced by tests/guest/lab.
#
# The root file system is an ext4 image made by `mke2fs -d` from the packages installed on this machine, so it has the
# C++ runtime that dtrace++ was linked with. NVMe and ext4 are built into Debian's cloud kernels: the guest needs no
# initramfs and loads no module to find its root. Images are kept in the cache under a name made of all that is in them.

images=$cache/images

base_packages="bash dash coreutils util-linux mount kmod procps grep sed mawk tar gzip findutils iproute2 libc-bin
 diffutils libstdc++6 readline-common ncurses-base base-files base-passwd bsdutils"
base_modules="virtio_pci virtio_console loop dummy veth"

# The named packages and what they depend on, as "package version" lines; only what is installed here.
closure() {
	local -A seen=()
	local queue=("$@") package dependency
	while ((${#queue[@]})); do
		package=${queue[0]}; queue=("${queue[@]:1}")
		[ -z "${seen[$package]:-}" ] || continue
		seen[$package]=1
		while read -r dependency; do [ -n "${seen[$dependency]:-}" ] || queue+=("$dependency"); done < <(
			dpkg-query -W -f '${Depends}, ${Pre-Depends}\n' "$package" 2>/dev/null | tr ',' '\n' |
				sed -E 's/\|.*//; s/\(.*//; s/:any//; s/[[:space:]]//g' | grep .)
	done
	dpkg-query -W -f '${db:Status-Status} ${binary:Package} ${Version}\n' "${!seen[@]}" 2>/dev/null |
		awk '$1 == "installed" {print $2, $3}' | sort -u
}

shared_libraries() { # PROGRAM...
	local program
	for program; do ldd "$program" 2>/dev/null; done |
		awk '$2 == "=>" && $3 ~ /^\// {print $3} $1 ~ /^\// {print $1}' | sort -u
}

key_of() { sha256sum | cut -c1-16; }

# Files of the packages on standard input that a program may need at run time, as paths relative to /.
package_files() {
	local file
	cut -d' ' -f1 | xargs dpkg-query -L | grep '^/' |
		grep -vE '^/(\.|usr/share/(doc|man|locale|info|bug|lintian|bash-completion|zoneinfo|i18n|pixmaps)|usr/share/perl/[0-9.]*/(pod|unicore)|usr/lib/[^/]*/(security|gconv)|usr/include|boot|dev|proc|sys|run|tmp|var/(cache|lib))(/|$)|\.(a|pod|pyc)$' |
		sed -E 's,^/(bin|sbin|lib|lib64)(/|$),/usr/\1\2,; s,^/,,' | sort -u |
		while read -r file; do if [ -L "/$file" ] || [ -r "/$file" ]; then echo "$file"; fi; done
}

# Links that update-alternatives made: no package has them.
add_alternatives() { # TREE
	local link file
	for link in /usr/bin/* /usr/sbin/*; do
		[[ -L $link && $(readlink "$link") = /etc/alternatives/* ]] || continue
		file=$(readlink -f "$link"); file=/usr/${file#/usr/}
		if [ -e "$1$file" ] && [ ! -e "$1$link" ] && [ ! -L "$1$link" ]; then ln -s "$file" "$1$link"; fi
	done
}

add_modules() { # TREE KERNEL_DIRECTORY RELEASE MODULE...
	local source=$2/lib/modules/$3 target=$1/usr/lib/modules/$3 module
	[ -d "$source" ] || return 0
	[ -e "$source/modules.dep" ] || depmod -b "$2" "$3"
	mkdir -p "$target"
	cp "$source"/modules.{builtin,builtin.modinfo,order} "$target/"
	for module in "${@:4}"; do modprobe -d "$2" -S "$3" --show-depends "$module" 2>/dev/null; done |
		awk '/^insmod/ {print $2}' | sort -u |
		while read -r module; do install -D -m 644 "$module" "$target/${module##*/modules/$3/}"; done
	depmod -b "$1" "$3"
}

add_settings() { # TREE
	cp /etc/passwd /etc/group "$1/etc/"
	echo guest >"$1/etc/hostname"
	printf '127.0.0.1 localhost guest\n::1 localhost\n' >"$1/etc/hosts"
	cat >"$1/etc/fstab" <<-END
		proc /proc proc defaults
		sysfs /sys sysfs defaults
		dev /dev devtmpfs mode=755
		devpts /dev/pts devpts mode=620,ptmxmode=666,X-mount.mkdir
		shm /dev/shm tmpfs X-mount.mkdir
		tmp /tmp tmpfs mode=1777
		run /run tmpfs mode=755,X-mount.mkdir
		out /tmp/out tmpfs X-mount.mkdir
		tracefs /sys/kernel/tracing tracefs defaults
		debugfs /sys/kernel/debug debugfs defaults
	END
}

little_endian_32() { printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)); }

# An ext4 file system in one MBR partition, there only so that root=PARTUUID= can name it.
disk_signature=6c616221
make_root_disk() { # IMAGE TREE
	local mb=$(($(du -sm --apparent-size "$2" | cut -f1) * 5 / 4 + 192))
	truncate -s $((mb + 1))M "$1"
	mke2fs -q -F -t ext4 -O ^has_journal,^resize_inode,^metadata_csum -m 0 \
		-E offset=1048576,root_owner=0:0,lazy_itable_init=1,nodiscard -d "$2" "$1" ${mb}M >/dev/null || return
	printf "$(little_endian_32 0x$disk_signature)\\0\\0\\0\\0\\0\\0\\x83\\0\\0\\0$(little_endian_32 2048)$(little_endian_32 $((mb * 2048)))" |
		dd of="$1" bs=1 seek=440 conv=notrunc status=none
	printf '\x55\xaa' | dd of="$1" bs=1 seek=510 conv=notrunc status=none
}

# cached KEY MAKE...: prints the path of the image; `MAKE... FILE` is run to make it when it is not there yet.
cached() {
	local image=$images/$1.ext4; shift
	mkdir -p "$images"
	(
		flock 7
		if [ -e "$image" ]; then touch "$image"; exit 0; fi
		find "$images" -name '*.ext4' -mtime +14 -delete
		echo "making the guest's disk image (once)" >&2
		"$@" "$image.part" && mv "$image.part" "$image"
	) 7>"$images/.lock" && echo "$image"
}

make_root() { # PACKAGE_LIST KERNEL_DIRECTORY RELEASE MODULES LIBRARIES IMAGE
	local packages=$1 directory=$2 release=$3 modules=$4 libraries=$5 image=$6 tree file path
	tree=$(mktemp -d "$images/tree.XXXXXX") || return
	mkdir -p "$tree"/usr/{bin,sbin,lib,lib64,local/bin,lib/debug/boot} "$tree"/{dev,proc,sys,tmp,run,root,mnt/debuginfo,lab,etc,var/tmp}
	for path in bin sbin lib lib64; do ln -s usr/$path "$tree/$path"; done
	package_files <<<"$packages" >"$tree.files"
	tar -C / --no-recursion -cf - -T "$tree.files" | tar -C "$tree" -xf - || return
	add_alternatives "$tree"
	ln -sf dash "$tree/usr/bin/sh"
	for file in $libraries; do
		path=/usr/${file#/}; path=${path/#\/usr\/usr/\/usr}
		[ -e "$tree$path" ] || install -D "$(readlink -f "$file")" "$tree$path"
	done
	add_modules "$tree" "$directory" "$release" $modules
	add_settings "$tree"
	install -m 755 "$here/init" "$tree/usr/sbin/lab-init"
	ldconfig -r "$tree" 2>/dev/null
	make_root_disk "$image" "$tree"
	local status=$?
	rm -rf "$tree" "$tree.files"
	return $status
}

# root_image KERNEL_DIRECTORY RELEASE PACKAGES MODULES PROGRAM...: the programs' shared libraries are in it, they are not.
root_image() {
	local directory=$1 release=$2 packages="$base_packages $3" modules="$base_modules $4" list key libraries; shift 4
	mkdir -p "$images"
	key=$({ stat -Lc '%s %Y' /var/lib/dpkg/status; echo $packages; } | key_of)
	[ -s "$images/packages-$key" ] || { closure $packages >"$images/.packages.$$" && mv "$images/.packages.$$" "$images/packages-$key"; }
	list=$(<"$images/packages-$key")
	libraries=$(shared_libraries "$@")
	key=$({ echo "$list $release $modules"; cat "$here/init" "$here/image.sh"; stat -Lc '%n %s %Y' /dev/null $libraries; } | key_of)
	cached "root-$release-$key" make_root "$list" "$directory" "$release" "$modules" "$libraries"
}

make_debuginfo() { # VMLINUX IMAGE
	local tree status
	tree=$(mktemp -d "$images/tree.XXXXXX") || return
	ln "$1" "$tree/vmlinux" 2>/dev/null || cp -L "$1" "$tree/vmlinux" || return
	mke2fs -q -F -t ext4 -b 4096 -N 16 -O ^has_journal,^resize_inode,^metadata_csum -m 0 -E root_owner=0:0,nodiscard \
		-d "$tree" "$2" $(($(stat -Lc %s "$1") / 1048576 + 32))M >/dev/null
	status=$?
	rm -rf "$tree"
	return $status
}

debuginfo_image() { # VMLINUX
	cached "debuginfo-$(stat -Lc '%s %Y %n' "$1" | key_of)" make_debuginfo "$1"
}
