/* SPDX-License-Identifier: GPL-2.0 */
/* The pieces of hostile_entry.S that the hostile guest attempts. */
#ifndef _HOSTILE_CODE_H
#define _HOSTILE_CODE_H

extern char snippet_done[], snippet_read1[], snippet_read2[], snippet_read4[];
extern char snippet_read8[], snippet_lods8[], snippet_cmp8[], snippet_write1[];
extern char snippet_write2[], snippet_write4[], snippet_write8[];
extern char snippet_xchg8[], snippet_or4[], snippet_and8[], snippet_xor1[];
extern char snippet_cmpxchg8[], snippet_stos8[], snippet_stos32[];
extern char snippet_movs8[], snippet_push[], snippet_pop[], snippet_fetch[];
extern char snippet_cpuid[], snippet_rdmsr[], snippet_wrmsr[], snippet_in1[];
extern char snippet_in2[], snippet_in4[], snippet_out1[], snippet_out2[];
extern char snippet_out4[], snippet_ins[], snippet_outs[], snippet_set_cr0[];
extern char snippet_set_cr2[], snippet_set_cr3[], snippet_set_cr4[];
extern char snippet_set_cr8[], snippet_clts[], snippet_lmsw[], snippet_smsw[];
extern char snippet_set_dr0[], snippet_set_dr4[], snippet_set_dr6[];
extern char snippet_set_dr7[], snippet_break[], snippet_lgdt[], snippet_lidt[];
extern char snippet_lldt[], snippet_ltr[], snippet_mov_ss[], snippet_mov_fs[];
extern char snippet_lret[], snippet_invlpg[], snippet_invpcid[];
extern char snippet_clflush[], snippet_wbinvd[], snippet_invd[];
extern char snippet_xsetbv[], snippet_xgetbv[], snippet_vmcall[];
extern char snippet_vmclear[], snippet_vmlaunch[], snippet_vmptrld[];
extern char snippet_vmread[], snippet_vmwrite[], snippet_vmxoff[];
extern char snippet_vmxon[], snippet_invept[], snippet_invvpid[];
extern char snippet_vmfunc[], snippet_getsec[], snippet_rsm[], snippet_encls[];
extern char snippet_monitor[], snippet_mwait[], snippet_rdpmc[];
extern char snippet_rdtscp[], snippet_rdrand[], snippet_pause[];
extern char snippet_int1[], snippet_ud2[], snippet_popf[], snippet_swapgs[];
extern char snippet_syscall[], snippet_sysret[], snippet_sysenter[];
extern char snippet_sysexit[], snippet_fninit[], snippet_hlt[];

#endif /* _HOSTILE_CODE_H */
