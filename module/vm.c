// SPDX-License-Identifier: GPL-2.0
/*
 * Machines: the table of them, their lives and their states.
 */
#include "vm.h"
#include "vcpu.h"
#include "dev/bus.h"
#include "dev/console.h"
#include "dev/irqchip.h"
#include "dev/netif.h"
#include "dev/nic.h"
#include "dev/pci.h"
#include "dev/pit.h"
#include "dev/pm.h"
#include "dev/rtc.h"
#include "dev/uart.h"
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/xarray.h>

/* Ids are never used twice while the module is loaded: 2^32 is enough. */
static DEFINE_XARRAY_ALLOC1(table);
static u32 next_id;
static DEFINE_MUTEX(table_lock);	/* names stay unique under it */

static void (*event_sink)(struct kage_vm *vm, enum kage_event event);

void kage_vm_set_event_sink(void (*sink)(struct kage_vm *vm,
					 enum kage_event event))
{
	event_sink = sink;
}

void kage_vm_event(struct kage_vm *vm, enum kage_event event)
{
	if (event_sink)
		event_sink(vm, event);
}

bool kage_vm_name_valid(const char *name)
{
	const char *p;

	if (!isascii(name[0]) || !isalpha(name[0]))
		return false;
	for (p = name; *p; p++)
		if (!isascii(*p) || (!isalnum(*p) && !strchr("._-", *p)))
			return false;
	return p - name <= KAGE_NAME_MAX;
}

static bool all_parked(struct kage_vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->nr_vcpus; i++)
		/* Pairs with park(): what the thread did before is seen. */
		if (!smp_load_acquire(&vm->vcpus[i]->parked))
			return false;
	return true;
}

static void stop_running(struct kage_vm *vm)
{
	unsigned int i;

	WRITE_ONCE(vm->run, false);
	for (i = 0; i < vm->nr_vcpus; i++)
		kage_vcpu_request(vm->vcpus[i], KAGE_REQ_BREAK);
}

static void halt_vcpus(struct kage_vm *vm)
{
	lockdep_assert_held(&vm->lock);
	stop_running(vm);
	wait_event(vm->parked_wq, all_parked(vm));
}

static void reset_nics(struct kage_vm *vm)
{
	unsigned int i;

	for (i = 0; i < KAGE_MAX_NICS; i++)
		if (vm->nics[i])
			kage_nic_reset(vm->nics[i]);
}

/*
 * For good: from here only a reset leads on. The NICs would go on without the
 * vCPUs, and receive into memory that may be read, or loaded anew, by now. For
 * their interfaces it is as if the cable had been pulled.
 */
static void end_run(struct kage_vm *vm)
{
	halt_vcpus(vm);
	reset_nics(vm);
	vm->state = KAGE_VM_STOPPED;
}

static void run_vcpus(struct kage_vm *vm)
{
	unsigned int i;

	lockdep_assert_held(&vm->lock);
	WRITE_ONCE(vm->run, true);
	for (i = 0; i < vm->nr_vcpus; i++)
		wake_up_process(vm->vcpus[i]->task);
}

void kage_vm_shutdown(struct kage_vm *vm, enum kage_event event,
		      const char *reason)
{
	unsigned long flags;
	bool first;

	spin_lock_irqsave(&vm->reason_lock, flags);
	first = !vm->reason_event;
	if (first) {
		vm->reason_event = event;
		strscpy(vm->reason, reason ?: "", sizeof(vm->reason));
	}
	spin_unlock_irqrestore(&vm->reason_lock, flags);
	if (!first)
		return;
	stop_running(vm);
	schedule_work(&vm->reason_work);
}

/*
 * Turns a stop from within into a state. Without a reason the machine was
 * stopped, reset and started again before the work could run.
 */
