// SPDX-License-Identifier: GPL-2.0
/*
 * Port accesses. SDM: "Exit Qualification for I/O Instructions".
 */
#include "io.h"
#include "../vcpu.h"
#include "../vm.h"
#include "../dev/bus.h"
#include "../mmu/fault.h"
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

/* One element; false if the guest got a fault instead. */
static bool string_once(struct kage_vcpu *vcpu, const struct port_access *a,
			gva_t gva)
{
	u32 rights = a->in ? KAGE_PF_W : 0, err;
	u64 val = 0;
	gpa_t gpa;

	if (kage_vcpu_cpl(vcpu) == 3)
		rights |= KAGE_PF_U;
	if (kage_mmu_translate(vcpu, gva, rights, &gpa, &err)) {
		kage_event_inject_pf(vcpu, gva, err);
		return false;
	}
	if ((gva & ~KAGE_PAGE_MASK) + a->size > KAGE_PAGE_SIZE) {
		kage_vcpu_kill(vcpu, "string I/O across a page boundary at %#llx",
			       gva);
		return false;
	}
	if (a->in) {
		val = kage_bus_read(vcpu, KAGE_BUS_PIO, a->port, a->size);
		kage_mmu_store(vcpu, gpa, val, a->size);
	} else {
		kage_mem_read(vcpu->vm, gpa, &val, a->size);
		kage_bus_write(vcpu, KAGE_BUS_PIO, a->port, a->size, val);
	}
	return true;
}

/* The exit gives the first element's address; the rest follows from DF. */
static void string_access(struct kage_vcpu *vcpu, const struct port_access *a)
{
	s64 step = kage_vcpu_rflags(vcpu) & X86_EFLAGS_DF ? -(s64)a->size :
							    (s64)a->size;
	u64 *index = &vcpu->regs[a->in ? KAGE_RDI : KAGE_RSI];
	u64 mask = kage_vcpu_code_size(vcpu) == 8 ? ~0ULL : U32_MAX;
	gva_t gva = kage_vmcs_read(GUEST_LINEAR_ADDRESS);
	u64 *count = &vcpu->regs[KAGE_RCX];
	int n;

	for (n = 0; n < MAX_STRING; n++) {
		if (a->rep && !(*count & mask))
			break;
		if (!string_once(vcpu, a, gva))
			return;
		gva += step;
		*index = (*index + step) & mask;
		if (!a->rep)
			break;
		*count = (*count - 1) & mask;
	}
	if (!a->rep || !(*count & mask))
		kage_vcpu_skip(vcpu, kage_vmcs_read(VM_EXIT_INSTRUCTION_LEN));
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
