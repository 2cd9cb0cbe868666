// SPDX-License-Identifier: GPL-2.0
/*
 * Guest memory: memfd pages, pinned for as long as their slot exists.
 *
 * Invariant: a slot in the published table never changes. Unmapping drops all
 * shadow entries, publishes a table without the slot, waits for every reader
 * and only then lets the pages go.
 */
#include "mem.h"
#include "../vm.h"
#include "../vcpu.h"
#include "shadow.h"
#include <linux/cred.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/memfd.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#define GPA_LIMIT	BIT_ULL(KAGE_MAXPHYADDR)
#define CHUNK_PAGES	512

static struct kage_slots *slots_get(struct kage_vm *vm)
{
	/*
	 * Readers are bursts, softirqs and rcu_read_lock() sections: any of
	 * the flavours, so no one lockdep expression fits.
	 */
	return rcu_dereference_raw(vm->mem.slots);
}

struct kage_slot *kage_mem_slot(struct kage_vm *vm, gfn_t gfn)
{
	const struct kage_slots *slots = slots_get(vm);
	u32 i;

	for (i = 0; slots && i < slots->nr; i++) {
		struct kage_slot *slot = slots->slot[i];

		if (gfn - slot->base < slot->npages)
			return slot;
	}
	return NULL;
}

void *kage_mem_host(struct kage_vm *vm, gpa_t gpa, size_t len, bool write)
{
	struct kage_slot *slot = kage_mem_slot(vm, gpa >> KAGE_PAGE_SHIFT);
	size_t off = gpa & ~KAGE_PAGE_MASK;

	if (!slot || off + len > KAGE_PAGE_SIZE)
		return NULL;
	if (write && (slot->flags & KAGE_MEM_F_READONLY))
		return NULL;
	return kage_slot_host(slot, gpa >> KAGE_PAGE_SHIFT) + off;
}

void kage_mem_written(struct kage_vm *vm, gpa_t gpa, size_t len)
{
	size_t n;

	/*
	 * Pairs with the barrier in shadow.c's track_gfn(): either that one
	 * reads what was just stored, or the tracked bit is seen here.
	 */
	smp_mb();
	for (; len; gpa += n, len -= n) {
		gfn_t gfn = gpa >> KAGE_PAGE_SHIFT;
		struct kage_slot *slot = kage_mem_slot(vm, gfn);

		n = min_t(size_t, len,
			  KAGE_PAGE_SIZE - (gpa & ~KAGE_PAGE_MASK));
		if (slot && kage_slot_tracked(slot, gfn))
			kage_mmu_resync(vm, gpa, n);
	}
}

/* Copies page by page; @write is known at compile time at both call sites. */
static int copy(struct kage_vm *vm, gpa_t gpa, void *data, size_t len,
		bool write)
{
	int ret = 0;

	rcu_read_lock();
	while (len) {
		size_t n = min_t(size_t, len,
				 KAGE_PAGE_SIZE - (gpa & ~KAGE_PAGE_MASK));
		void *host = kage_mem_host(vm, gpa, n, write);

		if (!host) {
			ret = -EFAULT;
			break;
		}
		if (write) {
			memcpy(host, data, n);
			kage_mem_written(vm, gpa, n);
		} else {
			memcpy(data, host, n);
		}
		gpa += n;
		data += n;
		len -= n;
	}
	rcu_read_unlock();
	return ret;
}

int kage_mem_read(struct kage_vm *vm, gpa_t gpa, void *data, size_t len)
{
	return copy(vm, gpa, data, len, false);
}

int kage_mem_write(struct kage_vm *vm, gpa_t gpa, const void *data, size_t len)
{
	return copy(vm, gpa, (void *)data, len, true);
}

/* Pinned guest RAM is locked memory of the user who asked for it. */
static int charge(struct user_struct *user, u64 npages)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	long now = atomic_long_add_return(npages, &user->locked_vm);

	if (now <= (long)limit || capable(CAP_IPC_LOCK))
		return 0;
	atomic_long_sub(npages, &user->locked_vm);
	return -ENOMEM;
}

