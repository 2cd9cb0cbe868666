/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between host kernels for vmx/: Kbuild looks for the symbols.
 */
#ifndef _KAGE_VMX_HOST_H
#define _KAGE_VMX_HOST_H

#include <asm/cpufeature.h>
#include <asm/reboot.h>
#include <linux/syscore_ops.h>

/* An event on a FRED host returns by other instructions than IRET. */
static inline bool kage_fred_enabled(void)
{
#ifdef X86_FEATURE_FRED
	return cpu_feature_enabled(X86_FEATURE_FRED);
#else
	return false;
#endif
}

#ifdef KAGE_HAVE_REGISTER_SYSCORE

#define KAGE_DEFINE_SYSCORE(name, suspend_fn, resume_fn)		\
	static int name##_suspend(void *data) { return suspend_fn(); }	\
	static void name##_resume(void *data) { resume_fn(); }		\
	static const struct syscore_ops name##_ops = {			\
		.suspend = name##_suspend,				\
		.resume = name##_resume,				\
	};								\
	static struct syscore name = { .ops = &name##_ops }

#define kage_register_syscore(s)	register_syscore(s)
#define kage_unregister_syscore(s)	unregister_syscore(s)

#else

#define KAGE_DEFINE_SYSCORE(name, suspend_fn, resume_fn)		\
	static struct syscore_ops name = {				\
		.suspend = suspend_fn,					\
		.resume = resume_fn,					\
	}

#define kage_register_syscore(s)	register_syscore_ops(s)
#define kage_unregister_syscore(s)	unregister_syscore_ops(s)

#endif

#endif /* _KAGE_VMX_HOST_H */
