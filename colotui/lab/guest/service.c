/*
 * The guest's service: HTTP on port 80 and UDP echo on port 7, in one process and one thread.
 *
 *   /              a fixed page, the same bytes from both copies
 *   /counter       adds one on the data disk, fsyncs, then answers the new number
 *   /uptime        seconds since boot: differs between the copies
 *   /random        random bytes: differs between the copies
 *   /big           4 MiB of numbered lines; /file/KIB the same, KIB KiB long
 *   POST /crash/panic | /crash/oops | /crash/triple-fault | /crash/reboot
 *
 * One thread makes /counter atomic without a lock, and dirties few pages per request, which is what a
 * checkpoint pays for. No Date header: the copies' clocks may differ and the replies must not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 64
#define LINE 64 /* bytes of one numbered line, so that 16 lines are 1 KiB */
#define HTTP_PORT 80
#define ECHO_PORT 7

static const char *counter_path = "/data/counter";

struct connection {
	int fd;
	int answering;
	char request[2048];
	size_t got;
	char head[1024]; /* status line, headers and a short body */
	size_t head_len, head_sent;
	size_t lines_bytes, lines_sent; /* a long body is made on the fly, never held */
};

static struct connection connections[CONNECTIONS];

static void answer(struct connection *c, const char *status, const char *body, size_t lines_bytes)
{
	size_t length = lines_bytes ? lines_bytes : strlen(body);
	c->head_len = snprintf(c->head, sizeof c->head,
		"HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %lu\r\nConnection: close\r\n\r\n%s",
		status, (unsigned long)length, lines_bytes ? "" : body);
	c->head_sent = 0;
	c->lines_bytes = lines_bytes;
	c->lines_sent = 0;
	c->answering = 1;
}

static void answer_counter(struct connection *c)
{
	char text[32] = "";
	int fd = open(counter_path, O_RDWR | O_CLOEXEC);
	if (fd < 0) { /* init makes the file once the disk is mounted */
		answer(c, "503 Service Unavailable", "the data disk is not there\n", 0);
		return;
	}
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	unsigned long value = n > 0 ? strtoul(text, NULL, 10) + 1 : 1;
	int length = snprintf(text, sizeof text, "%lu\n", value);
	if (n < 0 || pwrite(fd, text, length, 0) != length || fsync(fd) < 0)
		answer(c, "500 Internal Server Error", "the data disk does not take it\n", 0);
	else
		answer(c, "200 OK", text, 0);
	close(fd);
}

static void answer_file(struct connection *c, const char *path, const char *status)
{
	char text[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	answer(c, n > 0 ? status : "500 Internal Server Error", text, 0);
}

static void answer_random(struct connection *c)
{
	unsigned char raw[128];
	char text[2 * sizeof raw + 2];
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, raw, sizeof raw);
	if (fd >= 0)
		close(fd);
	for (ssize_t i = 0; i < n; i++)
		sprintf(text + 2 * i, "%02x", raw[i]);
	strcpy(text + 2 * (n > 0 ? n : 0), "\n");
	answer(c, "200 OK", text, 0);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (write(fd, text, strlen(text)) < 0)
			perror(path);
		close(fd);
	}
}

/* These end the guest's kernel in the way they are named; they do not come back. */
static void crash(const char *how)
{
	if (!strcmp(how, "oops")) /* a fault in a task other than init: the kernel says Oops and lives on */
		put("/proc/sys/kernel/panic_on_oops", "0");
	if (!strcmp(how, "panic"))
		put("/proc/sys/kernel/panic_on_oops", "1");
	if (!strcmp(how, "oops") || !strcmp(how, "panic"))
		put("/proc/sysrq-trigger", "c");
	/* `reboot=t` on the kernel's command line makes every reboot a triple fault */
	if (!strcmp(how, "triple-fault") || !strcmp(how, "reboot"))
		put("/proc/sysrq-trigger", "b");
}

static void route(struct connection *c)
{
	char method[8] = "", path[128] = "";
	if (sscanf(c->request, "%7s %127s", method, path) != 2) {
		answer(c, "400 Bad Request", "not HTTP\n", 0);
	} else if (!strcmp(method, "POST") && !strncmp(path, "/crash/", 7)) {
		crash(path + 7);
		answer(c, "200 OK", "done\n", 0);
	} else if (strcmp(method, "GET")) {
		answer(c, "405 Method Not Allowed", "GET only\n", 0);
	} else if (!strcmp(path, "/")) {
		answer(c, "200 OK", "It works: web01 serves.\n", 0);
	} else if (!strcmp(path, "/counter")) {
		answer_counter(c);
	} else if (!strcmp(path, "/uptime")) {
		answer_file(c, "/proc/uptime", "200 OK");
	} else if (!strcmp(path, "/random")) {
		answer_random(c);
	} else if (!strcmp(path, "/big")) {
		answer(c, "200 OK", "", (size_t)4 << 20);
	} else if (!strncmp(path, "/file/", 6) && atoi(path + 6) > 0 && atoi(path + 6) <= 65536) {
		answer(c, "200 OK", "", (size_t)atoi(path + 6) << 10);
	} else {
		answer(c, "404 Not Found", "no such page\n", 0);
	}
}