static void unpin(struct kage_slot *slot, u64 npages)
{
	u64 i;

	for (i = 0; i < npages; i++) {
		struct page *page = pfn_to_page(slot->pfns[i]);

		if (!(slot->flags & KAGE_MEM_F_READONLY))
			set_page_dirty_lock(page);
		put_page(page);
		cond_resched();
	}
}

/*
 * The pages of a memfd never move once they are referenced from here: a page
 * with an extra reference is neither swapped nor migrated. The file as a whole
 * is not made unevictable: it may outlive the slot, and what is in it is the
 * charge of nobody then. What is allocated here is not movable, to be out of the
 * way of who wants a whole area empty: memory that is to be unplugged, or CMA.
 */
static int pin(struct kage_slot *slot)
{
	struct address_space *mapping = slot->file->f_mapping;
	gfp_t gfp = mapping_gfp_mask(mapping) & ~__GFP_MOVABLE;
	u64 i;

	for (i = 0; i < slot->npages; i++) {
		struct page *page;

		page = shmem_read_mapping_page_gfp(mapping,
						   slot->fd_pgoff + i, gfp);
		if (IS_ERR(page)) {
			unpin(slot, i);
			return PTR_ERR(page);
		}
		slot->pfns[i] = page_to_pfn(page);
		if (slot->pfns[i] != page_to_pfn(page)) {
			/* Too high a frame for the array: not to be named. */
			put_page(page);
			unpin(slot, i);
			return -ERANGE;
		}
		if (signal_pending(current)) {
			unpin(slot, i + 1);
			return -EINTR;
		}
		cond_resched();
	}
	return 0;
}

/* Notes the pieces that lie in one host block and so may have one entry. */
static void find_blocks(struct kage_slot *slot)
{
	gfn_t gfn = ALIGN(slot->base, CHUNK_PAGES);
	gfn_t end = slot->base + slot->npages;

	for (; gfn + CHUNK_PAGES <= end; gfn += CHUNK_PAGES) {
		const u32 *pfn = &slot->pfns[gfn - slot->base];
		u32 i = 1;

		while (i < CHUNK_PAGES && pfn[i] == pfn[0] + i)
			i++;
		if (i == CHUNK_PAGES && IS_ALIGNED(pfn[0], CHUNK_PAGES))
			__set_bit(kage_slot_chunk(slot, gfn), slot->blocks);
	}
}

static void slot_free(struct kage_slot *slot)
{
	u64 i, chunks = DIV_ROUND_UP(slot->npages, CHUNK_PAGES) + 1;

	for (i = 0; slot->rmap && i < chunks; i++)
		free_page((unsigned long)slot->rmap[i]);
	kvfree(slot->rmap);
	kvfree(slot->rmap_large);
	kvfree(slot->tracked_in);
	kvfree(slot->tracked);
	kvfree(slot->blocks);
	kvfree(slot->pfns);
	if (slot->file)
		fput(slot->file);
	kfree(slot);
}

static struct kage_slot *slot_alloc(const struct kage_mem_req *req,
				    struct file *file)
{
	struct kage_slot *slot = kzalloc(sizeof(*slot), GFP_KERNEL_ACCOUNT);
	u64 chunks;

