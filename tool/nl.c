// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink through libnl. libnl 3.7 knows nothing of extended ACKs and
 * takes a dump that ended with an error for a complete one, so both the error
 * message and the end-of-dump message are read here.
 */
#include "nl.h"
#include "attr.h"
#include "kagectl.h"
#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define REPLY_SIZE	32768		/* the largest message of a dump */
#define EVENT_BUFFER	(1 << 20)
#define DUMP_TRIES	3
#define PATH_SIZE	64

struct kage_nl {
	struct nl_sock *sock;
	struct nl_cb *cb;
	int family;
	struct json_object *replies;	/* array of what came back so far */
	bool done;
	bool torn;			/* the list changed during the dump */
	int error;			/* a positive errno */
	char sentence[256];
	uint32_t offset;		/* of the bad attribute; 0: unknown */
	uint32_t miss_nest;		/* offset; 0: the top level */
	uint32_t miss_type;		/* 0: none missing */
};

static struct json_object *decode_attrs(const struct attr_set *set,
					struct nlattr *head, int len);

static struct json_object *decode_addr(uint64_t val)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)val);
	return json_object_new_string(text);
}

static struct json_object *decode_mac(const struct nlattr *attr)
{
	const unsigned char *mac = nla_data(attr);
	char text[24];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x",
		 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return json_object_new_string(text);
}

/* A value that is newer than this tool stays a number. */
static struct json_object *decode_enum(const struct attr_desc *desc,
				       uint32_t val)
{
	const char *word = attr_word(desc->words, val);

	return word ? json_object_new_string(word) :
		      json_object_new_int64(val);
}

static struct json_object *decode_flags(const struct attr_desc *desc,
					uint32_t val)
{
	struct json_object *list = json_object_new_array();
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		const char *word = attr_word(desc->words, bit);

		if (word && (val & (1U << bit)))
			json_object_array_add(list,
					      json_object_new_string(word));
	}
	return list;
}

static int shortest(enum attr_kind kind)
{
	switch (kind) {
	case ATTR_U64:
	case ATTR_ADDR:
		return sizeof(uint64_t);
	case ATTR_U32:
	case ATTR_S32:
	case ATTR_ENUM:
	case ATTR_FLAGS:
		return sizeof(uint32_t);
	case ATTR_MAC:
		return 6;
	default:
		return 0;
	}
}

static struct json_object *decode_value(const struct attr_desc *desc,
					struct nlattr *attr)
{
	switch (desc->kind) {
	case ATTR_U32:
		return json_object_new_int64(nla_get_u32(attr));
	case ATTR_S32:
		return json_object_new_int64((int32_t)nla_get_u32(attr));
	case ATTR_U64:
		return json_object_new_uint64(nla_get_u64(attr));
	case ATTR_ADDR:
		return decode_addr(nla_get_u64(attr));
	case ATTR_STRING:
		return json_object_new_string_len(nla_data(attr),
						  strnlen(nla_data(attr),
							  nla_len(attr)));
	case ATTR_MAC:
		return decode_mac(attr);
	case ATTR_ENUM:
		return decode_enum(desc, nla_get_u32(attr));
	case ATTR_FLAGS:
		return decode_flags(desc, nla_get_u32(attr));
	case ATTR_NEST:
		return decode_attrs(desc->nest, nla_data(attr), nla_len(attr));
	default:
		return NULL;
	}
}

static void add_multi(struct json_object *obj, const char *key,
		      struct json_object *val)
{
	struct json_object *list;

	if (!json_object_object_get_ex(obj, key, &list)) {
		list = json_object_new_array();
		json_object_object_add(obj, key, list);
	}
	json_object_array_add(list, val);
}

/* Attributes without a name here are newer than this tool and left out. */
static struct json_object *decode_attrs(const struct attr_set *set,
					struct nlattr *head, int len)
{
	struct json_object *obj = json_object_new_object();
	struct nlattr *attr;
	int rem;

	nla_for_each_attr(attr, head, len, rem) {
		const struct attr_desc *desc = attr_find(set, nla_type(attr));

		if (!desc || nla_len(attr) < shortest(desc->kind))
			continue;
		if (desc->multi)
			add_multi(obj, desc->name, decode_value(desc, attr));
		else
			json_object_object_add(obj, desc->name,
					       decode_value(desc, attr));
	}
	return obj;
}

