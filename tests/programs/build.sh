#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Builds the objects of this folder with clang 14: sh build.sh [OUTPUT_FOLDER] [CLANG] [LLVM_STRIP]
# The checked-in objects are what it writes. clang 14 knows v1 to v3 of the instruction set.
set -eu
out=$(mkdir -p "${1:-$(dirname "$0")}" && cd "${1:-$(dirname "$0")}" && pwd)
clang=${2:-clang}
strip=${3:-llvm-strip}
cd "$(dirname "$0")"

# build SOURCE OBJECT LEVEL [DEFINE...]
build() {
	source=$1 object=$2 level=$3
	shift 3
	"$clang" -target bpf -O2 -g -mcpu="$level" -Wall -Werror -fdebug-compilation-dir=. "$@" \
		-c "$source.bpf.c" -o "$out/$object.bpf.o"
	# DWARF is for humans with the source at hand; BTF stays.
	"$strip" -g "$out/$object.bpf.o"
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
