// SPDX-License-Identifier: MIT OR Apache-2.0
// In the manner of the sockex1 sample: counts packets and their bytes for each IP protocol,
// in a plain hash whose key holds the CPU.
#include "bpf_api.h"

struct key_and_cpu {
	u32 key;
	u32 cpu;
};

#define CPUS 4

LEGACY_MAP(stats, MAP_TYPE_HASH, struct key_and_cpu, struct counters, 256 * CPUS);

SEC("socket")
int count(struct __sk_buff *skb)
{
	struct key_and_cpu key = {.key = load_byte(skb, IP_PROTOCOL_AT)};
	struct counters *slot;

	key.cpu = get_smp_processor_id();
	slot = map_lookup_elem(&stats, &key);
	if (!slot) {
		struct counters zero = {};

		map_update_elem(&stats, &key, &zero, UPDATE_NOEXIST);
		slot = map_lookup_elem(&stats, &key);
		if (!slot)
			return 0;
	}
	count_packet(slot, skb->len);
	return 0;
}

LICENSE("GPL");
