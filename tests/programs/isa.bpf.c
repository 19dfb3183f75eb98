// SPDX-License-Identifier: MIT OR Apache-2.0
// Arithmetic of every width, signed and unsigned comparisons, byte order and atomics: compiled at
// every level of the instruction set, for the decoder and the disassembler.
#include "bpf_api.h"

BTF_MAP(stats, MAP_TYPE_PERCPU_ARRAY, u32, struct counters, 1);

SEC("socket")
int mix(struct __sk_buff *skb)
{
	u32 key = 0;
	u32 small = skb->len;
	u64 wide = skb->mark;
	int negative = (int)skb->protocol;
	struct counters *slot = map_lookup_elem(&stats, &key);

	if (!slot)
		return 0;
	small = small * 3 + 7;
	wide = (wide << 40) ^ 0x0123456789abcdefULL;
	if (negative < -5 || small > 1000)
		wide = -wide;
	if ((long long)wide >= 0x80000000LL)
		small %= 10;
	if (small < 12 && negative <= 100)
		small = __builtin_bswap32(small);
	if (wide & 0x100)
		wide = __builtin_bswap64(wide) / 5;
	wide |= (unsigned short)__builtin_bswap16(small);
	__sync_fetch_and_add(&slot->packets, 1);
	slot->bytes += wide >> 3;
#ifdef ATOMICS
	small += __sync_fetch_and_add(&slot->bytes, small);
	__sync_fetch_and_or((u32 *)&slot->packets, 4);
	small ^= __sync_fetch_and_xor((u32 *)&slot->packets, small);
	wide = __sync_lock_test_and_set(&slot->packets, wide);
	wide += __sync_val_compare_and_swap(&slot->bytes, wide, small);
	small += __sync_val_compare_and_swap((u32 *)&slot->bytes, small, 9);
#endif
	return (int)wide + (negative >> 2) + small;
}

LICENSE("GPL");
