/* Sockets that listen or are unconnected, with their options, and socket pairs inside the process. */
#include "target.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

struct option { int fd, level, name; const char *what; char value[64]; socklen_t length; };
static struct option options[64];
static int option_count;

static void set(int fd, int level, int name, int value) { MUST(setsockopt(fd, level, name, &value, sizeof value)); }

static void remember(int fd, int level, int name, const char *what)
{
    struct option *o = &options[option_count++];
    *o = (struct option){ fd, level, name, what, "", sizeof o->value };
    MUST(getsockopt(fd, level, name, o->value, &o->length));
}
#define REMEMBER(fd, level, name) remember(fd, level, name, #name)

static struct sockaddr_in inet(int port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int bound(int type, int flags)
{
    int fd = MUST(socket(AF_INET, type | flags, 0));
    struct sockaddr_in address = inet(0);
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    MUST(bind(fd, (struct sockaddr *)&address, sizeof address));
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length))
        return -errno;
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static socklen_t unix_address(struct sockaddr_un *address, const char *name, int abstract)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    strcpy(address->sun_path + abstract, name);
    return offsetof(struct sockaddr_un, sun_path) + abstract + strlen(name) + !abstract;
}

static void expect_connection(const char *what, int listener, int family, const void *address, socklen_t length)
{
    int client = socket(family, SOCK_STREAM, 0);
    if (connect(client, address, length)) {
        DIFFERS("%s refuses a connection: errno %d", what, errno);
        close(client);
        return;
    }
    EXPECT("client writes", write(client, "hello", 5) == 5);
    struct pollfd p = { listener, POLLIN, 0 };
    EXPECT_EQ("connection can be accepted", 1, poll(&p, 1, 5000));
    int server = accept(listener, NULL, NULL);
    char buffer[8] = "";
    EXPECT("server reads", read(server, buffer, sizeof buffer) == 5);
    EXPECT_STR(what, "hello", buffer);
    close(server);
    close(client);
}

