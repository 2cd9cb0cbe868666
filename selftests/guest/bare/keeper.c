// SPDX-License-Identifier: GPL-2.0
/*
 * A guest that minds what the processor holds for it between its exits, while a
 * host program does the same on the same CPU (host_state.c): registers of the FPU,
 * MSRs, CR2, LDTR, breakpoints.
 */
#include "bare.h"

#define ROUNDS		400
#define SPIN		20000	/* host interrupts come meanwhile */
#define PATTERN		0x6b61676535363738ULL
#define CR4_OSFXSR	0x200
#define DR7_ONE		0x90003ULL	/* DR0, on stores of 8 bytes */
#define DR7_NONE	0x400ULL

static uint8_t fpu_in[512] __attribute__((aligned(16)));
static uint8_t fpu_out[512] __attribute__((aligned(16)));
static uint64_t ldt[2];
static volatile uint64_t watched;
static volatile uint64_t hits;

/* SYSCALL's, KERNEL_GS_BASE and SYSENTER's: a burst or the VMCS keeps them. */
static const uint32_t msrs[] = {
	0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0000101,
	0xc0000102, 0x175, 0x176,
};

#define NR_MSRS	(sizeof(msrs) / sizeof(msrs[0]))

static bool count_hit(struct frame *frame)
{
	if (frame->vector != 1)
		return false;
	hits++;
	return true;
}

static void spin(void)
{
	uint32_t eax = 0, ecx = 0;
	unsigned int i;

	for (i = 0; i < SPIN; i++)
		asm volatile("pause");
	/* And one exit that is no interrupt. */
	asm volatile("cpuid" : "+a" (eax), "+c" (ecx) : : "rbx", "rdx");
}

static uint64_t msr_value(unsigned int i)
{
	/* SYSCALL's mask has 32 bits; addresses are canonical. */
	return msrs[i] == 0xc0000084 ? 0x47700 : 0x123456789000ULL + i;
}

static void set_state(void)
{
	unsigned int i;
	uint64_t cr4;

	asm volatile("mov %%cr4, %0" : "=r" (cr4));
	asm volatile("mov %0, %%cr4" : : "r" (cr4 | CR4_OSFXSR));
	asm volatile("fninit\n\tfxsave64 %0" : "=m" (fpu_in));
	for (i = 32; i < 160; i++)
		fpu_in[i] = i % 16 < 10 ? i ^ 0x55 : 0;
	for (i = 160; i < 416; i++)
		fpu_in[i] = i * 5;
	*(uint32_t *)(fpu_in + 24) = 0x3fa0;	/* MXCSR: round down */
	for (i = 0; i < NR_MSRS; i++)
		wrmsr(msrs[i], msr_value(i));
	set_system_segment(LDT_SEL, (uint64_t)ldt, sizeof(ldt) - 1, 2);
	asm volatile("lldt %w0" : : "r" (LDT_SEL));
	asm volatile("mov %0, %%dr0" : : "r" (&watched));
	asm volatile("mov %0, %%dr7" : : "r" (DR7_NONE | DR7_ONE));
}

static bool same(const uint8_t *a, const uint8_t *b, unsigned int size)
{
	unsigned int i;

	for (i = 0; i < size && a[i] == b[i]; i++)
		;
	return i == size;
}

/* Without a C function between before and after that might use a register. */
static bool keeps_fpu(void)
{
	asm volatile("fxrstor64 %1\n\t"
		     "mov %2, %%ecx\n"
		     "1:	pause\n\t"
		     "loop 1b\n\t"
		     "xor %%eax, %%eax\n\tcpuid\n\t"
		     "fxsave64 %0"
		     : "=m" (fpu_out) : "m" (fpu_in), "i" (SPIN)
		     : "rax", "rbx", "rcx", "rdx", "memory");
	return same(fpu_in, fpu_out, 2) &&
	       same(fpu_in + 24, fpu_out + 24, 4) &&
	       same(fpu_in + 32, fpu_out + 32, 384);
}

static bool keeps_msrs(void)
{
	unsigned int i;

	for (i = 0; i < NR_MSRS; i++)
		if (rdmsr(msrs[i]) != msr_value(i))
			return false;
	return true;
}

static bool keeps_cr2(void)
{
	asm volatile("mov %0, %%cr2" : : "r" (PATTERN));
	spin();
	return read_cr2() == PATTERN;
}

static bool keeps_ldt(void)
{
	uint16_t selector;

	asm volatile("sldt %0" : "=r" (selector));
	return selector == LDT_SEL;
}

static bool meets_breakpoint(void)
{
	const uint64_t before = hits;

	spin();
	watched++;
	return hits == before + 1;
}

static const struct {
	const char *name;
	bool (*check)(void);
} rows[] = {
	{ "registers of the FPU", keeps_fpu },
	{ "MSRs", keeps_msrs },
	{ "CR2", keeps_cr2 },
	{ "LDTR", keeps_ldt },
	{ "a breakpoint", meets_breakpoint },
};

int guest_main(void)
{
	uint64_t wrong, all = 0;
	unsigned int row, i;

	on_exception = count_hit;
	write_cr3((uint64_t)new_root());
	segments_init();
	set_state();
	for (row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		wrong = 0;
		for (i = 0; i < ROUNDS; i++)
			wrong += !rows[row].check();
		print("keeper: %s: wrong %u times of %u\n", rows[row].name,
		      wrong, ROUNDS);
		all += wrong;
	}
	return all != 0;
}
