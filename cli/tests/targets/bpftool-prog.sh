# What people do with bpftool to the object file $1 with a program and a map $2. What a JIT, a clock
# and the kernel's rewrites decide is left out.
p=/sys/fs/bpf/p
taskset -cp 0 $$ > /dev/null # the program counts on the CPU that runs it
run() { echo "$ $*"; "$@" 2>&1; echo "status $?"; }
run bpftool prog load "$1" $p > "$1.$$"; tail -1 "$1.$$"; rm "$1.$$"
bpftool prog show pinned $p | head -1
for packet in 14 64 1500; do
    head -c $packet /dev/zero | bpftool prog run pinned $p data_in - data_out - | sed 's/duration.*//'
done
head -c 13 /dev/zero | run bpftool prog run pinned $p data_in -
run bpftool map dump name $2
run bpftool btf dump prog pinned $p
run bpftool btf dump map name $2
run rm $p
run bpftool prog show pinned $p
