/* SPDX-License-Identifier: GPL-2.0 */
/* Warnings end the program. */
#ifndef _KAGE_SHIM_LINUX_BUG_H
#define _KAGE_SHIM_LINUX_BUG_H

/* Says where, and does not return. */
void kage_shim_warn(const char *file, int line);

#define WARN_ON_ONCE(cond) __extension__ ({		\
	bool _cond = (cond);				\
	if (_cond)					\
		kage_shim_warn(__FILE__, __LINE__);	\
	_cond; })

#endif /* _KAGE_SHIM_LINUX_BUG_H */
