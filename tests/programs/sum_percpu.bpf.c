// SPDX-License-Identifier: MIT OR Apache-2.0
// Returns how many packets all CPUs have counted, with the helper of v5.19 that looks up the slot
// of any CPU. With CPUS defined the loop is unrolled, as programs before v5.3 need it; without, it
// ends at the first number that is no CPU.
#include "bpf_api.h"

#define MAX_CPUS 256

BTF_MAP(stats, MAP_TYPE_PERCPU_ARRAY, u32, struct counters, 1);

SEC("socket")
int sum(struct __sk_buff *skb)
{
	u32 key = 0;
	u32 total = 0;

#ifdef CPUS
#pragma clang loop unroll(full)
	for (u32 cpu = 0; cpu < CPUS; cpu++) {
#else
#pragma clang loop unroll(disable)
	for (u32 cpu = 0; cpu < MAX_CPUS; cpu++) {
#endif
		volatile struct counters *slot = map_lookup_percpu_elem(&stats, &key, cpu);

		if (!slot)
			break;
		total += slot->packets;
	}
	return total;
}

LICENSE("GPL");
