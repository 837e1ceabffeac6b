# What the kernel's own tests write wrong is refused with the caret where it belongs. A row has the kernel's line and our
# request, and in each a ^ before what is found fault with: the kernel's caret shows what the row is about, ours is
# compared. Where ours stands elsewhere it is nearer to the mistake.
. "${0%/*}/lib.sh"
requires kprobes
readme() { grep -q -F -e "$1" $tracing/README; }

# marked TEXT COLUMN: the text with a ^ put in.
marked() { echo "${1:0:$2}^${1:$2}"; }

kernel_says() { # FILE LINE
	local shown caret
	echo "$2" >>"$tracing/$1" 2>/dev/null && { echo "takes $2"; return; }
	shown=$(grep -F -x -A1 "  Command: $2" $tracing/error_log | tail -n 2)
	caret=${shown##*$'\n'}
	[ -n "$shown" ] && marked "$2" $((${#caret} - 12)) || echo "logs nothing of $2"
}

# The requests, all of one call, each with a ^ where our caret stands, which shows one of its words.
we_say() { # OPTION... -- REQUEST...
	local options=() requests=() request word shown caret words index
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	for request; do requests+=(-a "$request"); done
	dtrace++ probe "${options[@]}" "${requests[@]}" 2>messages >/dev/null && { echo "takes $*"; return; }
	sed -n -E '/^  (probe point|argument [0-9]+): /{p;n;p}' messages >carets
	for request; do
		read -r -a words <<<"$request"
		IFS= read -r shown && IFS= read -r caret || { echo "no caret for $request"; continue; }
		caret=${caret%%^*} word=${shown#*: } index=0
		[[ $shown != "  argument "* ]] || index=${shown#  argument } index=${index%%:*}
		[ "${words[index]}" = "$word" ] && words[index]=$(marked "$word" $((${#caret} - ${#shown} + ${#word})))
		echo "${words[*]}"
	done <carets
}

# What the kernel itself must refuse stands alone: of several requests those that we refuse are told of first.
check_rows() { # FILE OPTION... <ROWS
	local file=$1 rows line requests=() lines=(); shift
	rows=$(cat)
	while IFS= read -r line; do lines+=("${line%%$'\t'*}") requests+=("${line#*$'\t'}"); done <<<"$rows"
	unchanged "${#lines[@]} lines for $file $*" "$rows" "$(paste <(
		for line in "${lines[@]}"; do kernel_says "$file" "${line/^/}"; done
	) <(we_say "$@" -- "${requests[@]/^/}"))"
}

long=12345678901234567890123456789012345678901234567890123456789012345

# What kprobes and fprobes have in common, LETTER being of the kind and FUNCTION what is probed.
common_rows() { # LETTER FUNCTION
	sed "s/LETTER/$1/; s/FUNCTION/$2/g" <<'END'
LETTER:^/bar FUNCTION	^:bar=FUNCTION
LETTER:^foo.1/bar FUNCTION	^foo.1:bar=FUNCTION
LETTER:foo/^bar.1 FUNCTION	foo:^bar.1=FUNCTION
LETTER FUNCTION ^$stack10000	FUNCTION ^$stack10000
LETTER FUNCTION ^$none_var	FUNCTION ^$none_var
LETTER FUNCTION ^@12345678abcde	FUNCTION @12345678^abcde
LETTER FUNCTION ^@+10	FUNCTION ^@+10
LETTER FUNCTION arg1=\^x	FUNCTION arg1=\^x
LETTER FUNCTION arg1=\"abcd^	FUNCTION arg1=^\"abcd
LETTER FUNCTION ^+0@0)	FUNCTION +0^@0)
LETTER FUNCTION ^+0ab1(@0)	FUNCTION +0^ab1(@0)
LETTER FUNCTION +0(+0(@0^)	FUNCTION +0(+0(@0)^
LETTER FUNCTION +0(^$comm)	FUNCTION +0(^$comm)
LETTER FUNCTION ^&1	FUNCTION &^1
LETTER FUNCTION +0(^+0(+0(+0(+0(+0(+0(+0(+0(+0(+0(+0(+0(+0(@0))))))))))))))	FUNCTION ^+0(+0(+0(+0(+0(+0(+0(+0(+0(+0(+0(+0(+0(+0(@0))))))))))))))
LETTER FUNCTION +0(@11):u8[10^	FUNCTION +0(@11):u8[10^
LETTER FUNCTION +0(@11):u8[10]^a	FUNCTION +0(@11):u8[10]^a
LETTER FUNCTION +0(@11):u8[^10a]	FUNCTION +0(@11):u8[^10a]
LETTER FUNCTION +0(@11):u8[^256]	FUNCTION +0(@11):u8[^256]
LETTER FUNCTION @11:^unknown_type	FUNCTION @11:^unknown_type
LETTER FUNCTION $stack0:^string	FUNCTION $stack0:^string
LETTER FUNCTION @11:^b10@a/16	FUNCTION @11:^b10@a/16
LETTER FUNCTION ^arg123456789012345678901234567890=@11	FUNCTION ^arg123456789012345678901234567890=@11
LETTER FUNCTION ^=@11	FUNCTION ^=@11
LETTER FUNCTION ^var.1=@11	FUNCTION ^var.1=@11
LETTER FUNCTION var1=@11 ^var1=@12	FUNCTION var1=@11 ^var1=@12
LETTER FUNCTION ^+1234567(+1234567(+1234567(+1234567(+1234567(+1234567(@1234))))))	FUNCTION ^+1234567(+1234567(+1234567(+1234567(+1234567(+1234567(@1234))))))
LETTER FUNCTION arg1=^	FUNCTION arg1=^
END
	printf '%s\t%s\n' "$1:^$long/bar $2" "^$long:bar=$2" "$1:foo/^$long $2" "foo:^$long=$2"
}

{ common_rows p vfs_read; cat <<'END'
p ^non_exist_func	^non_exist_func
p ^hoge-fuga	^hoge-fuga
p ^hoge+1000-1000	hoge+1000^-1000
r ^vfs_read+10	vfs_read+10^%return
p vfs_read ^$retval	vfs_read ^$retval
p vfs_read ^$arg10000	vfs_read ^$arg10000
p vfs_read ^%none_reg	vfs_read ^%none_reg
END
} | check_rows kprobe_events || exit 1
check_rows kprobe_events <<<$'p ^vfs_read+3\t^vfs_read+3'
if readme '<argname>'; then
	check_rows kprobe_events <<'END'
p vfs_read ^hoge	vfs_read ^hoge
p vfs_read file->^foo	vfs_read file->^foo
p vfs_read file^-.foo	vfs_read file^-.foo
r vfs_read $retval->^foo	vfs_read%return ^$retval->foo
p vfs_read args=^$arg*	vfs_read args=^$arg*
p vfs_read +0(^$arg*)	vfs_read +0(^$arg*)
END
	check_rows kprobe_events <<<$'r kfree ^$retval\tkfree%return ^$retval'
fi

hide_debuginfo # the same with BTF alone, which takes less time
if readme ' f[:[<group>/][<event>]]'; then
	{ common_rows f vfs_read; cat <<'END'
f ^non_exist_func	^non_exist_func
f ^vfs_read+10	^vfs_read+10
f vfs_read^%hoge	vfs_read^%hoge
f vfs_read ^%ax	vfs_read ^%ax
f vfs_read ^$arg10000	vfs_read ^$arg10000
f vfs_read ^hoge	vfs_read ^hoge
f vfs_read%return $retval->^foo	vfs_read%return ^$retval->foo
f vfs_read file->^foo	vfs_read file->^foo
f vfs_read file^-.foo	vfs_read file^-.foo
f vfs_read ^file:string	vfs_read file:^string
f vfs_read args=^$arg*	vfs_read args=^$arg*
f vfs_read +0(^$arg*)	vfs_read +0(^$arg*)
END
	} | check_rows dynamic_events --fprobe || exit 1
	check_rows dynamic_events --fprobe <<<$'f kfree ^$arg10\tkfree ^$arg10'
	check_rows dynamic_events --fprobe <<<$'f kfree%return ^$retval\tkfree%return ^$retval'
fi

if readme ' t[:[<group>/][<event>]]'; then
	check_rows dynamic_events <<'END'
t kfree ^$retval	rawtracepoint:kfree ^$retval
t kfree ^%ax	rawtracepoint:kfree ^%ax
t kfree ^$arg10000	rawtracepoint:kfree ^$arg10000
END
fi

if readme ' e[:[<group>/]'; then
	check_rows dynamic_events <<END
e ^a.b	^a:b
e syscalls/sys_enter_openat ^foo	syscalls:sys_enter_openat ^foo
e:^/bar syscalls/sys_enter_openat	^:bar=syscalls:sys_enter_openat
e:^$long/bar syscalls/sys_enter_openat	^$long:bar=syscalls:sys_enter_openat
e:^foo.1/bar syscalls/sys_enter_openat	^foo.1:bar=syscalls:sys_enter_openat
e:foo/^$long syscalls/sys_enter_openat	foo:^$long=syscalls:sys_enter_openat
e:foo/^bar.1 syscalls/sys_enter_openat	foo:^bar.1=syscalls:sys_enter_openat
e:foo/bar syscalls/sys_enter_openat ^\$foo	foo:bar=syscalls:sys_enter_openat ^\$foo
END
fi