static void reason_work(struct work_struct *work)
{
	struct kage_vm *vm = container_of(work, struct kage_vm, reason_work);
	enum kage_event event = 0;

	mutex_lock(&vm->lock);
	if (vm->state == KAGE_VM_RUNNING || vm->state == KAGE_VM_PAUSED)
		/* Cleared under vm->lock only. */
		event = READ_ONCE(vm->reason_event);
	if (event)
		end_run(vm);
	mutex_unlock(&vm->lock);
	if (event)
		kage_vm_event(vm, event);
}

static void clear_reason(struct kage_vm *vm)
{
	unsigned long flags;

	spin_lock_irqsave(&vm->reason_lock, flags);
	vm->reason_event = 0;
	vm->reason[0] = '\0';
	spin_unlock_irqrestore(&vm->reason_lock, flags);
}

static int create_vcpus(struct kage_vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->nr_vcpus; i++) {
		struct kage_vcpu *vcpu = kage_vcpu_create(vm, i);

		if (IS_ERR(vcpu))
			return PTR_ERR(vcpu);
		vm->vcpus[i] = vcpu;
	}
	return 0;
}

/* In this order: who raises interrupts comes after the controllers. */
static int create_devices(struct kage_vm *vm)
{
	return kage_irqchip_create(vm) ?:
	       kage_pit_create(vm) ?:
	       kage_rtc_create(vm) ?:
	       kage_pm_create(vm) ?:
	       kage_pci_create(vm) ?:
	       kage_uart_create(vm) ?:
	       kage_console_create(vm);
}

static void destroy_devices(struct kage_vm *vm)
{
	unsigned int i;

	for (i = 0; i < KAGE_MAX_NICS; i++)
		if (vm->nics[i])
			kage_nic_destroy(vm->nics[i]);
	kage_console_destroy(vm);
	kage_uart_destroy(vm);
	kage_pci_destroy(vm);
	kage_pm_destroy(vm);
	kage_rtc_destroy(vm);
	kage_pit_destroy(vm);
	kage_irqchip_destroy(vm);
}

/* Takes apart as much as create() put together. */
static void dismantle(struct kage_vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->nr_vcpus && vm->vcpus[i]; i++)
		kage_vcpu_stop(vm->vcpus[i]);
	destroy_devices(vm);
	/* The threads are gone, so nothing is in the shadow that runs. */
	kage_mem_uninit(vm);
	kage_mmu_uninit(vm);
	for (i = 0; i < vm->nr_vcpus && vm->vcpus[i]; i++)
		kage_vcpu_destroy(vm->vcpus[i]);
	memset(vm->vcpus, 0, sizeof(vm->vcpus));
}

static void reset_parts(struct kage_vm *vm)
{
	unsigned int i;

	/* Memory is loaded anew through the memfd, past the write hook. */
	kage_mmu_slots_changed(vm);
	reset_nics(vm);
	kage_uart_reset(vm);
	kage_pci_reset(vm);
	kage_pm_reset(vm);
	kage_rtc_reset(vm);
	kage_pit_reset(vm);
	kage_irqchip_reset(vm);
	for (i = 0; i < vm->nr_vcpus; i++)
		kage_vcpu_reset(vm->vcpus[i]);
}

static void vm_free(struct kref *ref)
{
	struct kage_vm *vm = container_of(ref, struct kage_vm, ref);

	kfree(vm->boot);
	kfree(vm);
	module_put(THIS_MODULE);
}

void kage_vm_put(struct kage_vm *vm)
{
	kref_put(&vm->ref, vm_free);
}

static struct kage_vm *find_name_locked(const char *name)
{
	struct kage_vm *vm;
	unsigned long id;

	lockdep_assert_held(&table_lock);
	xa_for_each(&table, id, vm)
		if (!strcmp(vm->name, name))
			return vm;
	return NULL;
}

