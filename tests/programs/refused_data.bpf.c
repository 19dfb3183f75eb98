// SPDX-License-Identifier: MIT OR Apache-2.0
// Keeps a global variable, which the loader does not model. SECTION says where it lies.
#include "bpf_api.h"

#ifdef CONSTANT
const volatile u32 limit = 7;
#elif defined(VALUE)
u32 limit = VALUE;
#else
u32 limit;
#endif

SEC("socket")
int reads(struct __sk_buff *skb)
{
	return skb->len > limit;
}

LICENSE("GPL");
