// SPDX-License-Identifier: GPL-2.0
/*
 * One end of a network load; the same program on the host and in each guest.
 * Whoever drives it, net_run.c, connects to the control port and says
 *	KIND rx SIZE COUNT
 *	KIND tx SIZE COUNT ADDRESS
 * A receiver answers "ready" when it listens, a sender when it is connected;
 * the sender then waits for one more line. Each says "done", or "failed WHY".
 *
 * Nothing may be lost: a datagram that does not come ends in a timeout.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONTROL_PORT	7000
#define DATA_PORT	7001
#define MAX_SIZE	65536
#define PATIENCE	20	/* seconds without a packet */

/*
 * Datagrams under way, and those that the receiver acknowledges at once. No
 * queue between the two is as short as the first.
 */
#define WINDOW		256
#define ACK_EVERY	64
#define SOCKET_BUFFER	(4 << 20)

struct end {
	int fd;			/* to the other end */
	bool receives;
	size_t size;
	uint64_t count;
	struct sockaddr_in peer;
};

struct load {
	const char *kind;
	int type;		/* of socket */
	int (*connect)(struct end *end);
	int (*send)(struct end *end);
	int (*accept)(struct end *end);
	int (*receive)(struct end *end);
};

static char data[MAX_SIZE];

/* Return: 0 if @ret is what was asked for, else -1 with errno set. */
static int whole(ssize_t ret, size_t wanted)
{
	if (ret == (ssize_t)wanted)
		return 0;
	if (ret >= 0)
		errno = EPIPE;
	return -1;
}

static int put(const struct end *end, const void *from, size_t len)
{
	return whole(send(end->fd, from, len, MSG_NOSIGNAL), len);
}

static int get(const struct end *end, void *to, size_t len)
{
	return whole(recv(end->fd, to, len, MSG_WAITALL), len);
}

/* One that fails shows when the socket is used. */
static void set_options(int fd)
{
	const struct timeval patience = { .tv_sec = PATIENCE };
	const int on = 1, size = SOCKET_BUFFER;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
}

/* Requests and answers must not wait for company. */
static void set_no_delay(int fd)
{
	const int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* The first datagram tells the receiver whom to answer, and the stack how. */
static int udp_connect(struct end *end)
{
	uint64_t seen;

	if (connect(end->fd, (struct sockaddr *)&end->peer, sizeof(end->peer)))
		return -1;
	if (put(end, data, 1))
		return -1;
	return get(end, &seen, sizeof(seen));
}

static int udp_send(struct end *end)
{
	uint64_t sent = 0, seen = 0;

	while (seen < end->count) {
		for (; sent < end->count && sent - seen < WINDOW; sent++) {
			if (put(end, data, end->size))
				return -1;
		}
		if (get(end, &seen, sizeof(seen)))
			return -1;
	}
	return 0;
}

static int udp_accept(struct end *end)
{
	socklen_t len = sizeof(end->peer);
	const uint64_t seen = 0;

	if (whole(recvfrom(end->fd, data, sizeof(data), 0,
			   (struct sockaddr *)&end->peer, &len), 1))
		return -1;
	if (connect(end->fd, (struct sockaddr *)&end->peer, len))
		return -1;
	return put(end, &seen, sizeof(seen));
}

static int udp_receive(struct end *end)
{
	uint64_t seen = 0;

	while (seen < end->count) {
		if (whole(recv(end->fd, data, sizeof(data), 0), end->size))
			return -1;
		seen++;
		if ((seen % ACK_EVERY == 0 || seen == end->count) &&
		    put(end, &seen, sizeof(seen)))
			return -1;
	}
	return 0;
}

static int tcp_connect(struct end *end)
{
	set_no_delay(end->fd);
	return connect(end->fd, (struct sockaddr *)&end->peer,
		       sizeof(end->peer));
}

static int tcp_accept(struct end *end)
{
	const int fd = accept(end->fd, NULL, NULL);

	if (fd < 0)
		return -1;
	set_options(fd);
	set_no_delay(fd);
	close(end->fd);
	end->fd = fd;
	return 0;
}

static int stream_send(struct end *end)
{
	uint64_t sent;

	for (sent = 0; sent < end->count; sent++) {
		if (put(end, data, end->size))
			return -1;
	}
	return get(end, data, 1);
}

static int stream_receive(struct end *end)
{
	uint64_t left = end->count * end->size;

	while (left) {
		const ssize_t n = recv(end->fd, data, sizeof(data), 0);

		if (n <= 0 || (uint64_t)n > left)
			return whole(n, left);
		left -= n;
	}
	return put(end, data, 1);
}

static int rr_ask(struct end *end)
{
	uint64_t i;

	for (i = 0; i < end->count; i++) {
		if (put(end, data, end->size) || get(end, data, end->size))
			return -1;
	}
	return 0;
}

static int rr_answer(struct end *end)
{
	uint64_t i;

	for (i = 0; i < end->count; i++) {
		if (get(end, data, end->size) || put(end, data, end->size))
			return -1;
	}
	return 0;
}

static const struct load loads[] = {
	{ "udp", SOCK_DGRAM, udp_connect, udp_send, udp_accept, udp_receive },
	{ "tcp", SOCK_STREAM, tcp_connect, stream_send, tcp_accept,
	  stream_receive },
	{ "rr", SOCK_STREAM, tcp_connect, rr_ask, tcp_accept, rr_answer },
};

static const struct load *parse(struct end *end, const char *line)
{
	char kind[8], role[4], peer[16] = "0.0.0.0";
	unsigned long count;
	size_t i;

	if (sscanf(line, "%7s %3s %zu %lu %15s", kind, role, &end->size, &count,
		   peer) < 4 || !end->size || end->size > MAX_SIZE)
		return NULL;
	end->receives = !strcmp(role, "rx");
	end->count = count;
	end->peer.sin_family = AF_INET;
	end->peer.sin_port = htons(DATA_PORT);
	if (!inet_aton(peer, &end->peer.sin_addr))
		return NULL;
	for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		if (!strcmp(kind, loads[i].kind))
			return &loads[i];
	}
	return NULL;
}

