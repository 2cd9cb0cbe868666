// SPDX-License-Identifier: GPL-2.0
/*
 * Changes the bytes of requests by chance: bits, lengths, types, heads, and too
 * much of everything. No message goes to another family than kage's and
 * netlink's own. Positions are counted from behind the head of the message.
 */
#include "netlink_fuzz.h"
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>

#define HEAD	NLMSG_HDRLEN

static void flip_bits(struct fuzz *fuzz, struct fuzz_msg *msg)
{
	unsigned int times = 1 + fuzz_below(fuzz, 4);

	while (times-- && msg->len > HEAD)
		msg->data[HEAD + fuzz_below(fuzz, msg->len - HEAD)] ^=
			1 << fuzz_below(fuzz, 8);
}

static void cut(struct fuzz *fuzz, struct fuzz_msg *msg)
{
	msg->len = 1 + fuzz_below(fuzz, msg->len);
	/* The head may go on to promise more. */
	if (msg->len >= HEAD && fuzz_once_in(fuzz, 2))
		fuzz_end(msg);
}

static void append(struct fuzz *fuzz, struct fuzz_msg *msg)
{
	unsigned int len = fuzz_below(fuzz, 64);

	while (len-- && msg->len < sizeof(msg->data))
		msg->data[msg->len++] = fuzz_roll(fuzz);
	if (fuzz_once_in(fuzz, 2))
		fuzz_end(msg);
}

static void hurt_attr(struct fuzz *fuzz, struct fuzz_msg *msg)
{
	static const uint16_t lens[] = { 0, 1, 3, 4, 5, 8, 0x7fff, 0xffff };
	unsigned int at = HEAD + GENL_HDRLEN, stop = fuzz_below(fuzz, 8);
	struct nlattr *attr = (struct nlattr *)(msg->data + at);

	while (stop-- &&
	       at + NLA_ALIGN(attr->nla_len) + NLA_HDRLEN < msg->len) {
		at += attr->nla_type & NLA_F_NESTED && fuzz_once_in(fuzz, 2) ?
		      NLA_HDRLEN : NLA_ALIGN(attr->nla_len);
		attr = (struct nlattr *)(msg->data + at);
	}
	if (at + NLA_HDRLEN > msg->len)
		return;
	if (fuzz_once_in(fuzz, 2))
		attr->nla_len = lens[fuzz_below(fuzz, 8)];
	else if (fuzz_once_in(fuzz, 2))
		attr->nla_len += fuzz_below(fuzz, 9) - 4;
	else
		attr->nla_type = fuzz_once_in(fuzz, 2) ? fuzz_roll(fuzz) :
				 attr->nla_type ^ NLA_F_NESTED;
}

static void hurt_head(struct fuzz *fuzz, struct fuzz_msg *msg)
{
	struct nlmsghdr *hdr = (struct nlmsghdr *)msg->data;
	struct genlmsghdr *genl = NLMSG_DATA(hdr);

	switch (fuzz_below(fuzz, 6)) {
	case 0:
		hdr->nlmsg_flags = fuzz_roll(fuzz);
		break;
	case 1:
		hdr->nlmsg_flags ^= 1 << fuzz_below(fuzz, 12);
		break;
	case 2:
		hdr->nlmsg_len = fuzz_once_in(fuzz, 2) ? fuzz_odd_number(fuzz) :
				 fuzz_below(fuzz, 2 * msg->len);
		break;
	case 3:
		genl->cmd = fuzz_roll(fuzz);
		break;
	case 4:
		genl->version = fuzz_roll(fuzz);
		break;
	default:
		genl->reserved = fuzz_roll(fuzz);
		break;
	}
}

static void fill_up(struct fuzz *fuzz, struct fuzz_msg *msg)
{
	unsigned int times = fuzz_below(fuzz, 1200);
	const int type = fuzz_below(fuzz, fuzz_top.nr);

	while (times--)
		fuzz_put(msg, type, &times, 4);
	fuzz_end(msg);
}

static void nest_deeply(struct fuzz *fuzz, struct fuzz_msg *msg)
{
	const int depth = 1 + fuzz_below(fuzz, 200);
	struct nlattr *nests[200];
	int i;

	for (i = 0; i < depth; i++)
		nests[i] = fuzz_put(msg, KAGE_A_MEM | NLA_F_NESTED, NULL, 0);
	while (i--)
		fuzz_end_nest(msg, nests[i]);
	fuzz_end(msg);
}

/* Two, four or eight messages, in one datagram. */
static void repeat(struct fuzz *fuzz, struct fuzz_msg *msg)
{
	unsigned int times = 1 + fuzz_below(fuzz, 3);

	while (times--) {
		const unsigned int len = NLMSG_ALIGN(msg->len);

		if (2 * len > sizeof(msg->data))
			return;
		memset(msg->data + msg->len, 0, len - msg->len);
		memcpy(msg->data + len, msg->data, msg->len);
		msg->len += len;
	}
}

/*
 * A message to another family would be somebody else's test. A datagram holds
 * as many messages as the lengths in it say.
 */
static void keep_family(struct fuzz *fuzz, struct fuzz_msg *msg)
{
	struct nlmsghdr *hdr;
	unsigned int at = 0;

	while (at + NLMSG_HDRLEN <= msg->len) {
		hdr = (struct nlmsghdr *)(msg->data + at);
		hdr->nlmsg_type = fuzz->family;
		if (fuzz_once_in(fuzz, 24))
			hdr->nlmsg_type = fuzz_below(fuzz, GENL_ID_CTRL + 1);
		if (hdr->nlmsg_len < NLMSG_HDRLEN ||
		    hdr->nlmsg_len > msg->len - at)
			break;
		at += NLMSG_ALIGN(hdr->nlmsg_len);
	}
}

void fuzz_damage(struct fuzz *fuzz, struct fuzz_msg *msg)
{
	static void (*const ways[])(struct fuzz *fuzz, struct fuzz_msg *msg) = {
		flip_bits, cut, append, hurt_attr, hurt_attr, hurt_head,
		fill_up, nest_deeply, repeat,
	};
	const unsigned int nr = sizeof(ways) / sizeof(ways[0]);
	unsigned int times = 1 + fuzz_below(fuzz, 3);

	/* What is cut has no head that could be hurt. */
	while (times-- && msg->len >= HEAD + GENL_HDRLEN)
		ways[fuzz_below(fuzz, nr)](fuzz, msg);
	keep_family(fuzz, msg);
}
