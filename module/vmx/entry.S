/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Into the guest and back. Interrupts are off.
 *
 * What the guest trained or left behind must be gone before the first return
 * or indirect branch here: general registers first, then the return stack
 * buffer, the host's speculation control and the branch history. The last
 * thing before the guest runs is VERW, for what the host left in buffers.
 *
 * All of that is for returns and indirect branches. The express lane has
 * neither, with one exception: the exits that it serves go back into the guest
 * through direct branches alone, and what it indexes by a value of the guest's is
 * masked. The exceptions are the calls that execute a store to a page table, and a
 * MOV from CR3 with what follows it. No branch in what they call is indirect, and
 * each return there belongs to a call made since the exit, so that it takes nothing
 * from what the guest left in the return stack buffer; one call retires before the
 * first of them, where a processor wants that. With legacy IBRS, which would have
 * to be written first, the lane does without.
 *
 * Exits that need more than a look into what C code left for it take the long way,
 * as all do when its budget is used up, so that the host is not kept waiting by a
 * guest which is entered with interrupts pending: on a real processor such an
 * entry exits at once, in an emulator perhaps not.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/alternative.h>
#include <asm/asm.h>
#include <asm/msr-index.h>
#include <asm/nospec-branch.h>
#include <asm/percpu.h>
#include <asm/unwind_hints.h>
#include "asm-offsets.h"

#define REG(n)		(KAGE_VCPU_REGS + (n) * 8)

/* SDM: "Field Encoding in VMCS" */
#define GUEST_INTERRUPTIBILITY	0x4824
#define EXIT_REASON		0x4402
#define EXIT_INSN_LEN		0x440c
#define EXIT_QUALIFICATION	0x6400
#define GUEST_CR3		0x6802
#define GUEST_RSP		0x681c
#define GUEST_RIP		0x681e
#define GUEST_RFLAGS		0x6820
#define HOST_RSP		0x6c14

/* SDM: "VMX Basic Exit Reasons" */
#define EXIT_EXCEPTION		0
#define EXIT_CPUID		10
#define EXIT_CR_ACCESS		28
#define EXIT_RDMSR		31
#define EXPRESS_EXITS		(1 << EXIT_EXCEPTION | 1 << EXIT_CPUID | \
				 1 << EXIT_CR_ACCESS | 1 << EXIT_RDMSR)

/* Exit qualification of MOV CR, without the register: MOV to and from CR3. */
#define MOV_MASK		0x3f
#define MOV_TO_CR3		0x03
#define MOV_FROM_CR3		0x13
#define RSP_NR			4

#define RFLAGS_TF		(1 << 8)
#define BLOCKED_BY_SHADOW	3	/* of STI or MOV SS */
#define INVVPID_SINGLE_CONTEXT	1

.macro VMCS_READ field, reg
	mov	$\field, %ecx
	vmread	%rcx, \reg
.endm

.macro VMCS_WRITE field, reg
	mov	$\field, %ecx
	vmwrite	\reg, %rcx
.endm

/*
 * RDI, RSI and RDX are arguments, RAX, R8 and R9 what entry.S itself has put there:
 * nothing else of the guest's reaches C. And one call for processors that want it.
 */
.macro BEFORE_CALL name
	xor	%ecx, %ecx
	xor	%ebx, %ebx
	xor	%ebp, %ebp
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	ALTERNATIVE "jmp .Lcall_\name", __stringify(__FILL_ONE_RETURN), \
		    X86_FEATURE_RSB_VMEXIT_LITE
.Lcall_\name:
.endm

	.section .noinstr.text, "ax"

/*
 * unsigned long kage_vmx_switch(struct kage_vcpu *vcpu, unsigned long launched)
 *
 * Returns 0 after a VM exit, 1 if the entry failed before the guest's state
 * was loaded (the VM-instruction error field says why).
 */
SYM_FUNC_START(kage_vmx_switch)
	push	%rbp
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%rbx
	push	%rdi

	cmp	%rsp, KAGE_VCPU_HOST_RSP(%rdi)
	je	.Lrsp_known
	mov	%rsp, KAGE_VCPU_HOST_RSP(%rdi)
	mov	$HOST_RSP, %eax
	vmwrite	%rsp, %rax
.Lrsp_known:
	/* CF carries the choice: nothing from here on changes it. */
	bt	$0, %esi

.Lload_guest:
	mov	REG(0)(%rdi), %rax
	mov	REG(1)(%rdi), %rcx
	mov	REG(2)(%rdi), %rdx
	mov	REG(3)(%rdi), %rbx
	mov	REG(5)(%rdi), %rbp
	mov	REG(6)(%rdi), %rsi
	mov	REG(8)(%rdi), %r8
	mov	REG(9)(%rdi), %r9
	mov	REG(10)(%rdi), %r10
	mov	REG(11)(%rdi), %r11
	mov	REG(12)(%rdi), %r12
	mov	REG(13)(%rdi), %r13
	mov	REG(14)(%rdi), %r14
	mov	REG(15)(%rdi), %r15
	mov	REG(7)(%rdi), %rdi

	CLEAR_CPU_BUFFERS

	jnc	.Llaunch
	/* The landing has the stack of this point. */
	UNWIND_HINT_SAVE
	vmresume
	jmp	.Lfailed
