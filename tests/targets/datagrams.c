/* Datagrams that wait in UDP sockets, with the addresses they came from and went to. */
#include "target.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define LARGE 20001

static struct sockaddr_in inet(const char *address, int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
    inet_pton(AF_INET, address, &a.sin_addr);
    return a;
}

static int port_of(int fd)
{
    struct sockaddr_in6 address;
    socklen_t length = sizeof address;
    MUST(getsockname(fd, (struct sockaddr *)&address, &length));
    return ntohs(address.sin6_port);
}

static int bound(const char *address)
{
    int fd = MUST(socket(AF_INET, SOCK_DGRAM, 0));
    struct sockaddr_in a = inet(address, 0);
    MUST(bind(fd, (struct sockaddr *)&a, sizeof a));
    return fd;
}

static void send_to(int fd, const char *address, int port, const void *content, size_t length)
{
    struct sockaddr_in a = inet(address, port);
    MUST(sendto(fd, content, length, 0, (struct sockaddr *)&a, sizeof a));
}

/* What is received, from whom, and where it was sent to when that is asked for. */
static void expect(const char *what, int fd, const void *content, size_t length, int from, const char *to)
{
    static char buffer[1 << 16];
    char control[256];
    struct sockaddr_storage sender = { 0 };
    struct iovec vector = { buffer, sizeof buffer };
    struct msghdr message = { &sender, sizeof sender, &vector, 1, control, sizeof control, 0 };
    ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT);
    EXPECT_EQ(what, length, got);
    if (got == (ssize_t)length && memcmp(buffer, content, length))
        DIFFERS("%s: the content", what);
    EXPECT_EQ(what, from, ntohs(sender.ss_family == AF_INET ? ((struct sockaddr_in *)&sender)->sin_port : ((struct sockaddr_in6 *)&sender)->sin6_port));
    char address[64] = "none";
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
            inet_ntop(AF_INET, &((struct in_pktinfo *)CMSG_DATA(c))->ipi_addr, address, sizeof address);
    EXPECT_STR(what, to, address);
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    char *large = malloc(LARGE);
    for (int i = 0; i < LARGE; i++)
        large[i] = (char)(i * 7 + i / 256);

    int sender = bound("127.0.0.1"), stranger = bound("127.0.0.2");
    int from = port_of(sender), from_stranger = port_of(stranger);
    int plain = bound("127.0.0.1"), any = bound("0.0.0.0"), connected = bound("127.0.0.1"), empty = bound("127.0.0.1");
    int on = 1;
    MUST(setsockopt(any, IPPROTO_IP, IP_PKTINFO, &on, sizeof on));
    send_to(sender, "127.0.0.1", port_of(plain), "first", 5);
    send_to(stranger, "127.0.0.1", port_of(plain), large, LARGE);
    send_to(sender, "127.0.0.1", port_of(plain), "", 0);
    send_to(stranger, "127.0.0.1", port_of(plain), "last", 4);
    send_to(sender, "127.0.0.5", port_of(any), "to five", 7);
    send_to(stranger, "127.0.0.6", port_of(any), "to six", 6);
    send_to(stranger, "127.0.0.1", port_of(connected), "before", 6);
    struct sockaddr_in peer = inet("127.0.0.1", from);
    MUST(connect(connected, (struct sockaddr *)&peer, sizeof peer));
    send_to(sender, "127.0.0.1", port_of(connected), "after", 5);
    close(stranger);

    int six = socket(AF_INET6, SOCK_DGRAM, 0), from_six = 0;
    struct sockaddr_in6 address = { .sin6_family = AF_INET6 };
    if (six >= 0 && !bind(six, (struct sockaddr *)&address, sizeof address)) {
        int source = MUST(socket(AF_INET6, SOCK_DGRAM, 0));
        struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(port_of(six)), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        if (sendto(source, "over six", 8, 0, (struct sockaddr *)&to, sizeof to) == 8)
            from_six = port_of(source);
        close(source);
        send_to(sender, "127.0.0.1", port_of(six), "mapped", 6);
    }

    target_ready();
    target_wait();

    expect("first", plain, "first", 5, from, "none");
    expect("large", plain, large, LARGE, from_stranger, "none");
    expect("nothing", plain, "", 0, from, "none");
    expect("last", plain, "last", 4, from_stranger, "none");
    char byte;
    EXPECT("no more", recv(plain, &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    expect("to five", any, "to five", 7, from, "127.0.0.5");
    expect("to six", any, "to six", 6, from_stranger, "127.0.0.6");
    expect("from a stranger", connected, "before", 6, from_stranger, "none");
    expect("from the peer", connected, "after", 5, from, "none");
    if (six >= 0) {
        if (from_six)
            expect("over IPv6", six, "over six", 8, from_six, "none");
        expect("mapped", six, "mapped", 6, from, "none");
    }
    EXPECT("nothing came to the empty one", recv(empty, &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    int offset = 0;
    socklen_t size = sizeof offset;
    EXPECT_EQ("peek offset", 0, getsockopt(plain, SOL_SOCKET, SO_PEEK_OFF, &offset, &size));
    EXPECT_EQ("it is off", -1, offset);
    send_to(sender, "127.0.0.1", port_of(plain), "new", 3);
    expect("a new one", plain, "new", 3, from, "none");
    return target_finish();
}
