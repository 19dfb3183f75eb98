// SPDX-License-Identifier: MIT OR Apache-2.0
// Deletes key 0 of a v4.6 per-CPU array, which no release allows, and returns what the helper says.
#include "bpf_api.h"

BTF_MAP(stats, MAP_TYPE_PERCPU_ARRAY, u32, struct counters, 1);

SEC("socket")
int delete(struct __sk_buff *skb)
{
	u32 key = 0;

	return map_delete_elem(&stats, &key);
}

LICENSE("GPL");
