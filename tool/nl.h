/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The netlink connection to the module. A request is built attribute by
 * attribute, sent, and its replies come back as JSON objects whose keys are
 * the attribute names of attr.c. Nothing of libnl shows here.
 */
#ifndef _KAGECTL_NL_H
#define _KAGECTL_NL_H

#include <linux/kage.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;
struct kage_nl;
struct nl_msg;
struct nlattr;

struct kage_req {
	struct nl_msg *msg;
	struct nlattr *nest;	/* the open nest; they are one level deep */
	bool failed;		/* sticky: an attribute did not fit */
};

/** kage_nl_open() - connect; NULL when that failed, which it has said */
struct kage_nl *kage_nl_open(void);
/** kage_nl_close() - the reverse; harmless on NULL */
void kage_nl_close(struct kage_nl *nl);

/** kage_req_init() - begin a request for one object or a change */
void kage_req_init(struct kage_nl *nl, struct kage_req *req,
		   enum kage_cmd cmd);
/** kage_req_init_dump() - begin a request for a list */
void kage_req_init_dump(struct kage_nl *nl, struct kage_req *req,
			enum kage_cmd cmd);
void kage_req_u32(struct kage_req *req, int attr, uint32_t val);
void kage_req_u64(struct kage_req *req, int attr, uint64_t val);
void kage_req_string(struct kage_req *req, int attr, const char *val);
void kage_req_data(struct kage_req *req, int attr, const void *val,
		   size_t len);
void kage_req_nest(struct kage_req *req, int attr);
void kage_req_nest_end(struct kage_req *req);
/** kage_req_vm() - name the machine: by id if @name is a number */
void kage_req_vm(struct kage_req *req, const char *name);

/**
 * kage_nl_call() - send a request, wait for its end, release it
 *
 * Return: an array with every object that came back (often none), to be given
 * back with json_object_put(); NULL on failure, which it has said.
 */
struct json_object *kage_nl_call(struct kage_nl *nl, struct kage_req *req);

/** kage_nl_events() - connect to the event group; like kage_nl_open() */
struct kage_nl *kage_nl_events(void);
/** kage_nl_fd() - the descriptor to poll for events */
int kage_nl_fd(const struct kage_nl *nl);

enum kage_nl_event { KAGE_NL_OK, KAGE_NL_LOST, KAGE_NL_ERROR };

/**
 * kage_nl_receive() - take the events that have arrived; does not wait
 * @events: receives an array, to be given back with json_object_put()
 *
 * Return: KAGE_NL_LOST when the socket overflowed since the last call,
 * KAGE_NL_ERROR after a failure, which it has said.
 */
enum kage_nl_event kage_nl_receive(struct kage_nl *nl,
				   struct json_object **events);

#endif /* _KAGECTL_NL_H */
