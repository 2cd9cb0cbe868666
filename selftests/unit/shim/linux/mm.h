/* SPDX-License-Identifier: GPL-2.0 */
/* Page frames: a test provides those of its own small host. */
#ifndef _KAGE_SHIM_LINUX_MM_H
#define _KAGE_SHIM_LINUX_MM_H

#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/string.h>
#include <linux/types.h>

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1UL << PAGE_SHIFT)

#define GFP_KERNEL_ACCOUNT	0

typedef u64 phys_addr_t;

struct page {
	unsigned long private;
	unsigned int kind;	/* the test's */
	u64 gfn;		/* the test's */
};

struct page *alloc_page(int gfp);
void __free_page(struct page *page);
struct page *virt_to_page(const void *va);
void *page_address(const struct page *page);
void *__va(phys_addr_t pa);
phys_addr_t __pa(const void *va);

static inline unsigned long get_zeroed_page(int gfp)
{
	struct page *page = alloc_page(gfp);
	void *va = page ? page_address(page) : NULL;

	return va ? (unsigned long)__builtin_memset(va, 0, PAGE_SIZE) : 0;
}

#define __get_free_page(gfp)	get_zeroed_page(gfp)

static inline void free_page(unsigned long va)
{
	if (va)
		__free_page(virt_to_page((void *)va));
}

#define page_private(page)		((page)->private)
#define set_page_private(page, val)	((page)->private = (val))

#endif /* _KAGE_SHIM_LINUX_MM_H */