.Llaunch:
	vmlaunch
	jmp	.Lfailed

SYM_INNER_LABEL_ALIGN(kage_vmx_landing, SYM_L_GLOBAL)
	UNWIND_HINT_RESTORE
	ENDBR
	push	%rdi
	mov	8(%rsp), %rdi
	mov	%rax, REG(0)(%rdi)
	mov	%rcx, REG(1)(%rdi)
	mov	%rdx, REG(2)(%rdi)
	mov	%rbx, REG(3)(%rdi)
	mov	%rbp, REG(5)(%rdi)
	mov	%rsi, REG(6)(%rdi)
	pop	REG(7)(%rdi)
	mov	%r8, REG(8)(%rdi)
	mov	%r9, REG(9)(%rdi)
	mov	%r10, REG(10)(%rdi)
	mov	%r11, REG(11)(%rdi)
	mov	%r12, REG(12)(%rdi)
	mov	%r13, REG(13)(%rdi)
	mov	%r14, REG(14)(%rdi)
	mov	%r15, REG(15)(%rdi)

	VMCS_READ EXIT_REASON, %rax
	mov	%eax, KAGE_VCPU_EXIT_REASON(%rdi)
	cmp	$31, %eax
	ja	.Lslow
	mov	$EXPRESS_EXITS, %ecx
	bt	%eax, %ecx
	jnc	.Lslow
	decl	KAGE_VCPU_EXPRESS_LEFT(%rdi)
	js	.Lslow
	mov	%rax, %r9

	/* What kage_vcpu_skip() does, where nothing is out of the ordinary. */
	VMCS_READ GUEST_INTERRUPTIBILITY, %rax
	test	$BLOCKED_BY_SHADOW, %al
	jnz	.Lslow
	VMCS_READ GUEST_RFLAGS, %rax
	test	$RFLAGS_TF, %eax
	jnz	.Lslow
	VMCS_READ GUEST_RIP, %rax
	test	%r9d, %r9d
	jz	.Lexception
	VMCS_READ EXIT_INSN_LEN, %r8
	add	%rax, %r8
	xor	%r8, %rax
	shr	$32, %rax
	jnz	.Lslow

	cmp	$EXIT_CPUID, %r9d
	je	.Lcpuid
	cmp	$EXIT_RDMSR, %r9d
	je	.Lrdmsr

	VMCS_READ EXIT_QUALIFICATION, %rax
	mov	%eax, %edx
	shr	$8, %edx
	and	$15, %edx
	and	$MOV_MASK, %eax
	cmp	$MOV_TO_CR3, %eax
	je	.Lmov_to_cr3
	cmp	$MOV_FROM_CR3, %eax
	je	.Lmov_from_cr3
	jmp	.Lslow

	/* The instruction is done: R8 is where the next one is. */
.Lexpress_done:
	VMCS_WRITE GUEST_RIP, %r8
	incq	KAGE_VCPU_EXITS(%rdi, %r9, 8)
	incq	KAGE_VCPU_ENTRIES(%rdi)
	/* VMRESUME it is. */
	stc
	jmp	.Lload_guest

	/* A page fault, perhaps of a store that kage_store_express() knows. */
.Lexception:
	ALTERNATIVE "", "jmp .Lslow", X86_FEATURE_KERNEL_IBRS
	mov	%rax, %rsi
	xor	%edx, %edx
	BEFORE_CALL store
	call	kage_express_store
	mov	(%rsp), %rdi
	test	%rax, %rax
	jz	.Lslow
	mov	%rax, %r8
	xor	%r9d, %r9d
	jmp	.Lexpress_done

	/* Perhaps CR3 is loaded next, and kage_express_cr3() knows with what. */
.Lmov_from_cr3:
	ALTERNATIVE "", "jmp .Lread_cr3", X86_FEATURE_KERNEL_IBRS
	mov	%r8, %rsi
	BEFORE_CALL cr3
	call	kage_express_cr3
	mov	(%rsp), %rdi
	mov	%rax, %r8
	mov	$EXIT_CR_ACCESS, %r9d
	jmp	.Lexpress_done
.Lread_cr3:
	mov	KAGE_VCPU_CR3(%rdi), %rax
	cmp	$RSP_NR, %edx
	je	.Lcr3_to_rsp
	mov	%rax, REG(0)(%rdi, %rdx, 8)
	jmp	.Lexpress_done
	/* RSP is in the VMCS. A system call has no other register to spare. */
.Lcr3_to_rsp:
	VMCS_WRITE GUEST_RSP, %rax
	jmp	.Lexpress_done

	/* One of the roots that kage_mmu_load_root() left here. */
.Lmov_to_cr3:
	mov	REG(0)(%rdi, %rdx, 8), %rax
	cmp	$RSP_NR, %edx
	jne	.Lcr3_known
	VMCS_READ GUEST_RSP, %rax
