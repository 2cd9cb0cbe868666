// SPDX-License-Identifier: GPL-2.0
/*
 * How accesses are made. One is one stub: instructions that end in INT, which
 * run from this program at CPL 0 and from a copy in a user's page at CPL 3.
 */
#include "access.h"

#define IN_LDT		0x07		/* its first descriptor, RPL 3 */

#define USER_CODE	(1ULL << 39)

#define DONE		0x80		/* vector of the stubs' INT */
#define RFLAGS_AC	(1ULL << 18)
#define CR0_WP		(1ULL << 16)
#define CR4_SMEP	(1ULL << 20)
#define CR4_SMAP	(1ULL << 21)
#define MSR_EFER	0xc0000080
#define EFER_NXE	(1ULL << 11)

/* Where access_enter() goes. Its offsets are known there. */
struct entrance {
	uint64_t rip, cs, rflags, ss;
	uint64_t rdi, rsi, rbx;
};

extern char stub_read[], stub_write[], stub_add[], stub_fetch[], stub_load[],
	    stub_done[], stubs_end[], access_back[];
extern uint64_t access_rsp;
void access_enter(const struct entrance *entrance);

asm(".text\n"
    "stub_read: mov (%rdi), %rax\n int $0x80\n"
    "stub_write: mov %rsi, (%rdi)\n int $0x80\n"
    "stub_add: lock add %rsi, (%rdi)\n int $0x80\n"
    "stub_load: mov %esi, %es\n int $0x80\n"
    "stub_fetch: jmp *%rdi\n"		/* there: jmp *%rbx */
    "stub_done: int $0x80\n"
    "stubs_end:\n"
    "access_enter:\n"
    "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "mov %rsp, access_rsp(%rip)\n"
    "mov %rsp, %rax\n"
    "push 24(%rdi); push %rax; push 16(%rdi); push 8(%rdi); push (%rdi)\n"
    "mov 40(%rdi), %rsi\n"
    "mov 48(%rdi), %rbx\n"
    "mov 32(%rdi), %rdi\n"
    "iretq\n"
    "access_back:\n"
    "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "ret\n");

uint64_t access_rsp;

const struct way ways[NR_WAYS] = {
	{ "user write", ACCESS_USER, ACCESS_WRITE, true, stub_write, OFF_DATA },
	{ "user add", ACCESS_USER, ACCESS_WRITE, true, stub_add, OFF_DATA },
	{ "write", ACCESS_SUPERVISOR, ACCESS_WRITE, false, stub_write,
	  OFF_DATA },
	{ "add", ACCESS_SUPERVISOR, ACCESS_WRITE, false, stub_add, OFF_DATA },
	{ "user read", ACCESS_USER, ACCESS_READ, true, stub_read, OFF_DATA },
	{ "user fetch", ACCESS_USER, ACCESS_FETCH, true, stub_fetch, OFF_CODE },
	{ "read", ACCESS_SUPERVISOR, ACCESS_READ, false, stub_read, OFF_DATA },
	{ "fetch", ACCESS_SUPERVISOR, ACCESS_FETCH, false, stub_fetch,
	  OFF_CODE },
	{ "implicit read at CPL 3", ACCESS_IMPLICIT, ACCESS_READ, true,
	  stub_load, OFF_DESC },
	{ "implicit write at CPL 3", ACCESS_IMPLICIT, ACCESS_WRITE, true,
	  stub_load, OFF_DESC },
	{ "implicit read at CPL 0", ACCESS_IMPLICIT, ACCESS_READ, false,
	  stub_load, OFF_DESC },
	{ "implicit write at CPL 0", ACCESS_IMPLICIT, ACCESS_WRITE, false,
	  stub_load, OFF_DESC },
};

struct access_cpu cpu;
struct outcome seen;
static uint64_t cr4_has;		/* SMEP and SMAP, where they are */

static bool catch(struct frame *frame)
{
	if (!seen.armed || (frame->vector != 14 && frame->vector != DONE))
		return false;
	seen.armed = false;
	seen.fault = frame->vector == 14;
	seen.error = frame->error;
	seen.cr2 = read_cr2();
	seen.rax = frame->rax;
	frame->rip = (uint64_t)access_back;
	frame->cs = KERNEL_CS;
	frame->rflags = 2;
	frame->rsp = access_rsp;
	frame->ss = KERNEL_SS;
	return true;
}

/* The segments of ring 3, an LDT in the test page, a gate for ring 3. */
static void set_up_segments(uint64_t ldt)
{
	struct table_reg reg;

	segments_init();
	set_system_segment(LDT_SEL, ldt, 7, 2);
	asm volatile("lldt %w0" : : "r" (LDT_SEL));
	asm volatile("sidt %0" : "=m" (reg));
	((uint8_t *)reg.base)[DONE * 16 + 5] |= 0x60;
}

static void set_up_user_code(uint64_t *root)
{
	uint8_t *page = page_alloc();
	unsigned int i;

	for (i = 0; stub_read + i < stubs_end; i++)
		page[i] = stub_read[i];
	map_page(root, USER_CODE, (uint64_t)page | PTE_P | PTE_U | PTE_A);
}

static void cpuid(uint32_t leaf, uint32_t *eax, uint32_t *ebx, uint32_t *edx)
{
	uint32_t ecx = 0;

	asm volatile("cpuid" : "=a" (*eax), "=b" (*ebx), "+c" (ecx),
		     "=d" (*edx) : "0" (leaf));
}

/* Bits of CR4 that this processor has. */
static uint64_t features(void)
{
	uint32_t eax, ebx, edx;

	cpuid(0x80000008, &eax, &ebx, &edx);
	cpu.maxphyaddr = eax & 0xff;
	cpuid(0x80000001, &eax, &ebx, &edx);
	cpu.gbpages = edx >> 26 & 1;
	cpuid(0, &eax, &ebx, &edx);
	if (eax < 7)
		return 0;
	cpuid(7, &eax, &ebx, &edx);
	return (ebx >> 7 & 1 ? CR4_SMEP : 0) | (ebx >> 20 & 1 ? CR4_SMAP : 0);
}

bool set_mode(unsigned int n)
{
	uint64_t cr0, cr4, efer = rdmsr(MSR_EFER);
	const uint64_t cr4_on = (n & 4 ? CR4_SMEP : 0) | (n & 8 ? CR4_SMAP : 0);

	if (cr4_on & ~cr4_has)
		return false;
	cpu.wp = n & 1;
	cpu.nxe = n & 2;
	cpu.smep = n & 4;
	cpu.smap = n & 8;
	efer = cpu.nxe ? efer | EFER_NXE : efer & ~EFER_NXE;
	asm volatile("wrmsr" : : "c" (MSR_EFER), "a" ((uint32_t)efer),
		     "d" ((uint32_t)(efer >> 32)) : "memory");
	asm volatile("mov %%cr0, %0" : "=r" (cr0));
	cr0 = cpu.wp ? cr0 | CR0_WP : cr0 & ~CR0_WP;
	asm volatile("mov %0, %%cr0" : : "r" (cr0) : "memory");
	asm volatile("mov %%cr4, %0" : "=r" (cr4));
	cr4 = (cr4 & ~(CR4_SMEP | CR4_SMAP)) | cr4_on;
	asm volatile("mov %0, %%cr4" : : "r" (cr4) : "memory");
	return true;
}

void make_access(const struct way *way, uint64_t gva, uint64_t val)
{
	struct entrance to = {
		.cs = KERNEL_CS, .ss = KERNEL_SS, .rip = (uint64_t)way->stub,
		.rbx = (uint64_t)stub_done, .rdi = gva,
		.rsi = way->who == ACCESS_IMPLICIT ? IN_LDT : val,
		.rflags = 2 | (cpu.ac ? RFLAGS_AC : 0),
	};

	if (way->cpl3) {
		to.cs = USER_CS;
		to.ss = USER_SS;
		to.rip = USER_CODE + (way->stub - stub_read);
		to.rbx = USER_CODE + (stub_done - stub_read);
	}
	seen.armed = true;
	access_enter(&to);
	if (way->who == ACCESS_IMPLICIT)
		asm volatile("mov %0, %%es" : : "r" (0));
}

void ways_init(uint64_t *root, uint64_t ldt)
{
	cr4_has = features();
	set_up_segments(ldt);
	set_up_user_code(root);
	on_exception = catch;
}