static int enter_table(struct kage_vm *vm)
{
	int ret = -EEXIST;

	mutex_lock(&table_lock);
	if (!find_name_locked(vm->name))
		ret = xa_alloc_cyclic(&table, &vm->id, vm, xa_limit_32b,
				      &next_id, GFP_KERNEL);
	if (ret >= 0)
		kref_get(&vm->ref);
	mutex_unlock(&table_lock);
	return ret < 0 ? ret : 0;
}

static struct kage_vm *vm_alloc(const char *name, unsigned int nr_vcpus,
				const char *boot)
{
	struct kage_vm *vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);

	if (!vm)
		return NULL;
	if (boot) {
		vm->boot = kstrdup(boot, GFP_KERNEL_ACCOUNT);
		if (!vm->boot)
			goto err_free;
	}
	/* Fails while the module goes: the family is not gone yet. */
	if (!try_module_get(THIS_MODULE))
		goto err_boot;
	strscpy(vm->name, name, sizeof(vm->name));
	vm->nr_vcpus = nr_vcpus;
	vm->state = KAGE_VM_CREATED;
	kref_init(&vm->ref);
	mutex_init(&vm->lock);
	spin_lock_init(&vm->reason_lock);
	INIT_WORK(&vm->reason_work, reason_work);
	init_waitqueue_head(&vm->parked_wq);
	return vm;

err_boot:
	kfree(vm->boot);
err_free:
	kfree(vm);
	return NULL;
}

struct kage_vm *kage_vm_create(const char *name, unsigned int nr_vcpus,
			       u32 shadow_pages, const char *boot)
{
	struct kage_vm *vm = vm_alloc(name, nr_vcpus, boot);
	unsigned int i;
	int ret;

	if (!vm)
		return ERR_PTR(-ENOMEM);
	kage_bus_init(vm);
	ret = kage_mem_init(vm) ?:
	      kage_mmu_init(vm, shadow_pages) ?:
	      create_vcpus(vm) ?:
	      create_devices(vm);
	if (ret)
		goto err_dismantle;
	mutex_lock(&vm->lock);
	reset_parts(vm);
	mutex_unlock(&vm->lock);
	for (i = 0; i < vm->nr_vcpus; i++)
		kage_vcpu_start(vm->vcpus[i]);
	ret = enter_table(vm);
	if (ret)
		goto err_dismantle;
	kage_vm_event(vm, KAGE_EVENT_CREATED);
	return vm;

err_dismantle:
	dismantle(vm);
	kage_vm_put(vm);
	return ERR_PTR(ret);
}

struct kage_vm *kage_vm_find(u32 id, const char *name)
{
	struct kage_vm *vm;

	mutex_lock(&table_lock);
	vm = id ? xa_load(&table, id) : find_name_locked(name);
	if (vm)
		kref_get(&vm->ref);
	mutex_unlock(&table_lock);
	return vm;
}

struct kage_vm *kage_vm_next(u32 id)
{
	unsigned long index = id;
	struct kage_vm *vm;

	mutex_lock(&table_lock);
	vm = xa_find_after(&table, &index, U32_MAX, XA_PRESENT);
	if (vm)
		kref_get(&vm->ref);
	mutex_unlock(&table_lock);
	return vm;
}

/* Whoever found the machine may come late: what was deleted stays as it is. */
static int lock_live(struct kage_vm *vm)
{
	if (mutex_lock_killable(&vm->lock))
		return -EINTR;
	if (xa_load(&table, vm->id) == vm)
		return 0;
	mutex_unlock(&vm->lock);
	return -ENOENT;
}

int kage_vm_start(struct kage_vm *vm)
{
	int ret = lock_live(vm);

	if (ret)
		return ret;
	ret = -EINVAL;
	if (vm->state == KAGE_VM_CREATED) {
		clear_reason(vm);
		vm->state = KAGE_VM_RUNNING;
		run_vcpus(vm);
		ret = 0;
	}
	mutex_unlock(&vm->lock);
	if (!ret)
		kage_vm_event(vm, KAGE_EVENT_STARTED);
	return ret;
}

