/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: one per transition. Field names follow kvm_exit and its like
 * where the meaning is the same, so that recipes for those carry over.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kage

#if !defined(_KAGE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KAGE_TRACE_H

#include <linux/tracepoint.h>
#include <uapi/asm/vmx.h>

TRACE_EVENT(kage_entry,
	TP_PROTO(u32 vm_id, u32 vcpu_id, u64 event),
	TP_ARGS(vm_id, vcpu_id, event),
	TP_STRUCT__entry(
		__field(u32, vm_id)
		__field(u32, vcpu_id)
		__field(u64, event)
	),
	TP_fast_assign(
		__entry->vm_id = vm_id;
		__entry->vcpu_id = vcpu_id;
		__entry->event = event;
	),
	TP_printk("vm %u vcpu %u event 0x%llx", __entry->vm_id,
		  __entry->vcpu_id, __entry->event)
);

TRACE_EVENT(kage_exit,
	TP_PROTO(u32 vm_id, u32 vcpu_id, u32 exit_reason),
	TP_ARGS(vm_id, vcpu_id, exit_reason),
	TP_STRUCT__entry(
		__field(u32, vm_id)
		__field(u32, vcpu_id)
		__field(u32, exit_reason)
	),
	TP_fast_assign(
		__entry->vm_id = vm_id;
		__entry->vcpu_id = vcpu_id;
		__entry->exit_reason = exit_reason;
	),
	TP_printk("vm %u vcpu %u reason %s", __entry->vm_id, __entry->vcpu_id,
		  __print_symbolic(__entry->exit_reason & 0xffff,
				   VMX_EXIT_REASONS))
);

TRACE_EVENT(kage_page_fault,
	TP_PROTO(u32 vm_id, u32 vcpu_id, u64 guest_rip, u64 fault_address,
		 u32 error_code),
	TP_ARGS(vm_id, vcpu_id, guest_rip, fault_address, error_code),
	TP_STRUCT__entry(
		__field(u32, vm_id)
		__field(u32, vcpu_id)
		__field(u64, guest_rip)
		__field(u64, fault_address)
		__field(u32, error_code)
	),
	TP_fast_assign(
		__entry->vm_id = vm_id;
		__entry->vcpu_id = vcpu_id;
		__entry->guest_rip = guest_rip;
		__entry->fault_address = fault_address;
		__entry->error_code = error_code;
	),
	TP_printk("vm %u vcpu %u rip 0x%llx address 0x%llx error_code 0x%x",
		  __entry->vm_id, __entry->vcpu_id, __entry->guest_rip,
		  __entry->fault_address, __entry->error_code)
);

TRACE_EVENT(kage_kick,
	TP_PROTO(u32 vm_id, u32 vcpu_id, u32 request),
	TP_ARGS(vm_id, vcpu_id, request),
	TP_STRUCT__entry(
		__field(u32, vm_id)
		__field(u32, vcpu_id)
		__field(u32, request)
	),
	TP_fast_assign(
		__entry->vm_id = vm_id;
		__entry->vcpu_id = vcpu_id;
		__entry->request = request;
	),
	TP_printk("vm %u vcpu %u request %u", __entry->vm_id,
		  __entry->vcpu_id, __entry->request)
);

#endif /* _KAGE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