static void finish(struct connection *c)
{
	close(c->fd);
	c->fd = -1;
}

static void take(struct connection *c)
{
	ssize_t n = read(c->fd, c->request + c->got, sizeof c->request - 1 - c->got);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		finish(c);
		return;
	}
	c->got += n;
	c->request[c->got] = 0;
	if (strstr(c->request, "\r\n\r\n") || strstr(c->request, "\n\n") || c->got == sizeof c->request - 1)
		route(c);
}

/* Lines are "00000000 ......\n": a reader can check any part of a download without a second copy. */
static size_t fill(char *buffer, size_t size, size_t from, size_t end)
{
	size_t done = 0;
	while (done < size && from < end) {
		char line[LINE + 1];
		snprintf(line, sizeof line, "%08lx %.*s\n", (unsigned long)(from / LINE), LINE - 10,
			"the quick brown fox jumps over the lazy dog 0123456789");
		size_t n = LINE - from % LINE;
		if (n > size - done)
			n = size - done;
		if (n > end - from)
			n = end - from;
		memcpy(buffer + done, line + from % LINE, n);
		done += n;
		from += n;
	}
	return done;
}

static void give(struct connection *c)
{
	static char buffer[16384];
	ssize_t n;
	if (c->head_sent < c->head_len) {
		n = write(c->fd, c->head + c->head_sent, c->head_len - c->head_sent);
		if (n > 0)
			c->head_sent += n;
	} else {
		size_t size = fill(buffer, sizeof buffer, c->lines_sent, c->lines_bytes);
		n = write(c->fd, buffer, size);
		if (n > 0)
			c->lines_sent += n;
	}
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		finish(c);
	else if (c->head_sent == c->head_len && c->lines_sent == c->lines_bytes)
		finish(c);
}

static void welcome(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	for (int i = 0; i < CONNECTIONS; i++)
		if (connections[i].fd < 0) {
			connections[i].fd = fd;
			connections[i].got = 0;
			connections[i].answering = 0;
			return;
		}
	close(fd); /* full: refusing at once beats a client that hangs */
}

static void echo(int udp)
{
	char data[2048];
	struct sockaddr_in from;
	socklen_t size = sizeof from;
	ssize_t n = recvfrom(udp, data, sizeof data, 0, (struct sockaddr *)&from, &size);
	if (n >= 0)
		sendto(udp, data, n, 0, (struct sockaddr *)&from, size);
}

static int open_port(int type, int port)
{
	int one = 1, fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in any;
	memset(&any, 0, sizeof any);
	any.sin_family = AF_INET;
	any.sin_port = htons(port);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) < 0 ||
	    (type == SOCK_STREAM && listen(fd, CONNECTIONS) < 0)) {
		perror("service: port");
		exit(1);
	}
	return fd;
}

/* service [HTTP-PORT ECHO-PORT COUNTER-FILE]: the arguments let a test run it beside other things */
int main(int argc, char **argv)
{
	int http = open_port(SOCK_STREAM, argc > 1 ? atoi(argv[1]) : HTTP_PORT);
	int udp = open_port(SOCK_DGRAM, argc > 2 ? atoi(argv[2]) : ECHO_PORT);
	if (argc > 3)
		counter_path = argv[3];
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < CONNECTIONS; i++)
		connections[i].fd = -1;
	for (;;) {
		struct pollfd polls[CONNECTIONS + 2];
		polls[0].fd = http;
		polls[1].fd = udp;
		polls[0].events = polls[1].events = POLLIN;
		for (int i = 0; i < CONNECTIONS; i++) {
			polls[i + 2].fd = connections[i].fd; /* poll() passes over -1 */
			polls[i + 2].events = connections[i].answering ? POLLOUT : POLLIN;
		}
		if (poll(polls, CONNECTIONS + 2, -1) < 0)
			continue;
		for (int i = 0; i < CONNECTIONS; i++) {
			if (connections[i].fd < 0 || !polls[i + 2].revents)
				continue;
			if (connections[i].answering)
				give(&connections[i]);
			else
				take(&connections[i]);
		}
		if (polls[0].revents)
			welcome(http);
		if (polls[1].revents)
			echo(udp);
	}
}
