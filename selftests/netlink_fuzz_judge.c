// SPDX-License-Identifier: GPL-2.0
/*
 * Judges what kage answers: each message by its form, and the answer as a
 * whole as far as the request tells what it must be. What it learns of machines
 * goes into requests to come.
 */
#define _GNU_SOURCE
#include "netlink_fuzz.h"
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The first complaint is kept, with the message that led to it. */
void fuzz_complain(struct fuzz_caller *caller, const char *what, int value)
{
	struct fuzz_report *report = caller->report;

	if (report->complaint[0])
		return;
	snprintf(report->complaint, sizeof(report->complaint),
		 "message %u, %s: %s (%d)", report->sent,
		 caller->msg.command->name, what, value);
	report->bad_len = caller->msg.len;
	memcpy(report->bad, caller->msg.data, caller->msg.len);
}

static bool errno_known(int err)
{
	static const int known[] = {
		0, EPERM, ENOENT, EBADF, ENOMEM, EBUSY, EEXIST, EINVAL,
		ENOSPC, ERANGE, EOPNOTSUPP, EMSGSIZE,
	};
	unsigned int i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i] == err)
			return true;
	return false;
}

static void note_error(struct fuzz_caller *caller, int err)
{
	if (!caller->ends++)
		caller->err = err;
	/* Many dumps in one datagram find the socket full. */
	if (!errno_known(err) && (err != ENOBUFS || caller->msg.clean))
		fuzz_complain(caller, "nobody expects this errno", err);
	else
		caller->report->errors[err]++;
}

static bool text_right(const struct nlattr *attr, unsigned int len,
		       unsigned int max)
{
	const char *text = (const char *)attr + NLA_HDRLEN;

	return len && len <= max && strnlen(text, len) == len - 1;
}

static bool value_right(const struct fuzz_field *field,
			const struct nlattr *attr)
{
	const unsigned int len = attr->nla_len - NLA_HDRLEN;

	switch (field->kind) {
	case FUZZ_TEXT:
		return text_right(attr, len, field->len);
	case FUZZ_PAD:
		return !len;
	case FUZZ_NEST:
		return true;
	default:
		return len == field->len;
	}
}

/* Every descriptor that comes is one of ours from now on. */
static void take_descriptor(struct fuzz_caller *caller, int fd)
{
	if (close(fd))
		fuzz_complain(caller, "the reply names no open descriptor", fd);
}

static void learn(struct fuzz_caller *caller, const struct fuzz_set *set,
		  int type, uint32_t num)
{
	struct fuzz_known *known = &caller->fuzz.known;

	if (set == &fuzz_top && type == KAGE_A_VM_ID) {
		known->vm = num;
		if (caller->nr_ids < FUZZ_MAX_VMS)
			caller->ids[caller->nr_ids++] = num;
	} else if (set == fuzz_top.fields[KAGE_A_MEM].nest) {
		if (type == KAGE_MEM_A_FD)
			take_descriptor(caller, num);
		if (type == KAGE_MEM_A_SLOT) {
			known->mem_vm = known->vm;
			known->slot = num;
		}
	} else if (set == fuzz_top.fields[KAGE_A_NIC].nest &&
		   type == KAGE_NIC_A_IFINDEX) {
		known->nic_vm = known->vm;
		known->nic = num;
	}
}

static void judge_attrs(struct fuzz_caller *caller, const struct fuzz_set *set,
			const char *data, unsigned int len)
{
	while (len >= NLA_HDRLEN) {
		const struct nlattr *attr = (const struct nlattr *)data;
		const unsigned int type = attr->nla_type & NLA_TYPE_MASK;
		unsigned int all = NLA_ALIGN(attr->nla_len);

		if (attr->nla_len < NLA_HDRLEN || all > len)
			break;
		if (type >= set->nr || !set->fields[type].kind ||
		    !value_right(&set->fields[type], attr)) {
			fuzz_complain(caller, "an attribute is wrong", type);
			return;
		}
		if (set->fields[type].kind == FUZZ_U32)
			learn(caller, set, type,
			      *(const uint32_t *)(data + NLA_HDRLEN));
		if (set->fields[type].nest)
			judge_attrs(caller, set->fields[type].nest,
				    data + NLA_HDRLEN,
				    attr->nla_len - NLA_HDRLEN);
		data += all;
		len -= all;
	}
	if (len)
		fuzz_complain(caller, "bytes are left behind attributes", len);
}