	if (!slot)
		return NULL;
	slot->file = get_file(file);
	slot->flags = req->flags;
	slot->base = req->gpa >> KAGE_PAGE_SHIFT;
	slot->npages = req->size >> KAGE_PAGE_SHIFT;
	slot->fd_pgoff = req->offset >> KAGE_PAGE_SHIFT;
	/* One more: a slot need not start on a 2 MiB boundary. */
	chunks = DIV_ROUND_UP(slot->npages, CHUNK_PAGES) + 1;
	slot->pfns = kvcalloc(slot->npages, sizeof(u32), GFP_KERNEL_ACCOUNT);
	slot->tracked = kvcalloc(BITS_TO_LONGS(slot->npages), sizeof(long),
				 GFP_KERNEL_ACCOUNT);
	slot->blocks = kvcalloc(BITS_TO_LONGS(chunks), sizeof(long),
				GFP_KERNEL_ACCOUNT);
	slot->tracked_in = kvcalloc(chunks, sizeof(u16), GFP_KERNEL_ACCOUNT);
	slot->rmap = kvcalloc(chunks, sizeof(*slot->rmap), GFP_KERNEL_ACCOUNT);
	slot->rmap_large = kvcalloc(chunks, sizeof(*slot->rmap_large),
				    GFP_KERNEL_ACCOUNT);
	if (slot->pfns && slot->tracked && slot->blocks && slot->tracked_in &&
	    slot->rmap && slot->rmap_large)
		return slot;
	slot_free(slot);
	return NULL;
}

static int check_file(struct file *file, const struct kage_mem_req *req,
		      const char **why)
{
	int seals;

	if (!shmem_mapping(file->f_mapping)) {
		*why = "the descriptor is not a memfd";
		return -EINVAL;
	}
	if (!(file->f_mode & FMODE_READ) ||
	    (!(req->flags & KAGE_MEM_F_READONLY) &&
	     !(file->f_mode & FMODE_WRITE))) {
		*why = "the memfd is not open for reading and writing";
		return -EPERM;
	}
	seals = SHMEM_I(file_inode(file))->seals;
	if (!(req->flags & KAGE_MEM_F_READONLY) &&
	    (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))) {
		*why = "the memfd is sealed against writing";
		return -EPERM;
	}
	if (req->offset + req->size > i_size_read(file_inode(file))) {
		*why = "the range goes past the end of the memfd";
		return -EINVAL;
	}
	return 0;
}

static int check_range(const struct kage_mem_req *req, const char **why)
{
	if (!req->size || (req->size & ~KAGE_PAGE_MASK)) {
		*why = "the size must be a multiple of 4096 and not 0";
		return -EINVAL;
	}
	if ((req->gpa | req->offset) & ~KAGE_PAGE_MASK) {
		*why = "address and offset must be multiples of 4096";
		return -EINVAL;
	}
	if (req->gpa >= GPA_LIMIT || req->size > GPA_LIMIT - req->gpa) {
		*why = "guest memory must lie below 2^40";
		return -EINVAL;
	}
	if (req->offset >= GPA_LIMIT) {
		*why = "the offset must be below 2^40";
		return -EINVAL;
	}
	if (req->flags & ~KAGE_MEM_F_READONLY) {
		*why = "unknown flag";
		return -EINVAL;
	}
	return 0;
}

/* Where device memory lives: RAM there would hide the devices. */
static bool hits_devices(const struct kage_mem_req *req)
{
	return req->gpa < KAGE_MMIO_END &&
	       req->gpa + req->size > KAGE_MMIO_START;
}

static struct kage_slots *mem_slots(struct kage_mem *mem)
{
	return rcu_dereference_protected(mem->slots,
					 lockdep_is_held(&mem->lock));
}

/* Two frames with one host page would escape the tracking of tables. */
static bool aliases(const struct kage_slot *s, const struct file *file,
		    const struct kage_mem_req *req)
{
	u64 first = req->offset >> KAGE_PAGE_SHIFT;

	return file_inode(s->file) == file_inode(file) &&
	       first < s->fd_pgoff + s->npages &&
	       s->fd_pgoff < first + (req->size >> KAGE_PAGE_SHIFT);
}

