// A process with one kind of state that an image cannot hold, named by its second argument. It touches DIR/ready when it has it.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static const char *directory;

static const char *in_directory(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static void connect_tcp(void)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t length = sizeof address;
    bind(listener, (struct sockaddr *)&address, sizeof address);
    listen(listener, 5);
    getsockname(listener, (struct sockaddr *)&address, &length);
    connect(client, (struct sockaddr *)&address, sizeof address);
}

static void send_descriptor(void)
{
    int pair[2], fd = 0;
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    char control[CMSG_SPACE(sizeof fd)] = { 0 };
    struct iovec data = { "x", 1 };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    sendmsg(pair[0], &message, 0);
}

static void ask_for_links(void)
{
    struct { struct nlmsghdr head; struct ifinfomsg body; } request = { { sizeof request, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 } };
    send(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), &request, sizeof request, 0);
}

static void filter_calls(void)
{
    struct sock_filter ask[] = {
        { BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 }, { BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_getppid }, { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_USER_NOTIF },
        { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW },
    };
    struct sock_fprog program = { 4, ask };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

// Objects that go when the test ends: a process that is no child of ours uses them too, and removes them.
static void use_system_v(const char *what)
{
    int segment = shmget(IPC_PRIVATE, 8192, 0600), set = semget(IPC_PRIVATE, 2, 0600), queue = msgget(IPC_PRIVATE, 0600);
    char *mapped = shmat(segment, NULL, 0);
    shmctl(segment, IPC_RMID, NULL);
    struct sembuf add = { 0, 1, strcmp(what, "undo") == 0 ? SEM_UNDO : 0 }, add_more = { 1, 1, 0 };
    struct { long type; char text[4]; } message = { 1, "ab" };
    semop(set, &add, 1);
    msgsnd(queue, &message, 2, 0);
    int used[2];
    pipe(used);
    if (fork() == 0) {
        if (fork() == 0) {
            if (strcmp(what, "segment") != 0)
                shmdt(mapped);
            if (strcmp(what, "semaphores") == 0)
                semop(set, &add_more, 1);
            if (strcmp(what, "queue") == 0)
                msgrcv(queue, &message, 2, 0, 0);
            close(used[0]);
            close(used[1]);
            while (access(in_directory("."), F_OK) == 0)
                usleep(10000);
            semctl(set, 0, IPC_RMID);
            msgctl(queue, IPC_RMID, NULL);
        }
        _exit(0);
    }
    wait(NULL);
    close(used[1]);
    read(used[0], &message, 1); // ends when the other has done so
    close(used[0]);
    if (strcmp(what, "part") == 0)
        munmap(mapped, 4096);
}

static void make_terminal(int ends[2])
{
    ends[0] = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    ioctl(ends[0], TIOCSPTLCK, &(int){ 0 });
    ends[1] = ioctl(ends[0], TIOCGPTPEER, O_RDWR | O_NOCTTY);
}

int main(int argc, char **argv)
{
    (void)argc;
    directory = argv[1];
    const char *what = argv[2];
    close_range(3, ~0U, 0);
    int ends[2];
    if (strcmp(what, "tcp") == 0)
        connect_tcp();
    else if (strcmp(what, "child") == 0 && fork() == 0) {
        while (access(in_directory("."), F_OK) == 0)
            usleep(10000);
        _exit(0);
    } else if (strcmp(what, "inotify") == 0)
        inotify_add_watch(inotify_init(), directory, IN_CREATE); // the file that says ready is an event
    else if (strcmp(what, "segment") == 0 || strcmp(what, "semaphores") == 0 || strcmp(what, "queue") == 0 || strcmp(what, "part") == 0 || strcmp(what, "undo") == 0)
        use_system_v(what);
    else if (strcmp(what, "seccomp-listener") == 0)
        filter_calls();
    else if (strcmp(what, "outside-pipe") == 0 || strcmp(what, "stream") == 0) {
        pipe(ends);
        if (fork() == 0) {
            // A grandchild inherits one end; its parent ends, so it is no child of ours.
            if (fork() == 0) {
                close(ends[1]);
                while (access(in_directory("."), F_OK) == 0)
                    usleep(10000);
            }
            _exit(0);
        }
        close(ends[0]);
        wait(NULL);
        if (strcmp(what, "stream") == 0) {
            dup2(ends[1], 1);
            dup2(ends[1], 2);
            close(ends[1]);
        }
    } else if (strcmp(what, "traced") == 0) {
        pid_t self = getpid();
        if (fork() == 0) {
            // The tracer's parent ends, so it is no child of ours.
            if (fork() == 0) {
                while (access(in_directory("alone"), F_OK) != 0)
                    usleep(1000);
                ptrace(PTRACE_SEIZE, self, 0, 0);
                close(open(in_directory("ready"), O_CREAT | O_WRONLY, 0600));
                while (access(in_directory("."), F_OK) == 0)
                    usleep(10000);
            }
            _exit(0);
        }
        wait(NULL);
        close(open(in_directory("alone"), O_CREAT | O_WRONLY, 0600));
        for (;;)
            pause();
    } else if (strcmp(what, "fifo") == 0) {
        mkfifo(in_directory("fifo"), 0600);
        open(in_directory("fifo"), O_RDWR);
        if (fork() == 0) {
            if (fork() == 0) {
                while (access(in_directory("."), F_OK) == 0)
                    usleep(10000);
            }
            _exit(0);
        }
        wait(NULL);
    } else if (strcmp(what, "moved") == 0) {
        open(in_directory("old"), O_CREAT | O_RDWR, 0600);
        char old[4096];
        strcpy(old, in_directory("old"));
        link(old, in_directory("new"));
        unlink(old);
    } else if (strcmp(what, "in-flight") == 0)
        send_descriptor();
    else if (strcmp(what, "netlink") == 0)
        ask_for_links();
    else if (strcmp(what, "packet") == 0)
        socket(AF_PACKET, SOCK_RAW, 0);
    else if (strcmp(what, "pidfd") == 0)
        syscall(SYS_pidfd_open, 1, 0);
    else if (strcmp(what, "userfaultfd") == 0)
        syscall(SYS_userfaultfd, 0);
    else if (strcmp(what, "hugetlb") == 0)
        syscall(SYS_memfd_create, "huge", 4U);
    else if (strcmp(what, "terminal") == 0) {
        make_terminal(ends);
        if (fork() == 0) {
            if (fork() == 0) {
                close(ends[0]);
                while (access(in_directory("."), F_OK) == 0)
                    usleep(10000);
            }
            _exit(0);
        }
        wait(NULL);
    } else if (strcmp(what, "held") == 0) {
        make_terminal(ends);
        write(ends[1], "held", 4);
        tcflow(ends[1], TCOOFF);
    } else if (strcmp(what, "news") == 0) {
        make_terminal(ends);
        ioctl(ends[0], TIOCPKT, &(int){ 1 });
        tcflush(ends[1], TCIOFLUSH);
    }
    else if (strcmp(what, "guard") == 0) {
        char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        madvise(page, 4096, 102);
    } else if (strcmp(what, "directory") == 0) {
        mkdir(in_directory("gone"), 0700);
        chdir(in_directory("gone"));
        rmdir(in_directory("gone"));
    }
    close(open(in_directory("ready"), O_CREAT | O_WRONLY, 0600));
    for (;;)
        pause();
}
