/* The 32-bit and x32 entries are no way around. */
#include "call.h"

int main(void)
{
#ifdef __x86_64__
	long ret;
	uint32_t attr[18] = { HASH, 4, 8, 1 };
	asm volatile("int $0x80" : "=a"(ret) : "a"(357), "b"(0), "c"(0), "d"(0) : "memory");
	CHECK(ret == -ENOSYS);
	asm volatile("syscall"
		     : "=a"(ret)
		     : "a"(321 | 0x40000000), "D"(0), "S"(attr), "d"(72)
		     : "rcx", "r11", "memory");
	CHECK(ret == -ENOSYS);
#endif
	return 0;
}
