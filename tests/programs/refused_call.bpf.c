// SPDX-License-Identifier: MIT OR Apache-2.0
// Calls a function of its own object, which the loader does not model.
#include "bpf_api.h"

NOINLINE int helper(u64 x)
{
	return (x * x) >> 3;
}

SEC("socket")
int calls(struct __sk_buff *skb)
{
	return helper(skb->len) + helper(skb->mark);
}

LICENSE("GPL");