static void expect_message(const char *what, int fd, const char *text)
{
    char buffer[256] = "";
    ssize_t n = recv(fd, buffer, sizeof buffer - 1, MSG_DONTWAIT);
    if (n < 0)
        DIFFERS("%s: recv errno %d", what, errno);
    EXPECT_STR(what, text, buffer);
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    char abstract_name[64];
    snprintf(abstract_name, sizeof abstract_name, "lazyrestore-sockets-%d", getpid());
    struct sockaddr_un path_address, abstract_address, datagram_address;
    MUST(chdir(target_dir));
    socklen_t path_length = unix_address(&path_address, "stream.socket", 0), abstract_length = unix_address(&abstract_address, abstract_name, 1);
    socklen_t datagram_length = unix_address(&datagram_address, "datagram.socket", 0);
    int unix_path = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), unix_abstract = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
    int unix_datagram = MUST(socket(AF_UNIX, SOCK_DGRAM, 0)), unix_fresh = MUST(socket(AF_UNIX, SOCK_SEQPACKET, 0));
    MUST(bind(unix_path, (struct sockaddr *)&path_address, path_length));
    MUST(listen(unix_path, 7));
    MUST(bind(unix_abstract, (struct sockaddr *)&abstract_address, abstract_length));
    MUST(listen(unix_abstract, 5));
    MUST(bind(unix_datagram, (struct sockaddr *)&datagram_address, datagram_length));

    int tcp = bound(SOCK_STREAM, SOCK_NONBLOCK);
    set(tcp, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(tcp, SOL_SOCKET, SO_RCVBUF, 50000);
    set(tcp, IPPROTO_TCP, TCP_NODELAY, 1);
    set(tcp, IPPROTO_TCP, TCP_KEEPIDLE, 33);
    MUST(listen(tcp, 17));
    int tcp6 = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), port6 = 0;
    struct sockaddr_in6 address6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    if (tcp6 >= 0) {
        set(tcp6, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        set(tcp6, SOL_SOCKET, SO_REUSEADDR, 1);
        if (bind(tcp6, (struct sockaddr *)&address6, sizeof address6) || listen(tcp6, 4)) {
            close(tcp6); /* this machine has no IPv6 */
            tcp6 = -1;
        } else {
            address6.sin6_port = htons(port6 = port_of(tcp6));
        }
    }
    int tcp_bound = bound(SOCK_STREAM, 0), tcp_fresh = MUST(socket(AF_INET, SOCK_STREAM, 0));
    set(tcp_fresh, SOL_SOCKET, SO_SNDBUF, 70000);
    struct linger linger = { 1, 5 };
    MUST(setsockopt(tcp_fresh, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
    int udp = bound(SOCK_DGRAM, SOCK_CLOEXEC), udp_fresh = MUST(socket(AF_INET, SOCK_DGRAM, 0)), udp_connected = bound(SOCK_DGRAM, 0);
    set(udp, SOL_SOCKET, SO_BROADCAST, 1);
    struct timeval patience = { 3, 0 };
    MUST(setsockopt(udp, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience));
    struct sockaddr_in udp_address = inet(port_of(udp));
    MUST(connect(udp_connected, (struct sockaddr *)&udp_address, sizeof udp_address));
    int ports[] = { port_of(tcp), port_of(tcp_bound), port_of(udp), port_of(udp_connected) };

    int stream[2], datagram[2], packet[2], half[2], lonely[2], idle[2];
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, stream));
    MUST(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, datagram));
    MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, packet));
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, half));
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, lonely));
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, idle));
    MUST(write(stream[0], "there", 5));
    MUST(write(stream[0], " and there", 10));
    MUST(write(stream[1], "and back", 8));
    MUST(write(datagram[0], "first", 5));
    MUST(write(datagram[0], "second", 6));
    MUST(write(datagram[1], "reply", 5));
    MUST(write(packet[1], "packet one", 10));
    MUST(write(packet[1], "packet two", 10));
    MUST(write(half[0], "the end", 7));
    MUST(shutdown(half[0], SHUT_WR));
    MUST(write(lonely[0], "testament", 9));
    close(lonely[0]);
    set(idle[0], SOL_SOCKET, SO_PASSCRED, 1);

    int ep = MUST(epoll_create1(0));
    struct epoll_event event = { EPOLLIN, { .u64 = 0xabc } }, got = { 0 };
    MUST(epoll_ctl(ep, EPOLL_CTL_ADD, tcp, &event));

    REMEMBER(tcp, SOL_SOCKET, SO_REUSEADDR);
    REMEMBER(tcp, SOL_SOCKET, SO_KEEPALIVE);
    REMEMBER(tcp, SOL_SOCKET, SO_RCVBUF);
    REMEMBER(tcp, SOL_SOCKET, SO_ACCEPTCONN);
    REMEMBER(tcp, IPPROTO_TCP, TCP_NODELAY);
    REMEMBER(tcp, IPPROTO_TCP, TCP_KEEPIDLE);
    REMEMBER(tcp_fresh, SOL_SOCKET, SO_SNDBUF);
    REMEMBER(tcp_fresh, SOL_SOCKET, SO_LINGER);
    REMEMBER(tcp_fresh, SOL_SOCKET, SO_REUSEADDR);
    REMEMBER(udp, SOL_SOCKET, SO_BROADCAST);
    REMEMBER(udp, SOL_SOCKET, SO_RCVTIMEO);
    REMEMBER(udp, SOL_SOCKET, SO_TYPE);
    REMEMBER(idle[0], SOL_SOCKET, SO_PASSCRED);
    REMEMBER(unix_fresh, SOL_SOCKET, SO_TYPE);
    if (tcp6 >= 0)
        REMEMBER(tcp6, IPPROTO_IPV6, IPV6_V6ONLY);

    target_ready();
    target_wait();

    for (int i = 0; i < option_count; i++) {
        char value[64];
        socklen_t length = sizeof value;
        struct option *o = &options[i];
        EXPECT_EQ(o->what, 0, getsockopt(o->fd, o->level, o->name, value, &length));
        if (length != o->length || memcmp(value, o->value, length))
            DIFFERS("option %s of descriptor %d expected %d got %d", o->what, o->fd, *(int *)o->value, *(int *)value);
    }
    EXPECT_EQ("port of the TCP listener", ports[0], port_of(tcp));
    EXPECT_EQ("port of the bound TCP socket", ports[1], port_of(tcp_bound));
    EXPECT_EQ("port of the UDP socket", ports[2], port_of(udp));
    EXPECT_EQ("port of the connected UDP socket", ports[3], port_of(udp_connected));
    EXPECT("TCP listener does not block", fcntl(tcp, F_GETFL) & O_NONBLOCK);

    struct sockaddr_in address = inet(ports[0]);
    EXPECT("nothing to accept yet", accept(tcp, NULL, NULL) == -1 && errno == EAGAIN);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ("connection to the listener", 0, connect(client, (struct sockaddr *)&address, sizeof address));
    EXPECT_EQ("epoll reports the listener", 1, epoll_wait(ep, &got, 1, 5000));
    EXPECT_EQ("its data", 0xabc, got.data.u64);
    close(accept(tcp, NULL, NULL));
    close(client);
    expect_connection("TCP listener", tcp, AF_INET, &address, sizeof address);
    if (tcp6 >= 0)
        expect_connection("TCP listener over IPv6", tcp6, AF_INET6, &address6, sizeof address6);
    EXPECT_EQ("bound TCP socket can listen", 0, listen(tcp_bound, 1));
    address = inet(ports[1]);
    expect_connection("bound TCP socket", tcp_bound, AF_INET, &address, sizeof address);
    address = inet(ports[0]);
    EXPECT_EQ("fresh TCP socket can connect", 0, connect(tcp_fresh, (struct sockaddr *)&address, sizeof address));

    EXPECT_EQ("connected UDP socket sends", 4, send(udp_connected, "udp!", 4, 0));
    struct sockaddr_in sender = { 0 };
    socklen_t sender_length = sizeof sender;
    char buffer[16] = "";
    EXPECT_EQ("UDP socket receives", 4, recvfrom(udp, buffer, sizeof buffer, 0, (struct sockaddr *)&sender, &sender_length));
    EXPECT_EQ("sender of the datagram", ports[3], ntohs(sender.sin_port));
    EXPECT_EQ("fresh UDP socket sends", 4, sendto(udp_fresh, "more", 4, 0, (struct sockaddr *)&udp_address, sizeof udp_address));
    EXPECT_EQ("UDP socket receives again", 4, recv(udp, buffer, sizeof buffer, 0));

    expect_connection("UNIX listener with a path", unix_path, AF_UNIX, &path_address, path_length);
    expect_connection("UNIX listener with an abstract name", unix_abstract, AF_UNIX, &abstract_address, abstract_length);
    client = socket(AF_UNIX, SOCK_DGRAM, 0);
    EXPECT_EQ("UNIX datagram", 3, sendto(client, "dgm", 3, 0, (struct sockaddr *)&datagram_address, datagram_length));
    expect_message("UNIX datagram socket", unix_datagram, "dgm");

    expect_message("stream", stream[1], "there and there");
    expect_message("stream backwards", stream[0], "and back");
    expect_message("first datagram", datagram[1], "first");
    expect_message("second datagram", datagram[1], "second");
    expect_message("datagram backwards", datagram[0], "reply");
    expect_message("first packet", packet[0], "packet one");
    expect_message("second packet", packet[0], "packet two");
    expect_message("half-closed stream", half[1], "the end");
    EXPECT_EQ("its end", 0, recv(half[1], buffer, 1, MSG_DONTWAIT));
    EXPECT_EQ("its other direction", 4, send(half[1], "back", 4, MSG_NOSIGNAL));
    expect_message("half-closed stream backwards", half[0], "back");
    EXPECT("half-closed stream refuses to send", send(half[0], "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
    expect_message("stream whose peer is gone", lonely[1], "testament");
    EXPECT_EQ("its end", 0, recv(lonely[1], buffer, 1, MSG_DONTWAIT));
    EXPECT_EQ("idle pair sends", 4, send(idle[0], "idle", 4, 0));
    expect_message("idle pair", idle[1], "idle");
    EXPECT("datagram pair does not block", recv(datagram[0], buffer, 1, 0) == -1 && errno == EAGAIN);
    return target_finish();
}
