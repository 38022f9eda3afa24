/* Files that are open in unusual ways: O_PATH, O_TMPFILE, named pipes, entries of /proc, message queues, sealed memory. */
#include "target.h"
#include <dirent.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <linux/memfd.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

static char queue_name[64];

static void expect_link(const char *what, int fd, const char *expected)
{
    char path[64], target[4200] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(path, target, sizeof target - 1);
    target[n > 0 ? n : 0] = 0;
    EXPECT_STR(what, expected, target);
}

static void expect_text(const char *what, int fd, const char *expected)
{
    char buffer[256] = "";
    ssize_t n = read(fd, buffer, sizeof buffer - 1);
    EXPECT_EQ(what, (long long)strlen(expected), n);
    EXPECT_STR(what, expected, buffer);
}

static int hung_up(int fd)
{
    struct pollfd p = { fd, POLLIN, 0 };
    poll(&p, 1, 0);
    return (p.revents & POLLHUP) != 0;
}

static int netlink(int group)
{
    int fd = MUST(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)), on = 1;
    struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 0 };
    MUST(setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on));
    MUST(bind(fd, (struct sockaddr *)&address, sizeof address));
    if (group)
        MUST(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group));
    return fd;
}

static void expect_netlink(int fd)
{
    struct { struct nlmsghdr h; struct ifinfomsg i; } request = {
        { sizeof request, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 7, 0 }, { .ifi_family = AF_UNSPEC } };
    EXPECT_EQ("netlink sends", (long long)sizeof request, send(fd, &request, sizeof request, 0));
    char buffer[32768];
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    EXPECT("netlink answers", n > (ssize_t)sizeof(struct nlmsghdr) && ((struct nlmsghdr *)buffer)->nlmsg_seq == 7);
    int value = 0;
    socklen_t length = sizeof value;
    EXPECT_EQ("netlink option", 0, getsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &value, &length));
    EXPECT_EQ("NETLINK_EXT_ACK", 1, value);
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    int plain = MUST(open(target_path("plain"), O_RDWR | O_CREAT, 0600));
    MUST(write(plain, "plain text", 10));
    MUST(symlink("nowhere", target_path("link")));
    MUST(mkfifo(target_path("pipe"), 0600));
    MUST(mkfifo(target_path("reader"), 0600));
    MUST(mkfifo(target_path("lonely"), 0600));
    MUST(mkfifo(target_path("both"), 0600));
    int place = MUST(open(target_path("plain"), O_PATH)), link = MUST(open(target_path("link"), O_PATH | O_NOFOLLOW));
    int folder = MUST(open(target_dir, O_PATH | O_DIRECTORY)), pipe_place = MUST(open(target_path("pipe"), O_PATH | O_CLOEXEC));
    int nameless = MUST(open(target_dir, O_TMPFILE | O_RDWR, 0640));
    MUST(write(nameless, "without a name", 14));

    int both = MUST(open(target_path("both"), O_RDWR | O_NONBLOCK));
    int reader = MUST(open(target_path("reader"), O_RDONLY | O_NONBLOCK));
    int read_end = MUST(open(target_path("pipe"), O_RDONLY | O_NONBLOCK)), write_end = MUST(open(target_path("pipe"), O_WRONLY | O_CLOEXEC));
    int lonely_read = MUST(open(target_path("lonely"), O_RDONLY | O_NONBLOCK)), lonely = MUST(open(target_path("lonely"), O_WRONLY | O_NONBLOCK));
    MUST(fcntl(write_end, F_SETPIPE_SZ, 16384));
    MUST(write(write_end, "in the pipe", 11));
    MUST(write(both, "in both", 7));
    MUST(write(lonely, "left behind", 11));
    close(lonely);

    int maps = MUST(open("/proc/self/maps", O_RDONLY)), status = MUST(open("/proc/self/status", O_RDONLY)), memory = MUST(open("/proc/self/mem", O_RDWR));
    int own = MUST(open("/proc/self", O_RDONLY | O_DIRECTORY)), threads = MUST(open("/proc/self/task", O_RDONLY | O_DIRECTORY));
    MUST(lseek(memory, (off_t)(uintptr_t)queue_name, SEEK_SET));

    snprintf(queue_name, sizeof queue_name, "/lazyrestore-%d", getpid());
    struct mq_attr attributes = { .mq_maxmsg = 4, .mq_msgsize = 64 };
    mqd_t queue = MUST(mq_open(queue_name, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attributes));
    MUST(mq_send(queue, "urgent", 6, 9));

    int sealed = MUST(memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC)), future = MUST(memfd_create("future", MFD_ALLOW_SEALING));
    MUST(write(sealed, "sealed text", 11));
    MUST(fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
    MUST(ftruncate(future, PAGE));
    char *shared = MUST(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, future, 0));
    strcpy(shared, "mapped before");
    MUST(fcntl(future, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
    int route = netlink(RTNLGRP_LINK), quiet = netlink(0);

    target_ready();
    target_wait();

    struct stat there, here;
    EXPECT_EQ("fstat of a place", 0, fstat(place, &here) | stat(target_path("plain"), &there));
    EXPECT_EQ("inode of a place", there.st_ino, here.st_ino);
    EXPECT_EQ("a place cannot be read", -1, read(place, &there, 1));
    EXPECT_EQ("error of reading a place", EBADF, errno);
    EXPECT_EQ("flags of a place", O_PATH, fcntl(place, F_GETFL));
    char target[64] = "";
    EXPECT_EQ("readlink", 7, readlinkat(link, "", target, sizeof target));
    EXPECT_STR("link", "nowhere", target);
    EXPECT_EQ("directory of *at calls", 0, faccessat(folder, "plain", R_OK, 0));
    EXPECT_EQ("type of the pipe's place", 0, fstat(pipe_place, &here));
    EXPECT("is a pipe", S_ISFIFO(here.st_mode));

    EXPECT_EQ("offset of the nameless file", 14, lseek(nameless, 0, SEEK_CUR));
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", nameless);
    EXPECT_EQ("the nameless file gets a name", 0, linkat(AT_FDCWD, path, AT_FDCWD, target_path("named"), AT_SYMLINK_FOLLOW));
    EXPECT_STR("its content", "without a name", target_read(target_path("named"), NULL));
    EXPECT_EQ("its status", 0, stat(target_path("named"), &here));
    EXPECT_EQ("its mode", 0100640, here.st_mode);

    EXPECT_EQ("capacity", 16384, fcntl(read_end, F_GETPIPE_SZ));
    expect_text("pipe", read_end, "in the pipe");
    EXPECT_EQ("pipe is empty", -1, read(read_end, target, 1));
    EXPECT_EQ("error of the empty pipe", EAGAIN, errno);
    EXPECT_EQ("write", 4, write(write_end, "more", 4));
    expect_text("pipe again", read_end, "more");
    close(read_end);
    EXPECT_EQ("pipe breaks", -1, write(write_end, "x", 1));
    EXPECT_EQ("error of the broken pipe", EPIPE, errno);
    expect_text("two-way pipe", both, "in both");
    expect_text("pipe that was left", lonely_read, "left behind");
    EXPECT_EQ("its writers are gone", 1, hung_up(lonely_read));
    expect_text("its end", lonely_read, "");
    EXPECT_EQ("never had a writer", 0, hung_up(reader));
    int late = open(target_path("reader"), O_WRONLY | O_NONBLOCK);
    EXPECT_EQ("a writer comes", 4, write(late, "late", 4));
    expect_text("its reader", reader, "late");

    char line[32];
    snprintf(line, sizeof line, "Pid:\t%d\n", getpid());
    char buffer[8192] = "";
    EXPECT("status", read(status, buffer, sizeof buffer - 1) > 0 && strstr(buffer, line));
    memset(buffer, 0, sizeof buffer);
    EXPECT("maps", read(maps, buffer, sizeof buffer - 1) > 0 && strstr(buffer, "places"));
    memset(buffer, 0, sizeof buffer);
    EXPECT("memory", read(memory, buffer, sizeof queue_name) > 0);
    EXPECT_STR("what the memory file reads", queue_name, buffer);
    snprintf(path, sizeof path, "/proc/%d", getpid());
    expect_link("own directory", own, path);
    EXPECT_EQ("entry of the own directory", 0, faccessat(own, "status", R_OK, 0));
    snprintf(path, sizeof path, "%d", getpid());
    EXPECT_EQ("entry of the threads", 0, faccessat(threads, path, F_OK, 0));

    unsigned priority = 0;
    EXPECT_EQ("message", 6, mq_receive(queue, buffer, sizeof buffer, &priority));
    EXPECT_EQ("priority", 9, priority);
    EXPECT_EQ("queue does not wait", -1, mq_receive(queue, buffer, sizeof buffer, NULL));
    EXPECT_EQ("error of the queue", EAGAIN, errno);
    mq_unlink(queue_name);

    EXPECT_EQ("seals", F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL, fcntl(sealed, F_GET_SEALS));
    EXPECT_EQ("sealed", -1, pwrite(sealed, "x", 1, 0));
    EXPECT_EQ("content", 11, pread(sealed, buffer, sizeof buffer, 0));
    EXPECT_EQ("seals of the other", F_SEAL_FUTURE_WRITE, fcntl(future, F_GET_SEALS));
    EXPECT_STR("mapped before it was sealed", "mapped before", shared);
    strcpy(shared, "goes on");
    EXPECT_EQ("no more writing", -1, pwrite(future, "x", 1, 0));
    expect_netlink(route);
    expect_netlink(quiet);
    return target_finish();
}