static void judge_object(struct fuzz_caller *caller, struct nlmsghdr *hdr)
{
	const struct genlmsghdr *genl = NLMSG_DATA(hdr);
	const unsigned int skip = NLMSG_HDRLEN + GENL_HDRLEN;
	const struct fuzz_msg *msg = &caller->msg;

	caller->report->replies++;
	if (hdr->nlmsg_len < skip || !genl->cmd || genl->cmd > KAGE_CMD_MAX ||
	    genl->version != KAGE_GENL_VERSION)
		fuzz_complain(caller, "a reply of no known command", genl->cmd);
	else if (msg->clean && genl->cmd != msg->command->cmd)
		fuzz_complain(caller, "a reply of another command", genl->cmd);
	else if (!caller->privileged && genl->cmd != KAGE_CMD_VM_GET &&
		 genl->cmd != KAGE_CMD_MEM_GET &&
		 genl->cmd != KAGE_CMD_NIC_GET &&
		 genl->cmd != KAGE_CMD_STATS_GET)
		fuzz_complain(caller, "served without privilege", genl->cmd);
	else
		judge_attrs(caller, &fuzz_top, (char *)hdr + skip,
			    hdr->nlmsg_len - skip);
}

static void judge_part(struct fuzz_caller *caller, struct nlmsghdr *hdr)
{
	const struct fuzz_msg *msg = &caller->msg;

	if (msg->clean && hdr->nlmsg_seq != msg->seq)
		fuzz_complain(caller, "an answer to something else",
			      hdr->nlmsg_seq);
	if (msg->clean && caller->ends)
		fuzz_complain(caller, "more behind the end", hdr->nlmsg_type);
	if (hdr->nlmsg_type == NLMSG_ERROR || hdr->nlmsg_type == NLMSG_DONE)
		note_error(caller, -*(int *)NLMSG_DATA(hdr));
	else if (hdr->nlmsg_type == caller->fuzz.family)
		judge_object(caller, hdr);
	else if (msg->clean || hdr->nlmsg_type != GENL_ID_CTRL)
		fuzz_complain(caller, "a message of no family of ours",
			      hdr->nlmsg_type);
}

/* All that is asked is done when send() returns; recv() goes on with a dump. */
static void judge_answer(struct fuzz_caller *caller)
{
	static char buf[65536] __attribute__((aligned(8)));
	struct nlmsghdr *hdr;
	int len;

	caller->ends = 0;
	for (;;) {
		len = recv(caller->fd, buf, sizeof(buf), MSG_DONTWAIT);
		/* Damage may ask for more than the socket holds. */
		if (len < 0 && errno == ENOBUFS && !caller->msg.clean)
			continue;
		if (len < 0)
			break;
		hdr = (struct nlmsghdr *)buf;
		for (; NLMSG_OK(hdr, (unsigned int)len);
		     hdr = NLMSG_NEXT(hdr, len))
			judge_part(caller, hdr);
	}
	if (errno != EAGAIN)
		fuzz_complain(caller, "recv failed", errno);
}

static void judge_end(struct fuzz_caller *caller)
{
	const struct fuzz_msg *msg = &caller->msg;

	if (!msg->clean)
		return;
	if (caller->ends != 1)
		fuzz_complain(caller, "not one end of an answer", caller->ends);
	else if (!caller->err)
		caller->report->served[msg->command->cmd]++;
	if (!caller->privileged && msg->command->admin && caller->err != EPERM)
		fuzz_complain(caller, "not refused for want of privilege",
			      caller->err);
}

void fuzz_judge(struct fuzz_caller *caller)
{
	judge_answer(caller);
	judge_end(caller);
}
