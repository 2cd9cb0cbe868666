// SPDX-License-Identifier: GPL-2.0
/*
 * Makes requests of rows, sends them as root or as somebody else, and reads
 * the answers with all that their extended part says.
 */
#define _GNU_SOURCE
#include "netlink_rows.h"
#include <linux/capability.h>
#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of kernels newer than the headers may be. */
#define ATTR_MISS_TYPE	5
#define ATTR_MISS_NEST	6

#define NOBODY_ID	65534

static int family;
int fds[NR_FDS];

void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

static void put_attr(struct nl_msg *msg, const struct attr *attr)
{
	uint32_t num = attr->num;

	switch (attr->kind) {
	case K_U32:
		nla_put_u32(msg, attr->type, num);
		break;
	case K_U64:
		nla_put_u64(msg, attr->type, attr->num);
		break;
	case K_BYTES:
		nla_put(msg, attr->type, attr->len, attr->data);
		break;
	case K_FD:
		nla_put_u32(msg, attr->type, fds[attr->num]);
		break;
	case K_RAW:
		nlmsg_append(msg, (void *)attr->data, attr->len, 0);
		break;
	default:
		break;
	}
}

/* An inner type of -1 means the first of several at the top level. */
static void note_place(const struct place *place, int outer, int type,
		       unsigned int offset, unsigned int *found)
{
	int inner = place->inner == -1 ? 0 : place->inner;

	if (place->inner == -1 && *found)
		return;
	if (place->outer && (outer ? place->outer == outer && inner == type :
				     place->outer == type && !inner))
		*found = offset;
}

static struct nl_msg *build(const struct row *row, struct expected *want)
{
	const struct place nest_of_miss = { row->miss.outer, 0 };
	struct nl_msg *msg = nlmsg_alloc();
	struct nlattr *nest = NULL;
	const struct attr *attr;
	int outer = 0;

	memset(want, 0, sizeof(*want));
	genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0,
		    row->flags | NLM_F_REQUEST | NLM_F_ACK, row->cmd,
		    KAGE_GENL_VERSION);
	for (attr = row->attrs; attr < row->attrs + MAX_ATTRS && attr->kind;
	     attr++) {
		unsigned int offset = nlmsg_hdr(msg)->nlmsg_len;

		note_place(&row->at, outer, attr->type, offset, &want->at);
		note_place(&nest_of_miss, outer, attr->type, offset,
			   &want->nest);
		if (attr->kind == K_NEST) {
			nest = nla_nest_start(msg, attr->type | NLA_F_NESTED);
			outer = attr->type;
		} else {
			put_attr(msg, attr);
		}
	}
	/* An empty nest is wanted as it is; nla_nest_end() would drop it. */
	if (nest)
		nest->nla_len = (char *)nlmsg_tail(nlmsg_hdr(msg)) -
				(char *)nest;
	return msg;
}

static void read_extack(struct answer *answer, struct nlattr *head, int len)
{
	struct nlattr *attr;
	int rest;

	nla_for_each_attr(attr, head, len, rest) {
		switch (nla_type(attr)) {
		case NLMSGERR_ATTR_MSG:
			nla_strlcpy(answer->say, attr, sizeof(answer->say));
			break;
		case NLMSGERR_ATTR_OFFS:
			answer->offset = nla_get_u32(attr);
			break;
		case ATTR_MISS_TYPE:
			answer->miss = nla_get_u32(attr);
			break;
		case ATTR_MISS_NEST:
			answer->miss_nest = nla_get_u32(attr);
			break;
		}
	}
}

/* Before Linux 6.10 the end of a dump says why and not where. */
static bool dump_blames(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname host;

	if (uname(&host) || sscanf(host.release, "%u.%u", &major, &minor) != 2)
		die("uname");
	return major > 6 || (major == 6 && minor >= 10);
}

/* What ends an answer; @skip bytes come before the extended part. */
static void read_end(struct answer *answer, struct nlmsghdr *hdr, int skip)
{
	char *data = nlmsg_data(hdr);

	answer->err = -*(int *)data;
	if (hdr->nlmsg_flags & NLM_F_ACK_TLVS)
		read_extack(answer, (struct nlattr *)(data + skip),
			    nlmsg_datalen(hdr) - skip);
}

static void take_payload(struct bytes *to, struct nlmsghdr *hdr)
{
	unsigned int len = nlmsg_datalen(hdr);

	if (!to)
		return;
	if (len > sizeof(to->data) - to->len)
		die("too much of an answer");
	memcpy(to->data + to->len, nlmsg_data(hdr), len);
	to->len += len;
}