int kage_vm_stop(struct kage_vm *vm)
{
	int ret = lock_live(vm);

	if (ret)
		return ret;
	ret = -EINVAL;
	if (vm->state == KAGE_VM_RUNNING || vm->state == KAGE_VM_PAUSED) {
		end_run(vm);
		ret = 0;
	}
	mutex_unlock(&vm->lock);
	if (!ret)
		kage_vm_event(vm, KAGE_EVENT_STOPPED);
	return ret;
}

static void hold(struct kage_vm *vm)
{
	halt_vcpus(vm);
	vm->state = KAGE_VM_PAUSED;
}

static void let_go(struct kage_vm *vm)
{
	vm->state = KAGE_VM_RUNNING;
	/* The guest may have stopped itself just before it was held. */
	if (!READ_ONCE(vm->reason_event))
		run_vcpus(vm);
}

int kage_vm_pause(struct kage_vm *vm)
{
	int ret = lock_live(vm);

	if (ret)
		return ret;
	ret = -EINVAL;
	if (vm->state == KAGE_VM_RUNNING) {
		hold(vm);
		ret = 0;
	}
	mutex_unlock(&vm->lock);
	if (!ret)
		kage_vm_event(vm, KAGE_EVENT_PAUSED);
	return ret;
}

int kage_vm_resume(struct kage_vm *vm)
{
	int ret = lock_live(vm);

	if (ret)
		return ret;
	ret = -EINVAL;
	if (vm->state == KAGE_VM_PAUSED) {
		let_go(vm);
		ret = 0;
	}
	mutex_unlock(&vm->lock);
	if (!ret)
		kage_vm_event(vm, KAGE_EVENT_RESUMED);
	return ret;
}

int kage_vm_unmap(struct kage_vm *vm, u32 slot)
{
	const bool running = vm->state == KAGE_VM_RUNNING;
	int ret;

	lockdep_assert_held(&vm->lock);
	if (running)
		hold(vm);
	ret = kage_mem_unmap(vm, slot);
	if (running)
		let_go(vm);
	return ret;
}

int kage_vm_reset(struct kage_vm *vm)
{
	int ret = lock_live(vm);

	if (ret)
		return ret;
	ret = -EINVAL;
	if (READ_ONCE(vm->broken)) {
		ret = -EIO;
	} else if (vm->state == KAGE_VM_CREATED ||
		   vm->state == KAGE_VM_STOPPED) {
		reset_parts(vm);
		clear_reason(vm);
		vm->state = KAGE_VM_CREATED;
		ret = 0;
	}
	mutex_unlock(&vm->lock);
	if (!ret)
		kage_vm_event(vm, KAGE_EVENT_RESET);
	return ret;
}

int kage_vm_delete(struct kage_vm *vm)
{
	mutex_lock(&table_lock);
	if (xa_load(&table, vm->id) != vm) {
		mutex_unlock(&table_lock);
		return -ENOENT;
	}
	xa_erase(&table, vm->id);
	mutex_unlock(&table_lock);

	mutex_lock(&vm->lock);
	end_run(vm);
	mutex_unlock(&vm->lock);
	cancel_work_sync(&vm->reason_work);
	/* Others may still hold references, but they find an empty machine. */
	mutex_lock(&vm->lock);
	dismantle(vm);
	mutex_unlock(&vm->lock);
	kage_vm_event(vm, KAGE_EVENT_DELETED);
	kage_vm_put(vm);
	return 0;
}

int kage_vm_stats(struct kage_vm *vm, struct kage_stat_sink *sink)
{
	return sink->put(sink, "memory-pages", READ_ONCE(vm->mem.npages)) ?:
	       kage_pit_stats(vm, sink) ?:
	       kage_rtc_stats(vm, sink);
}

void kage_vm_uninit(void)
{
	WARN_ON(!xa_empty(&table));
	xa_destroy(&table);
}
