#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Builds the objects of this folder, and disassembles them into objdump/:
#     sh build.sh [OUTPUT_FOLDER] [SUFFIX_OF_LLVM_TOOLS]
# The checked-in objects are what `sh build.sh . -14` writes. LLVM 14 knows v1 to v3 of the
# instruction set; v4 came with LLVM 18 and is tested from assembly text instead.
set -eu
out=$(mkdir -p "${1:-$(dirname "$0")}" && cd "${1:-$(dirname "$0")}" && pwd)
suffix=${2:-}
mkdir -p "$out/objdump"
cd "$(dirname "$0")"

# build SOURCE OBJECT LEVEL [DEFINE...]
build() {
	source=$1 object=$2 level=$3
	shift 3
	"clang$suffix" -target bpf -O2 -g -mcpu="$level" -Wall -Werror \
		-fdebug-compilation-dir=. "$@" -c "$source.bpf.c" -o "$out/$object.bpf.o"
	# DWARF is for humans with the source at hand; BTF stays.
	"llvm-strip$suffix" -g "$out/$object.bpf.o"
	disassemble "$object"
}

# Without --mcpu, as most people call it. The first lines say where the file lies.
disassemble() {
	"llvm-objdump$suffix" -d --no-show-raw-insn "$out/$1.bpf.o" | tail -n +4 \
		>"$out/objdump/$1.txt"
}

for name in count_merged count_martin_lau count_ming_lei count_keyed \
	sockex1_merged sockex1_martin_lau sockex1_ming_lei sockex1_keyed \
	foreign_ming_lei wild_ming_lei \
	update_merged update_merged_hash update_martin_lau \
	delete_merged delete_merged_hash delete_martin_lau sections; do
	build $name $name v1
done
build wild_ming_lei wild_mark_ming_lei v1 '-DWILD_CPU=(skb->mark)'
build wild_ming_lei wild_byte_ming_lei v1 '-DWILD_CPU=load_byte(skb,0)'
build sum_percpu sum_percpu_2 v1 -DCPUS=2
build sum_percpu sum_percpu_4 v1 -DCPUS=4
build sum_percpu sum_percpu v3
build isa isa_v1 v1
build isa isa_v2 v2
build isa isa_v3 v3 -DATOMICS
build refused_call refused_call v3
build refused_data refused_rodata v1 -DCONSTANT
build refused_data refused_data v1 -DVALUE=7
build refused_data refused_bss v1

# Without alu32 this disassembler does not know the 32-bit atomics of v3, whatever --mcpu says.
"llvm-objdump$suffix" -d --no-show-raw-insn --mattr=+alu32 "$out/isa_v3.bpf.o" | tail -n +4 \
	>"$out/objdump/isa_v3.alu32.txt"
