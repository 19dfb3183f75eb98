// SPDX-License-Identifier: MIT OR Apache-2.0
// Sets this CPU's slot of a v4.6 per-CPU array, and returns what the helper says.
#include "bpf_api.h"

BTF_MAP(stats, MAP_TYPE_PERCPU_ARRAY, u32, struct counters, 1);

SEC("socket")
int update(struct __sk_buff *skb)
{
	u32 key = 0;
	struct counters value = {.packets = 1, .bytes = BYTES};

	return map_update_elem(&stats, &key, &value, UPDATE_ANY);
}

LICENSE("GPL");