/* What an error says beside its number; the TLVs are the same everywhere. */
static void take_extack(struct kage_nl *nl, struct nlattr *head, int len)
{
	struct nlattr *attr;
	int rem;

	nla_for_each_attr(attr, head, len, rem) {
		bool is_u32 = nla_len(attr) >= (int)sizeof(uint32_t);

		if (nla_type(attr) == NLMSGERR_ATTR_MSG)
			nla_strlcpy(nl->sentence, attr, sizeof(nl->sentence));
		else if (nla_type(attr) == NLMSGERR_ATTR_OFFS && is_u32)
			nl->offset = nla_get_u32(attr);
		else if (nla_type(attr) == NLMSGERR_ATTR_MISS_TYPE && is_u32)
			nl->miss_type = nla_get_u32(attr);
		else if (nla_type(attr) == NLMSGERR_ATTR_MISS_NEST && is_u32)
			nl->miss_nest = nla_get_u32(attr);
	}
}

/* An NLMSG_ERROR: errno, the request's header or all of it, then the TLVs. */
static void take_error(struct kage_nl *nl, struct nlmsghdr *hdr)
{
	struct nlmsgerr *err = nlmsg_data(hdr);
	size_t skip = sizeof(*err);
	size_t have = nlmsg_datalen(hdr);

	if (have < skip)
		return;
	nl->error = -err->error;
	if (!(hdr->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(hdr->nlmsg_flags & NLM_F_CAPPED)) {
		if (err->msg.nlmsg_len < sizeof(err->msg))
			return;
		skip += NLMSG_ALIGN(err->msg.nlmsg_len - sizeof(err->msg));
	}
	if (have > skip)
		take_extack(nl, (struct nlattr *)((char *)err + skip),
			    have - skip);
}

static int handle_error(struct sockaddr_nl *who, struct nlmsgerr *err,
			void *arg)
{
	struct kage_nl *nl = arg;

	(void)who;
	take_error(nl, (struct nlmsghdr *)((char *)err - NLMSG_HDRLEN));
	nl->done = true;
	return NL_STOP;
}

static int handle_ack(struct nl_msg *msg, void *arg)
{
	struct kage_nl *nl = arg;

	take_error(nl, nlmsg_hdr(msg));
	nl->done = true;
	return NL_STOP;
}

/* The end of a dump carries its result, and then the TLVs. */
static int handle_finish(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct kage_nl *nl = arg;
	char *data = nlmsg_data(hdr);
	size_t have = nlmsg_datalen(hdr);
	int result;

	nl->done = true;
	if (have < sizeof(result))
		return NL_STOP;
	memcpy(&result, data, sizeof(result));
	nl->error = result < 0 ? -result : 0;
	if ((hdr->nlmsg_flags & NLM_F_ACK_TLVS) && have > sizeof(result))
		take_extack(nl, (struct nlattr *)(data + sizeof(result)),
			    have - sizeof(result));
	return NL_STOP;
}

static int handle_torn(struct nl_msg *msg, void *arg)
{
	struct kage_nl *nl = arg;

	(void)msg;
	nl->torn = true;
	return NL_OK;
}

static int handle_any(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return NL_OK;
}

static int handle_valid(struct nl_msg *msg, void *arg)
{
	struct genlmsghdr *genl = nlmsg_data(nlmsg_hdr(msg));
	struct kage_nl *nl = arg;

	if (nlmsg_datalen(nlmsg_hdr(msg)) < (int)sizeof(*genl))
		return NL_SKIP;
	json_object_array_add(nl->replies,
			      decode_attrs(&kage_attrs,
					   genlmsg_attrdata(genl, 0),
					   genlmsg_attrlen(genl, 0)));
	return NL_OK;
}

static int set_handlers(struct kage_nl *nl)
{
	nl->cb = nl_cb_alloc(NL_CB_DEFAULT);
	if (!nl->cb)
		return -1;
	nl_cb_err(nl->cb, NL_CB_CUSTOM, handle_error, nl);
	nl_cb_set(nl->cb, NL_CB_ACK, NL_CB_CUSTOM, handle_ack, nl);
	nl_cb_set(nl->cb, NL_CB_FINISH, NL_CB_CUSTOM, handle_finish, nl);
	nl_cb_set(nl->cb, NL_CB_DUMP_INTR, NL_CB_CUSTOM, handle_torn, nl);
	nl_cb_set(nl->cb, NL_CB_VALID, NL_CB_CUSTOM, handle_valid, nl);
	return 0;
}

/* Both options only add to what errors say: a kernel without them is fine. */
static void ask_for_extack(struct nl_sock *sock)
{
	int fd = nl_socket_get_fd(sock), one = 1;

	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
}

static int connect_family(struct kage_nl *nl)
{
	int ret;

	ret = genl_connect(nl->sock);
	if (ret < 0)
		return complain("cannot open a netlink socket: %s",
				nl_geterror(ret));
	nl->family = genl_ctrl_resolve(nl->sock, KAGE_GENL_NAME);
	if (nl->family == -NLE_OBJ_NOTFOUND)
		return complain("kage is not loaded: run modprobe kage");
	if (nl->family < 0)
		return complain("cannot find kage: %s",
				nl_geterror(nl->family));
	ask_for_extack(nl->sock);
	nl_socket_set_msg_buf_size(nl->sock, REPLY_SIZE);
	return 0;
}

struct kage_nl *kage_nl_open(void)
{
	struct kage_nl *nl = calloc(1, sizeof(*nl));

	if (nl)
		nl->sock = nl_socket_alloc();
	if (!nl || !nl->sock || set_handlers(nl)) {
		complain("out of memory");
		goto err_close;
	}
	if (connect_family(nl))
		goto err_close;
	return nl;

err_close:
	kage_nl_close(nl);
	return NULL;
}

void kage_nl_close(struct kage_nl *nl)
{
	if (!nl)
		return;
	nl_cb_put(nl->cb);
	nl_socket_free(nl->sock);
	free(nl);
}

static void begin(struct kage_nl *nl, struct kage_req *req, int cmd, int flags)
{
	memset(req, 0, sizeof(*req));
	req->msg = nlmsg_alloc_size(REPLY_SIZE);
	req->failed = !req->msg ||
		      !genlmsg_put(req->msg, NL_AUTO_PORT, NL_AUTO_SEQ,
				   nl->family, 0, flags, cmd,
				   KAGE_GENL_VERSION);
}

void kage_req_init(struct kage_nl *nl, struct kage_req *req, enum kage_cmd cmd)
{
	begin(nl, req, cmd, 0);
}

void kage_req_init_dump(struct kage_nl *nl, struct kage_req *req,
			enum kage_cmd cmd)
{
	begin(nl, req, cmd, NLM_F_DUMP);
}

void kage_req_data(struct kage_req *req, int attr, const void *val, size_t len)
{
	if (!req->failed)
		req->failed = nla_put(req->msg, attr, len, val) < 0;
}

void kage_req_u32(struct kage_req *req, int attr, uint32_t val)
{
	kage_req_data(req, attr, &val, sizeof(val));
}

void kage_req_u64(struct kage_req *req, int attr, uint64_t val)
{
	kage_req_data(req, attr, &val, sizeof(val));
}

void kage_req_string(struct kage_req *req, int attr, const char *val)
{
	kage_req_data(req, attr, val, strlen(val) + 1);
}

void kage_req_nest(struct kage_req *req, int attr)
{
	if (req->failed)
		return;
	req->nest = nla_nest_start(req->msg, attr);
	req->failed = !req->nest;
}

void kage_req_nest_end(struct kage_req *req)
{
	/* An empty nest means "all defaults", so it has to stay. */
	if (!req->failed)
		nla_nest_end_keep_empty(req->msg, req->nest);
}

void kage_req_vm(struct kage_req *req, const char *name)
{
	if (isdigit((unsigned char)name[0]))
		kage_req_u32(req, KAGE_A_VM_ID, strtoul(name, NULL, 10));
	else
		kage_req_string(req, KAGE_A_VM_NAME, name);
}

static bool covers(const char *attr, const char *at)
{
	return at >= attr &&
	       at < attr + NLA_ALIGN(((const struct nlattr *)attr)->nla_len);
}

/*
 * The dotted name of the attribute of our own request at @offset, and the set
 * that describes what is inside of it.
 */
static const struct attr_set *name_offset(struct nl_msg *msg, uint32_t offset,
					  char *path)
{
	const char *at = (const char *)nlmsg_hdr(msg) + offset;
	const struct attr_set *set = &kage_attrs;
	struct genlmsghdr *genl = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *attr = genlmsg_attrdata(genl, 0);
	int rem = genlmsg_attrlen(genl, 0);

	while (set && nla_ok(attr, rem)) {
		const struct attr_desc *desc;

		if (!covers((char *)attr, at)) {
			attr = nla_next(attr, &rem);
			continue;
		}
		desc = attr_find(set, nla_type(attr));
		if (!desc)
			return NULL;
		snprintf(path + strlen(path), PATH_SIZE - strlen(path), "%s%s",
			 *path ? "." : "", desc->name);
		set = desc->nest;
		if ((char *)attr == at)
			return set;
		rem = nla_len(attr);
		attr = nla_data(attr);
	}
	return NULL;
}

static int say_missing(const struct kage_nl *nl, struct nl_msg *msg)
{
	const struct attr_set *set = &kage_attrs;
	const struct attr_desc *desc;
	char path[PATH_SIZE] = "";

	if (nl->miss_nest)
		set = name_offset(msg, nl->miss_nest, path);
	desc = set ? attr_find(set, nl->miss_type) : NULL;
	return complain("%s (attribute %s%s%s)",
			nl->sentence[0] ? nl->sentence : "attribute missing",
			path, *path ? "." : "", desc ? desc->name : "?");
}

static int say_error(const struct kage_nl *nl, struct nl_msg *msg)
{
	char path[PATH_SIZE] = "";

	if (nl->miss_type)
		return say_missing(nl, msg);
	if (nl->offset)
		name_offset(msg, nl->offset, path);
	if (*path)
		return complain("%s (attribute %s)",
				nl->sentence[0] ? nl->sentence :
				strerror(nl->error), path);
	if (nl->sentence[0])
		return complain("%s", nl->sentence);
	if (nl->error == EPERM)
		return complain("not permitted: this needs CAP_NET_ADMIN and CAP_SYS_ADMIN");
	return complain("the kernel refused: %s", strerror(nl->error));
}

/* Forget what the last exchange said. */
static void rewind_replies(struct kage_nl *nl)
{
	json_object_put(nl->replies);
	nl->replies = json_object_new_array();
	nl->done = false;
	nl->torn = false;
	nl->error = 0;
	nl->sentence[0] = '\0';
	nl->offset = 0;
	nl->miss_nest = 0;
	nl->miss_type = 0;
}

/* One exchange. Return: 0 when it ran to its end, whatever that was. */
static int exchange(struct kage_nl *nl, struct nl_msg *msg)
{
	int ret;

	rewind_replies(nl);
	nlmsg_hdr(msg)->nlmsg_seq = NL_AUTO_SEQ;
	ret = nl_send_auto(nl->sock, msg);
	while (ret >= 0 && !nl->done)
		ret = nl_recvmsgs(nl->sock, nl->cb);
	if (nl->done)
		return 0;
	return complain("netlink failed: %s", nl_geterror(ret));
}

static int exchange_whole(struct kage_nl *nl, struct nl_msg *msg)
{
	int i;

	for (i = 0; i < DUMP_TRIES; i++) {
		if (exchange(nl, msg))
			return -1;
		if (nl->error)
			return say_error(nl, msg);
		if (!nl->torn)
			break;
	}
	if (nl->torn)
		complain("warning: the list changed while it was read and may be incomplete");
	if (nl->sentence[0])
		complain("warning: %s", nl->sentence);
	return 0;
}

struct json_object *kage_nl_call(struct kage_nl *nl, struct kage_req *req)
{
	struct json_object *replies = NULL;

	if (req->failed) {
		complain("the request does not fit in a message");
	} else if (!exchange_whole(nl, req->msg)) {
		replies = nl->replies;
		nl->replies = NULL;
	}
	json_object_put(nl->replies);
	nl->replies = NULL;
	nlmsg_free(req->msg);
	req->msg = NULL;
	return replies;
}

struct kage_nl *kage_nl_events(void)
{
	struct kage_nl *nl = kage_nl_open();
	int group;

	if (!nl)
		return NULL;
	/* More than the limit is granted silently less: no reason to stop. */
	nl_socket_set_buffer_size(nl->sock, EVENT_BUFFER, 0);
	/* What comes unasked has no sequence number of ours. */
	nl_cb_set(nl->cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, handle_any, NULL);
	group = genl_ctrl_resolve_grp(nl->sock, KAGE_GENL_NAME,
				      KAGE_MCGRP_EVENTS);
	if (group < 0 || nl_socket_add_membership(nl->sock, group) < 0 ||
	    nl_socket_set_nonblocking(nl->sock) < 0) {
		complain("cannot subscribe to the events of kage");
		kage_nl_close(nl);
		return NULL;
	}
	return nl;
}

int kage_nl_fd(const struct kage_nl *nl)
{
	return nl_socket_get_fd(nl->sock);
}

enum kage_nl_event kage_nl_receive(struct kage_nl *nl,
				   struct json_object **events)
{
	int ret;

	rewind_replies(nl);
	ret = nl_recvmsgs(nl->sock, nl->cb);
	*events = nl->replies;
	nl->replies = NULL;
	if (ret >= 0 || ret == -NLE_AGAIN)
		return KAGE_NL_OK;
	/* libnl's word for ENOBUFS: the socket's buffer overflowed. */
	if (ret == -NLE_NOMEM)
		return KAGE_NL_LOST;
	complain("netlink failed: %s", nl_geterror(ret));
	return KAGE_NL_ERROR;
}