static int check_place(struct kage_mem *mem, const struct kage_mem_req *req,
		       const struct file *file, const char **why)
{
	const struct kage_slots *slots = mem_slots(mem);
	gfn_t base = req->gpa >> KAGE_PAGE_SHIFT;
	u64 npages = req->size >> KAGE_PAGE_SHIFT;
	u32 i;

	if (hits_devices(req)) {
		*why = "the range overlaps device memory at 3 to 4 GiB";
		return -EEXIST;
	}
	if (!slots)
		return 0;
	if (slots->nr == KAGE_MAX_SLOTS) {
		*why = "the machine has no free memory slot";
		return -ENOSPC;
	}
	for (i = 0; i < slots->nr; i++) {
		const struct kage_slot *s = slots->slot[i];

		if (base < s->base + s->npages && s->base < base + npages) {
			*why = "the range overlaps another slot";
			return -EEXIST;
		}
		if (aliases(s, file, req)) {
			*why = "that part of the memfd is mapped already";
			return -EEXIST;
		}
	}
	return 0;
}

/* Publishes the table with @add (or NULL) in and @drop (or NULL) out. */
static int publish(struct kage_mem *mem, struct kage_slot *add,
		   const struct kage_slot *drop)
{
	struct kage_slots *old = mem_slots(mem);
	struct kage_slots *new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	u32 i;

	if (!new)
		return -ENOMEM;
	for (i = 0; old && i < old->nr; i++) {
		struct kage_slot *s = old->slot[i];

		if (s == drop)
			continue;
		if (add && add->base < s->base) {
			new->slot[new->nr++] = add;
			add = NULL;
		}
		new->slot[new->nr++] = s;
	}
	if (add)
		new->slot[new->nr++] = add;
	rcu_assign_pointer(mem->slots, new);
	WRITE_ONCE(mem->generation, mem->generation + 1);
	if (old)
		kfree_rcu(old, rcu);
	return 0;
}

static int pin_and_publish(struct kage_vm *vm, struct kage_slot *slot,
			   const char **why)
{
	struct kage_mem *mem = &vm->mem;
	int ret;

	if (!mem->user)
		mem->user = get_uid(current_user());
	ret = charge(mem->user, slot->npages);
	if (ret) {
		*why = "pinning it would exceed RLIMIT_MEMLOCK";
		return ret;
	}
	*why = "the host cannot provide the memory";
	ret = pin(slot);
	if (ret)
		goto err_uncharge;
	find_blocks(slot);
	slot->id = mem->next_id + 1;
	ret = publish(mem, slot, NULL);
	if (ret)
		goto err_unpin;
	mem->next_id++;
	mem->npages += slot->npages;
	kage_mmu_resize(vm);
	return 0;

err_unpin:
	unpin(slot, slot->npages);
err_uncharge:
	atomic_long_sub(slot->npages, &mem->user->locked_vm);
	return ret;
}

static int map_file(struct kage_vm *vm, const struct kage_mem_req *req,
		    struct file *file, const char **why)
{
	struct kage_slot *slot;
	int ret;

	ret = check_file(file, req, why);
	if (ret)
		return ret;
	slot = slot_alloc(req, file);
	if (!slot) {
		*why = "no memory for the slot's tables";
		return -ENOMEM;
	}
	mutex_lock(&vm->mem.lock);
	ret = check_place(&vm->mem, req, file, why);
	if (!ret)
		ret = pin_and_publish(vm, slot, why);
	if (!ret)
		ret = slot->id;
	mutex_unlock(&vm->mem.lock);
	if (ret < 0)
		slot_free(slot);
	return ret;
}

int kage_mem_map(struct kage_vm *vm, const struct kage_mem_req *req,
		 const char **why)
{
	struct file *file;
	int ret;

	ret = check_range(req, why);
	if (ret)
		return ret;
	file = fget(req->fd);
	if (!file) {
		*why = "the descriptor is not open";
		return -EBADF;
	}
	ret = map_file(vm, req, file, why);
	fput(file);
	return ret;
}

static struct kage_slot *find_slot(struct kage_mem *mem, u32 id)
{
	struct kage_slots *slots = mem_slots(mem);
	u32 i;

