/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What the programs of this folder need of the BPF ABI, and nothing else: numbers and layouts as
 * the uapi header of each release (or the patch series) gives them.
 */
#ifndef BPF_API_H
#define BPF_API_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define SEC(NAME) __attribute__((section(NAME), used))
#define INLINE static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))

/* Map types. 5 means something else in each series, which is why all three names are here. */
enum {
	MAP_TYPE_HASH = 1,
	MAP_TYPE_ARRAY = 2,
	MAP_TYPE_PERCPU_HASH = 5,  /* v4.6, and martin-lau */
	MAP_TYPE_PERCPU_ARRAY = 6, /* v4.6 */
	MAP_TYPE_ARRAY_PERCPU = 5, /* ming-lei */
};

/* Flags of an update. */
enum { UPDATE_ANY = 0, UPDATE_NOEXIST = 1, UPDATE_EXIST = 2 };

/* Helpers, by number: a call through a constant compiles to `call NUMBER`. */
static void *(*map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*map_update_elem)(void *map, const void *key, const void *value,
			       u64 flags) = (void *)2;
static long (*map_delete_elem)(void *map, const void *key) = (void *)3;
static u32 (*get_smp_processor_id)(void) = (void *)8;
/* v5.19. */
static void *(*map_lookup_percpu_elem)(void *map, const void *key, u32 cpu) = (void *)195;
/* The ming-lei series; v4.6 gave 27 and 28 to others. */
static void *(*map_lookup_elem_percpu)(void *map, const void *key, u32 cpu) = (void *)27;
static long (*map_update_elem_percpu)(void *map, const void *key, const void *value, u64 flags,
				      u32 cpu) = (void *)28;

/* BPF_ABS loads of packet bytes. */
u64 load_byte(void *skb, u64 off) asm("llvm.bpf.load.byte");

/* The head of `struct __sk_buff`. */
struct __sk_buff {
	u32 len;
	u32 pkt_type;
	u32 mark;
	u32 queue_mapping;
	u32 protocol;
};

/* Offset of the protocol byte in an IPv4 packet behind an Ethernet header. */
#define IP_PROTOCOL_AT (14 + 9)

/* A map as object files of 2016 declare it, in section "maps". */
struct bpf_map_def {
	u32 type;
	u32 key_size;
	u32 value_size;
	u32 max_entries;
	u32 map_flags;
};

#define LEGACY_MAP(NAME, TYPE, KEY, VALUE, ENTRIES)                                     \
	struct bpf_map_def SEC("maps") NAME = {                                         \
		.type = TYPE,                                                           \
		.key_size = sizeof(KEY),                                                \
		.value_size = sizeof(VALUE),                                            \
		.max_entries = ENTRIES,                                                 \
	};                                                                              \
	/* What the value consists of, for readers of BTF: old libbpf's convention. */  \
	struct ____btf_map_##NAME {                                                     \
		KEY key;                                                                \
		VALUE value;                                                            \
	};                                                                              \
	struct ____btf_map_##NAME SEC(".maps." #NAME) ____btf_map_##NAME = {}

/* A map as object files with BTF declare it, in section ".maps". */
#define BTF_MAP(NAME, TYPE, KEY, VALUE, ENTRIES)                                        \
	struct {                                                                        \
		int (*type)[TYPE];                                                      \
		KEY *key;                                                               \
		VALUE *value;                                                           \
		int (*max_entries)[ENTRIES];                                            \
	} NAME SEC(".maps")

#define LICENSE(TEXT) char SEC("license") _license[] = TEXT

/* What every counter of this folder counts: one store for each field, in this order. */
struct counters {
	u64 packets;
	u64 bytes;
};

INLINE void count_packet(volatile struct counters *slot, u64 bytes)
{
	slot->packets += 1;
	slot->bytes += bytes;
}

/* The size of the imagined packet where a program reads none. */
#define BYTES 64

#endif