.Lcr3_known:
	/* The set, as kage_root_set() has it. */
	mov	%rax, %rdx
	shr	$12, %rdx
	mov	%edx, %ecx
	shr	$4, %ecx
	xor	%ecx, %edx
	and	$(KAGE_NR_ROOT_SETS - 1), %edx
	imul	$(KAGE_NR_ROOT_WAYS * KAGE_ROOT_SIZE), %edx, %edx
	lea	KAGE_VCPU_ROOTS(%rdi, %rdx), %rdx
	.rept	KAGE_NR_ROOT_WAYS - 1
	cmp	%rax, KAGE_ROOT_CR3(%rdx)
	je	.Lroot_found
	add	$KAGE_ROOT_SIZE, %rdx
	.endr
	cmp	%rax, KAGE_ROOT_CR3(%rdx)
	jne	.Lslow
.Lroot_found:
	mov	KAGE_ROOT_SP(%rdx), %r10
	test	%r10, %r10
	jz	.Lslow
	cmpq	$0, KAGE_VCPU_VPID_DESC(%rdi)
	je	.Lflushed	/* without VPID every entry flushes */
	mov	$INVVPID_SINGLE_CONTEXT, %ecx
	invvpid	KAGE_VCPU_VPID_DESC(%rdi), %rcx
	jbe	.Lslow
	incq	KAGE_VCPU_TLB_FLUSHES(%rdi)
.Lflushed:
	mov	%rax, KAGE_VCPU_CR3(%rdi)
	mov	%r10, KAGE_VCPU_ROOT(%rdi)
	mov	KAGE_ROOT_SPT(%rdx), %rax
	mov	%rax, KAGE_VCPU_GUEST_CR3(%rdi)
	VMCS_WRITE GUEST_CR3, %rax
	incq	KAGE_VCPU_ROOT_HITS(%rdi)
	jmp	.Lexpress_done

	/* What kage_cpuid_exit() answered before. */
.Lcpuid:
	mov	REG(0)(%rdi), %eax
	mov	%eax, %edx
	shr	$29, %edx
	add	%eax, %edx
	and	$(KAGE_NR_CPUIDS - 1), %edx
	imul	$KAGE_CPUID_SIZE, %edx, %edx
	lea	KAGE_VCPU_CPUIDS(%rdi, %rdx), %rdx
	cmp	KAGE_CPUID_LEAF(%rdx), %eax
	jne	.Lslow
	mov	REG(1)(%rdi), %eax
	cmp	KAGE_CPUID_SUB(%rdx), %eax
	jne	.Lslow
	mov	KAGE_CPUID_EAX(%rdx), %eax
	mov	%rax, REG(0)(%rdi)
	mov	KAGE_CPUID_EBX(%rdx), %eax
	mov	%rax, REG(3)(%rdi)
	mov	KAGE_CPUID_ECX(%rdx), %eax
	mov	%rax, REG(1)(%rdi)
	mov	KAGE_CPUID_EDX(%rdx), %eax
	mov	%rax, REG(2)(%rdi)
	jmp	.Lexpress_done

	/* What kage_msr_read() said of one that only WRMSR changes. */
.Lrdmsr:
	mov	REG(1)(%rdi), %eax
	mov	%eax, %edx
	and	$(KAGE_NR_MSRS - 1), %edx
	shl	$KAGE_MSR_SHIFT, %edx
	lea	KAGE_VCPU_MSRS(%rdi, %rdx), %rdx
	cmp	KAGE_MSR_NR(%rdx), %eax
	jne	.Lslow
	mov	KAGE_MSR_VALUE(%rdx), %eax
	mov	%rax, REG(0)(%rdi)
	mov	KAGE_MSR_VALUE + 4(%rdx), %eax
	mov	%rax, REG(2)(%rdi)
	jmp	.Lexpress_done

.Lslow:
	xor	%eax, %eax

.Lscrub:
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%ebx, %ebx
	xor	%ebp, %ebp
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	/* RBX outlives what follows; RAX may not. */
	mov	%eax, %ebx

	FILL_RETURN_BUFFER %rcx, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT, \
			   X86_FEATURE_RSB_VMEXIT_LITE

	/*
	 * The guest has no SPEC_CTRL of its own: the host's value stands. Only
	 * legacy IBRS wants the MSR written again after every change to a more
	 * privileged predictor mode.
	 */
	ALTERNATIVE "jmp .Librs_done", "", X86_FEATURE_KERNEL_IBRS
	mov	$MSR_IA32_SPEC_CTRL, %ecx
	mov	PER_CPU_VAR(x86_spec_ctrl_current), %rax
	mov	%rax, %rdx
	shr	$32, %rdx
	wrmsr
.Librs_done:
	lfence
	CLEAR_BRANCH_HISTORY_VMEXIT

	mov	%ebx, %eax
	add	$8, %rsp
	pop	%rbx
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	pop	%rbp
	RET

.Lfailed:
	mov	$1, %eax
	jmp	.Lscrub
SYM_FUNC_END(kage_vmx_switch)