	for (i = 0; slots && i < slots->nr; i++)
		if (slots->slot[i]->id == id)
			return slots->slot[i];
	return NULL;
}

static int unmap_locked(struct kage_vm *vm, struct kage_slot *slot)
{
	struct kage_mem *mem = &vm->mem;
	int ret;

	lockdep_assert_held(&mem->lock);
	/*
	 * No vCPU runs, so once the shadow is empty nothing is tracked and no
	 * device write can fill it again.
	 */
	kage_mmu_slots_changed(vm);
	ret = publish(mem, NULL, slot);
	if (ret)
		return ret;
	synchronize_rcu();
	unpin(slot, slot->npages);
	atomic_long_sub(slot->npages, &mem->user->locked_vm);
	mem->npages -= slot->npages;
	kage_mmu_resize(vm);
	slot_free(slot);
	return 0;
}

int kage_mem_unmap(struct kage_vm *vm, u32 id)
{
	struct kage_slot *slot;
	int ret = -ENOENT;

	lockdep_assert_held(&vm->lock);
	if (vm->state == KAGE_VM_RUNNING)
		return -EBUSY;
	mutex_lock(&vm->mem.lock);
	slot = find_slot(&vm->mem, id);
	if (slot)
		ret = unmap_locked(vm, slot);
	mutex_unlock(&vm->mem.lock);
	return ret;
}

int kage_mem_open(struct kage_vm *vm, u32 id, u64 *offset)
{
	struct kage_slot *slot;
	int fd;

	if (mutex_lock_killable(&vm->mem.lock))
		return -EINTR;
	slot = find_slot(&vm->mem, id);
	fd = slot ? get_unused_fd_flags(O_CLOEXEC) : -ENOENT;
	if (fd >= 0) {
		fd_install(fd, get_file(slot->file));
		*offset = slot->fd_pgoff << KAGE_PAGE_SHIFT;
	}
	mutex_unlock(&vm->mem.lock);
	return fd;
}

int kage_mem_get(struct kage_vm *vm, u32 after, struct kage_mem_req *req)
{
	struct kage_slot *best = NULL;
	struct kage_slots *slots;
	u32 i;
	int ret = -ENOENT;

	if (mutex_lock_killable(&vm->mem.lock))
		return -EINTR;
	slots = mem_slots(&vm->mem);
	for (i = 0; slots && i < slots->nr; i++) {
		struct kage_slot *s = slots->slot[i];

		if (s->id > after && (!best || s->id < best->id))
			best = s;
	}
	if (best) {
		*req = (struct kage_mem_req) {
			.fd = -1,
			.flags = best->flags,
			.offset = best->fd_pgoff << KAGE_PAGE_SHIFT,
			.gpa = best->base << KAGE_PAGE_SHIFT,
			.size = best->npages << KAGE_PAGE_SHIFT,
		};
		ret = best->id;
	}
	mutex_unlock(&vm->mem.lock);
	return ret;
}

int kage_mem_init(struct kage_vm *vm)
{
	mutex_init(&vm->mem.lock);
	return 0;
}

void kage_mem_uninit(struct kage_vm *vm)
{
	struct kage_mem *mem = &vm->mem;
	struct kage_slots *slots;
	u32 i;

	mutex_lock(&mem->lock);
	slots = mem_slots(mem);
	kage_mmu_slots_changed(vm);
	RCU_INIT_POINTER(mem->slots, NULL);
	synchronize_rcu();
	for (i = 0; slots && i < slots->nr; i++) {
		unpin(slots->slot[i], slots->slot[i]->npages);
		atomic_long_sub(slots->slot[i]->npages, &mem->user->locked_vm);
		slot_free(slots->slot[i]);
	}
	kfree(slots);
	mutex_unlock(&mem->lock);
	if (mem->user)
		free_uid(mem->user);
}