/* Returns 1 once the last message of an answer was there. */
static int read_part(int fd, struct answer *answer, struct expected *want,
		     struct bytes *payload)
{
	static char buf[32768] __attribute__((aligned(8)));
	struct nlmsghdr *hdr = (struct nlmsghdr *)buf;
	int len = recv(fd, buf, sizeof(buf), 0);

	if (len < 0)
		die("recv");
	for (; nlmsg_ok(hdr, len); hdr = nlmsg_next(hdr, &len)) {
		if (hdr->nlmsg_type == NLMSG_ERROR) {
			read_end(answer, hdr, sizeof(struct nlmsgerr));
		} else if (hdr->nlmsg_type == NLMSG_DONE) {
			read_end(answer, hdr, sizeof(int));
			if (!dump_blames())
				want->at = 0;
		} else {
			take_payload(payload, hdr);
		}
		if (hdr->nlmsg_type == NLMSG_ERROR ||
		    hdr->nlmsg_type == NLMSG_DONE)
			return 1;
	}
	return 0;
}

static struct nl_sock *open_socket(void)
{
	struct nl_sock *sock = nl_socket_alloc();
	const int one = 1;
	int fd;

	if (!sock || genl_connect(sock))
		die("genl_connect");
	fd = nl_socket_get_fd(sock);
	if (setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one)))
		die("setsockopt");
	return sock;
}

void ask(const struct row *row, struct answer *answer,
		struct expected *want, struct bytes *payload)
{
	struct nl_sock *sock = open_socket();
	struct nl_msg *msg = build(row, want);

	memset(answer, 0, sizeof(*answer));
	if (nl_send_auto(sock, msg) < 0)
		die("nl_send_auto");
	while (!read_part(nl_socket_get_fd(sock), answer, want, payload))
		;
	nlmsg_free(msg);
	nl_socket_free(sock);
}

/* The kernel serves a request before send() returns. */
static void send_blindly(struct nl_sock *sock, const struct row *row)
{
	struct expected want;
	struct nl_msg *msg = build(row, &want);

	if (nl_send_auto(sock, msg) < 0)
		die("nl_send_auto");
	nlmsg_free(msg);
}

void ask_deaf(const struct row *row)
{
	static const struct row noise = {
		"a refusal", KAGE_CMD_VM_GET, { ID(0xffffffff) },
	};
	struct nl_sock *sock = open_socket();
	const int smallest = 1;
	int i;

	if (setsockopt(nl_socket_get_fd(sock), SOL_SOCKET, SO_RCVBUF, &smallest,
		       sizeof(smallest)))
		die("SO_RCVBUF");
	for (i = 0; i < 32; i++)
		send_blindly(sock, &noise);
	send_blindly(sock, row);
	nl_socket_free(sock);
}

void must(const struct row *row)
{
	struct expected want;
	struct answer answer;

	ask(row, &answer, &want, NULL);
	if (!answer.err)
		return;
	printf("# %s: %s\n", row->name, answer.say);
	errno = answer.err;
	die(row->name);
}

void write_program(int fd)
{
	const uint64_t tables[] = { 0x2003, 0x3003, 0x83 };
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (pwrite(fd, &tables[i], 8, 0x1000 * (i + 1)) != 8)
			die("pwrite");
	if (pwrite(fd, "\xf4\xeb\xfd", 3, 0x4000) != 3)
		die("pwrite");
}

/*
 * Other callers than root.
 */

static void drop_sys_admin(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[2];

	if (syscall(SYS_capget, &head, caps))
		die("capget");
	caps[0].effective &= ~(1U << CAP_SYS_ADMIN);
	caps[0].permitted &= ~(1U << CAP_SYS_ADMIN);
	if (syscall(SYS_capset, &head, caps))
		die("capset");
}

static void become(enum who who)
{
	if (who == NET_ADMIN)
		drop_sys_admin();
	if (who != NOBODY && who != OWN_USERNS)
		return;
	if (setgid(NOBODY_ID) || setuid(NOBODY_ID))
		die("setuid");
	if (who == OWN_USERNS && unshare(CLONE_NEWUSER))
		die("unshare");
}

/* In a process of its own, which does not become root again. */
void ask_as(const struct row *row, struct answer *answer,
		   struct expected *want)
{
	struct { struct answer answer; struct expected want; } *shared;
	int status;
	pid_t pid;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		become(row->who);
		ask(row, &shared->answer, &shared->want, NULL);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		die("the child failed");
	*answer = shared->answer;
	*want = shared->want;
	munmap(shared, sizeof(*shared));
}

int resolve_family(void)
{
	struct nl_sock *sock = open_socket();

	family = genl_ctrl_resolve(sock, KAGE_GENL_NAME);
	nl_socket_free(sock);
	if (family < 0)
		die("kage is not loaded");
	return family;
}