static int open_socket(int type, struct in_addr addr, int port)
{
	const struct sockaddr_in own = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = addr,
	};
	const int fd = socket(AF_INET, type, 0);

	if (fd < 0)
		return -1;
	set_options(fd);
	if (!bind(fd, (const struct sockaddr *)&own, sizeof(own)) &&
	    (type == SOCK_DGRAM || !listen(fd, 1)))
		return fd;
	close(fd);
	return -1;
}

static int say_ready(int control)
{
	return dprintf(control, "ready\n") < 0 ? -1 : 0;
}

static int run(const struct load *load, struct end *end, int control,
	       struct in_addr own)
{
	char go;

	if (end->receives) {
		end->fd = open_socket(load->type, own, DATA_PORT);
		if (end->fd < 0 || say_ready(control) || load->accept(end))
			return -1;
		return load->receive(end);
	}
	end->fd = socket(AF_INET, load->type, 0);
	if (end->fd < 0)
		return -1;
	set_options(end->fd);
	if (load->connect(end) || say_ready(control))
		return -1;
	if (whole(recv(control, &go, 1, 0), 1))
		return -1;
	return load->send(end);
}

/* A command is short and comes in one piece. */
static void serve(int control, struct in_addr own)
{
	const struct load *load = NULL;
	struct end end = { .fd = -1 };
	char line[128];
	const ssize_t len = recv(control, line, sizeof(line) - 1, 0);

	if (len > 0) {
		line[len] = '\0';
		load = parse(&end, line);
	}
	if (!load)
		dprintf(control, "failed: no such load\n");
	else if (run(load, &end, control, own))
		dprintf(control, "failed: %s\n", strerror(errno));
	else
		dprintf(control, "done\n");
	if (end.fd >= 0)
		close(end.fd);
}

int main(int argc, char **argv)
{
	struct in_addr own;
	int fd, control;

	if (argc != 2 || !inet_aton(argv[1], &own)) {
		fprintf(stderr, "usage: net_load ADDRESS\n");
		return 2;
	}
	fd = open_socket(SOCK_STREAM, own, CONTROL_PORT);
	if (fd < 0) {
		perror("net_load");
		return 1;
	}
	for (;;) {
		control = accept(fd, NULL, NULL);
		if (control < 0)
			continue;
		serve(control, own);
		close(control);
	}
}
