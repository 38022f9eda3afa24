/*
 * TCP connections that go on. Both ends are in this process, or, with "peer" as second argument, the other end is in a process that
 * lives on and talks all the time.
 */
#include "target.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define FLOOD (6 << 20)
#define FIN_WAIT2 5 /* include/net/tcp_states.h */
#define CLOSE_WAIT 8

struct pair { int client, server; };

static void set(int fd, int level, int name, int value) { MUST(setsockopt(fd, level, name, &value, sizeof value)); }

static int get(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    EXPECT("option can be read", getsockopt(fd, level, name, &value, &length) == 0);
    return value;
}

static int listen_at(int family, struct sockaddr_in6 *address, socklen_t *length)
{
    int fd = socket(family, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
    memset(address, 0, sizeof *address);
    if (family == AF_INET) {
        ((struct sockaddr_in *)address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        *length = sizeof(struct sockaddr_in);
    } else {
        *length = sizeof *address;
    }
    address->sin6_family = family;
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (bind(fd, (struct sockaddr *)address, *length) || listen(fd, 8)) {
        close(fd);
        return -1;
    }
    MUST(getsockname(fd, (struct sockaddr *)address, length));
    return fd;
}

static struct pair connected(int listener, int family, const void *address, socklen_t length)
{
    struct pair p = { MUST(socket(family, SOCK_STREAM, 0)), 0 };
    MUST(connect(p.client, address, length));
    p.server = MUST(accept(listener, NULL, NULL));
    return p;
}

static int state_of(int fd)
{
    struct tcp_info info = { 0 };
    socklen_t length = sizeof info;
    getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length);
    return info.tcpi_state;
}

/* What is sent is acknowledged before long. */
static void settle(int fd)
{
    for (int i = 0, left = 1; i < 5000 && left; i++) {
        MUST(ioctl(fd, TIOCOUTQ, &left));
        if (left)
            target_sleep(1000000);
    }
}

static void expect_data(const char *what, int fd, const char *text)
{
    char buffer[256] = "";
    size_t have = 0, length = strlen(text);
    struct pollfd p = { fd, POLLIN, 0 };
    while (have < length && poll(&p, 1, 10000) == 1) {
        ssize_t n = recv(fd, buffer + have, sizeof buffer - 1 - have, MSG_DONTWAIT);
        if (n <= 0) {
            DIFFERS("%s: recv %zd errno %d", what, n, errno);
            return;
        }
        have += n;
    }
    EXPECT_STR(what, text, buffer);
}

static void expect_end(const char *what, int fd)
{
    char byte;
    struct pollfd p = { fd, POLLIN, 0 };
    poll(&p, 1, 10000);
    EXPECT_EQ(what, 0, recv(fd, &byte, 1, MSG_DONTWAIT));
}

static void expect_talk(const char *what, struct pair p)
{
    EXPECT(what, send(p.client, "there", 5, MSG_NOSIGNAL) == 5);
    expect_data(what, p.server, "there");
    EXPECT(what, send(p.server, "and back", 8, MSG_NOSIGNAL) == 8);
    expect_data(what, p.client, "and back");
}

static size_t flood(int fd)
{
    unsigned char block[4096];
    size_t sent = 0;
    MUST(fcntl(fd, F_SETFL, O_NONBLOCK));
    while (sent < FLOOD) {
        for (size_t i = 0; i < sizeof block; i++)
            block[i] = target_word(7, (sent + i) / 8) >> ((sent + i) % 8 * 8);
        ssize_t n = send(fd, block, sizeof block, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        sent += n;
    }
    return sent;
}

static void expect_flood(int fd, size_t length)
{
    unsigned char block[65536];
    struct pollfd p = { fd, POLLIN, 0 };
    for (size_t got = 0; got < length;) {
        if (poll(&p, 1, 20000) != 1) {
            DIFFERS("flood stops after %zu of %zu bytes", got, length);
            return;
        }
        ssize_t n = recv(fd, block, sizeof block, MSG_DONTWAIT);
        if (n <= 0) {
            DIFFERS("flood: recv %zd errno %d after %zu of %zu bytes", n, errno, got, length);
            return;
        }
        for (ssize_t i = 0; i < n; i++, got++)
            if (block[i] != (unsigned char)(target_word(7, got / 8) >> (got % 8 * 8))) {
                DIFFERS("flood differs at byte %zu", got);
                return;
            }
    }
}

struct name { struct sockaddr_in6 local, peer; };

static struct name name_of(int fd)
{
    struct name n = { 0 };
    socklen_t length = sizeof n.local;
    getsockname(fd, (struct sockaddr *)&n.local, &length);
    length = sizeof n.peer;
    getpeername(fd, (struct sockaddr *)&n.peer, &length);
    return n;
}

static int inside(void)
{
    struct sockaddr_in6 address, address6;
    socklen_t length, length6;
    int listener = listen_at(AF_INET, &address, &length), listener6 = listen_at(AF_INET6, &address6, &length6);
    struct pair quiet = connected(listener, AF_INET, &address, length), queued = connected(listener, AF_INET, &address, length);
    struct pair half = connected(listener, AF_INET, &address, length), full = connected(listener, AF_INET, &address, length);
    struct pair six = { -1, -1 }, mapped = { -1, -1 };
    set(full.server, SOL_SOCKET, SO_RCVBUF, 70000);
    if (listener6 >= 0) {
        struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = address6.sin6_port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct sockaddr_in6 loopback = address6;
        loopback.sin6_addr = in6addr_loopback;
        six = connected(listener6, AF_INET6, &loopback, sizeof loopback);
        mapped = connected(listener6, AF_INET, &four, sizeof four);
        MUST(send(six.client, "six", 3, 0));
        MUST(shutdown(six.client, SHUT_WR));
        MUST(send(mapped.client, "mapped", 6, 0));
        MUST(shutdown(mapped.client, SHUT_WR));
    }
    set(quiet.client, IPPROTO_TCP, TCP_NODELAY, 1);
    set(quiet.client, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(quiet.client, IPPROTO_TCP, TCP_KEEPIDLE, 77);
    MUST(send(queued.client, "waits here", 10, 0));
    MUST(send(queued.server, "waits there", 11, 0));
    MUST(send(half.client, "last words", 10, 0));
    MUST(shutdown(half.client, SHUT_WR));
    MUST(fcntl(quiet.server, F_SETFL, O_NONBLOCK));
    int ep = MUST(epoll_create1(0));
    struct epoll_event event = { EPOLLIN | EPOLLET, { .u64 = 0x7c9 } }, got = { 0 };
    MUST(epoll_ctl(ep, EPOLL_CTL_ADD, quiet.server, &event));
    size_t flooded = flood(full.client);
    settle(queued.client);
    settle(queued.server);
    settle(half.client);
    for (int i = 0; i < 5000 && state_of(half.client) != FIN_WAIT2; i++)
        target_sleep(1000000);
    int reused = get(quiet.server, SOL_SOCKET, SO_REUSEADDR), locks = get(full.server, SOL_SOCKET, 72), room = get(full.server, SOL_SOCKET, SO_RCVBUF);
    struct name names[] = { name_of(quiet.client), name_of(quiet.server), name_of(mapped.server) };

    target_ready();
    target_wait();

    EXPECT_EQ("state of the half-closed client", FIN_WAIT2, state_of(half.client));
    EXPECT_EQ("state of the half-closed server", CLOSE_WAIT, state_of(half.server));
    int fds[] = { quiet.client, quiet.server, mapped.server };
    for (int i = 0; i < 3; i++) {
        struct name now = name_of(fds[i]);
        EXPECT("addresses of a connection", !memcmp(&names[i], &now, sizeof now));
    }
    EXPECT_EQ("TCP_NODELAY", 1, get(quiet.client, IPPROTO_TCP, TCP_NODELAY));
    EXPECT_EQ("SO_KEEPALIVE", 1, get(quiet.client, SOL_SOCKET, SO_KEEPALIVE));
    EXPECT_EQ("TCP_KEEPIDLE", 77, get(quiet.client, IPPROTO_TCP, TCP_KEEPIDLE));
    EXPECT_EQ("SO_REUSEADDR of an accepted socket", reused, get(quiet.server, SOL_SOCKET, SO_REUSEADDR));
    EXPECT_EQ("SO_BUF_LOCK", locks, get(full.server, SOL_SOCKET, 72));
    EXPECT_EQ("SO_RCVBUF that was set", room, get(full.server, SOL_SOCKET, SO_RCVBUF));
    EXPECT("accepted socket does not block", fcntl(quiet.server, F_GETFL) & O_NONBLOCK);

    EXPECT_EQ("nothing to read on the quiet one", 0, epoll_wait(ep, &got, 1, 0));
    EXPECT("quiet connection sends", send(quiet.client, "hello", 5, MSG_NOSIGNAL) == 5);
    EXPECT_EQ("epoll watches the connection", 1, epoll_wait(ep, &got, 1, 5000));
    EXPECT_EQ("epoll data", 0x7c9, got.data.u64);
    expect_data("quiet connection receives", quiet.server, "hello");
    expect_talk("quiet connection", quiet);
    expect_data("queue of the server", queued.server, "waits here");
    expect_data("queue of the client", queued.client, "waits there");
    expect_talk("connection with queues", queued);
    expect_data("half-closed connection", half.server, "last words");
    expect_end("end of the half-closed connection", half.server);
    EXPECT("half-closed server still sends", send(half.server, "answer", 6, MSG_NOSIGNAL) == 6);
    expect_data("half-closed client still receives", half.client, "answer");
    close(half.server);
    expect_end("half-closed client sees the end", half.client);
    expect_flood(full.server, flooded);
    fcntl(full.client, F_SETFL, 0);
    expect_talk("connection after the flood", full);
    if (six.client >= 0) {
        expect_data("IPv6", six.server, "six");
        expect_end("end over IPv6", six.server);
        EXPECT("IPv6 sends", send(six.server, "back", 4, MSG_NOSIGNAL) == 4);
        expect_data("IPv6 back", six.client, "back");
        expect_data("IPv4 in IPv6", mapped.server, "mapped");
        expect_end("end over IPv4 in IPv6", mapped.server);
        EXPECT("IPv4 in IPv6 sends", send(mapped.server, "back", 4, MSG_NOSIGNAL) == 4);
        expect_data("IPv4 in IPv6 back", mapped.client, "back");
    }
    struct pair new = connected(listener, AF_INET, &address, length);
    expect_talk("new connection", new);
    return target_finish();
}

/* Sends numbers and demands them back, until the other side ends; then says how many there were. */
static void talk(const struct sockaddr_in6 *address, socklen_t length)
{
    int fd = MUST(socket(AF_INET, SOCK_STREAM, 0)), problem = 0;
    struct timeval patience = { 60, 0 };
    MUST(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience));
    MUST(connect(fd, (const struct sockaddr *)address, length));
    unsigned long sent = 0, back = 0;
    for (;; sent++) {
        if (send(fd, &sent, sizeof sent, MSG_NOSIGNAL) != sizeof sent || recv(fd, &back, sizeof back, MSG_WAITALL) != sizeof back) {
            problem = errno;
            break;
        }
        if (back != sent) {
            problem = -1;
            break;
        }
    }
    int note = open(target_path("peer.part"), O_WRONLY | O_CREAT, 0600);
    dprintf(note, "%lu %d\n", sent, problem);
    close(note);
    rename(target_path("peer.part"), target_path("peer"));
}

static int outside(void)
{
    struct sockaddr_in6 address;
    socklen_t length;
    int listener = listen_at(AF_INET, &address, &length);
    if (!fork()) {
        if (fork())
            _exit(0);
        MUST(setsid()); /* it must not keep the number of the process in use */
        close(listener);
        talk(&address, length);
        _exit(0);
    }
    wait(NULL);
    int fd = MUST(accept(listener, NULL, NULL));
    unsigned long number = 0, expected = 0;
    for (; expected < 100; expected++)
        if (recv(fd, &number, sizeof number, MSG_WAITALL) != sizeof number || number != expected || send(fd, &number, sizeof number, 0) != sizeof number)
            return 2;

    target_ready();
    while (!target_may_go()) {
        ssize_t n = recv(fd, &number, sizeof number, MSG_WAITALL);
        if (n != sizeof number) {
            DIFFERS("receiving number %lu: %zd errno %d", expected, n, errno);
            break;
        }
        EXPECT_EQ("number of the peer", expected, number);
        expected++;
        EXPECT("answer is sent", send(fd, &number, sizeof number, MSG_NOSIGNAL) == sizeof number);
    }
    close(fd);
    for (int i = 0; i < 20000 && access(target_path("peer"), F_OK); i++)
        target_sleep(1000000);
    unsigned long sent = 0;
    int problem = -2;
    sscanf(target_read(target_path("peer"), NULL), "%lu %d", &sent, &problem);
    EXPECT("the peer saw its connection go on", sent >= expected && sent <= expected + 1);
    EXPECT("the peer saw no wrong number", problem == 0 || problem == ECONNRESET || problem == EPIPE);
    return target_finish();
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    return argc > 2 && !strcmp(argv[2], "peer") ? outside() : inside();
}
