// SPDX-License-Identifier: GPL-2.0
/*
 * Port accesses. SDM: "Exit Qualification for I/O Instructions".
 */
#include "io.h"
#include "../vcpu.h"
#include "../vm.h"
#include "../dev/bus.h"
#include "../mmu/fault.h"
#include "cap.h"
#include "event.h"
#include "state.h"
#include "vmcs.h"
#include <asm/processor-flags.h>

/* Iterations of a string instruction for one exit. */
#define MAX_STRING	64

struct port_access {
	u16 port;
	unsigned int size;
	bool in, string, rep;
};

static void access_once(struct kage_vcpu *vcpu, const struct port_access *a)
{
	u64 *rax = &vcpu->regs[KAGE_RAX];
	u64 mask = GENMASK_ULL(a->size * 8 - 1, 0);
	u64 val;

	if (!a->in) {
		kage_bus_write(vcpu, KAGE_BUS_PIO, a->port, a->size,
			       *rax & mask);
		return;
	}
	val = kage_bus_read(vcpu, KAGE_BUS_PIO, a->port, a->size) & mask;
	/* A 32-bit result clears the upper half, smaller ones keep the rest. */
	*rax = a->size == 4 ? val : (*rax & ~mask) | val;
}

/* How an instruction addresses its elements in memory. */
struct element {
	gva_t base;		/* of the segment */
	u64 *index;		/* RSI or RDI */
	u64 mask;		/* of the address size */
	u64 wrap;		/* of linear addresses */
	bool stack;		/* in the stack segment */
};

/* SDM: "VM-Exit Instruction-Information Field as Used for INS and OUTS". */
static struct element find_element(struct kage_vcpu *vcpu,
				   const struct port_access *a)
{
	static const u64 masks[] = { U16_MAX, U32_MAX, ~0ULL };
	struct element e = {
		.index = &vcpu->regs[a->in ? KAGE_RDI : KAGE_RSI],
		.mask = kage_vcpu_code_size(vcpu) == 8 ? ~0ULL : U32_MAX,
	};
	u32 info;

	if (kage_caps.string_info) {
		info = kage_vmcs_read(VMX_INSTRUCTION_INFO);
		e.mask = masks[min((info >> 7) & 7, 2U)];
		e.stack = !a->in && ((info >> 15) & 7) == KAGE_SS;
	}
	e.base = kage_vmcs_read(GUEST_LINEAR_ADDRESS) - (*e.index & e.mask);
	e.wrap = kage_vcpu_code_size(vcpu) == 8 ? ~0ULL : U32_MAX;
	return e;
}

/* A register of the address size: 32 bits clear what is above, 16 keep it. */
static void put_masked(u64 *reg, u64 val, u64 mask)
{
	*reg = mask == U16_MAX ? (*reg & ~mask) | (val & mask) : val & mask;
}

static bool canonical(gva_t gva)
{
	return sign_extend64(gva, 47) == (s64)gva;
}

/* Where @gva is; false if the guest gets a fault. */
static bool translate(struct kage_vcpu *vcpu, const struct port_access *a,
		      const struct element *e, gva_t gva, gpa_t *gpa)
{
	u32 access = a->in ? KAGE_PF_W : 0, err;

	if (!canonical(gva)) {
		if (e->stack)
			kage_event_inject_ss(vcpu, 0);
		else
			kage_event_inject_gp(vcpu, 0);
		return false;
	}
	if (kage_vcpu_cpl(vcpu) == 3)
		access |= KAGE_PF_U;
	if (!kage_mmu_translate(vcpu, gva, access, gpa, &err))
		return true;
	kage_event_inject_pf(vcpu, gva, err);
	return false;
}

static int port_to_memory(struct kage_vcpu *vcpu, const struct port_access *a,
			  const gpa_t *gpa, unsigned int first)
{
	u64 val = kage_bus_read(vcpu, KAGE_BUS_PIO, a->port, a->size);
	int ret = kage_mmu_store(vcpu, gpa[0], val, first);

	if (!ret && first < a->size)
		ret = kage_mmu_store(vcpu, gpa[1], val >> (first * 8),
				     a->size - first);
	return ret;
}

static int memory_to_port(struct kage_vcpu *vcpu, const struct port_access *a,
			  const gpa_t *gpa, unsigned int first)
{
	u64 val = 0;
	int ret = kage_mem_read(vcpu->vm, gpa[0], &val, first);

	if (!ret && first < a->size)
		ret = kage_mem_read(vcpu->vm, gpa[1], (u8 *)&val + first,
				    a->size - first);
	if (!ret)
		kage_bus_write(vcpu, KAGE_BUS_PIO, a->port, a->size,
			       val);
	return ret;
}

/* One element; false if the guest got a fault instead, or is no more. */
static bool string_once(struct kage_vcpu *vcpu, const struct port_access *a,
			const struct element *e)
{
	gva_t gva = (e->base + (*e->index & e->mask)) & e->wrap;
	unsigned int first = min_t(u64, a->size, KAGE_PAGE_SIZE -
				   (gva & ~KAGE_PAGE_MASK));
	gpa_t gpa[2];
	int ret;

	if (!translate(vcpu, a, e, gva, &gpa[0]))
		return false;
	if (first < a->size && !translate(vcpu, a, e, gva + first, &gpa[1]))
		return false;
	ret = a->in ? port_to_memory(vcpu, a, gpa, first) :
		      memory_to_port(vcpu, a, gpa, first);
	if (ret)
		kage_vcpu_kill(vcpu,
			       "string I/O with memory at %#llx (guest-physical %#llx) that is not RAM",
			       gva, gpa[0]);
	return !ret;
}

/*
 * An unfinished REP leaves RIP where it is: the guest runs it again, and takes an
 * interrupt or a single-step trap, due after every iteration, before that.
 */
static void string_access(struct kage_vcpu *vcpu, const struct port_access *a)
{
	const u64 rflags = kage_vcpu_rflags(vcpu);
	const int most = rflags & X86_EFLAGS_TF ? 1 : MAX_STRING;
	const s64 step = rflags & X86_EFLAGS_DF ? -(s64)a->size : (s64)a->size;
	const struct element e = find_element(vcpu, a);
	u64 *count = &vcpu->regs[KAGE_RCX];
	unsigned int len = 0;
	int n;

	for (n = 0; n < most; n++) {
		if (a->rep && !(*count & e.mask))
			break;
		if (!string_once(vcpu, a, &e))
			return;
		put_masked(e.index, *e.index + step, e.mask);
		if (!a->rep)
			break;
		put_masked(count, *count - 1, e.mask);
	}
	if (!a->rep || !(*count & e.mask))
		len = kage_vmcs_read(VM_EXIT_INSTRUCTION_LEN);
	kage_vcpu_skip(vcpu, len);
}

void kage_io_exit(struct kage_vcpu *vcpu)
{
	u64 qual = kage_vmcs_read(EXIT_QUALIFICATION);
	const struct port_access a = {
		.port = qual >> 16,
		.size = (qual & 7) + 1,
		.in = qual & BIT(3),
		.string = qual & BIT(4),
		.rep = qual & BIT(5),
	};

	/* Devices run with interrupts on, as they would in a softirq. */
	local_irq_enable();
	if (a.string) {
		string_access(vcpu, &a);
	} else {
		access_once(vcpu, &a);
		kage_vcpu_skip(vcpu, kage_vmcs_read(VM_EXIT_INSTRUCTION_LEN));
	}
	local_irq_disable();
}
