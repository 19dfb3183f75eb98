# What people do with bpftool to a map of type $1 with sizes $2 and flags $3. Every command is shown
# with its output and status.
t=$1; k=$2; m=/sys/fs/bpf/m
run() { echo "$ $*"; "$@" 2>&1; echo "status $?"; }
run bpftool map create $m type $t $k entries 4 name small flags ${3:-0}
run bpftool map show pinned $m
key1="key hex 01 00 00 00"; key2="key hex 02 00 00 00"; val="value hex 07 00 00 00 00 00 00 00"
case $t in queue|stack|bloom_filter) key1=; key2=;; lpm_trie) key1="key hex 08 00 00 00 0a 00 00 00"; key2="key hex 10 00 00 00 0a 0b 00 00";; esac
run bpftool map update pinned $m $key1 $val
run bpftool map update pinned $m $key1 $val noexist
run bpftool map update pinned $m $key2 $val any
run bpftool map update pinned $m $key2 $val exist
run bpftool map lookup pinned $m $key1
run bpftool map getnext pinned $m $key1
run bpftool map peek pinned $m
run bpftool map dump pinned $m
run bpftool -j map dump pinned $m
run bpftool map delete pinned $m $key1
run bpftool map delete pinned $m $key1
run bpftool map lookup pinned $m $key1
run bpftool map pop pinned $m
run bpftool map dequeue pinned $m
run bpftool map freeze pinned $m
run bpftool map update pinned $m $key2 $val
run bpftool -j map show pinned $m
run bpftool map pin pinned $m /sys/fs/bpf/other
run rm $m
run bpftool map show pinned /sys/fs/bpf/other
run rm /sys/fs/bpf/other
run bpftool map show pinned /sys/fs/bpf/other
