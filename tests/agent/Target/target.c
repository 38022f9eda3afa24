// A process whose memory is served: does what it is told over a socket, one line each, and answers with a line.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define WORDS (PAGE / 8)
#define FEATURE_POISON (1ul << 14)
#define FEATURES \
    (UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP | UFFD_FEATURE_EVENT_REMOVE | UFFD_FEATURE_EVENT_UNMAP | FEATURE_POISON)

static const char *path;
static FILE *in, *out;
static uint64_t base, pages;
static atomic_long bad;

static void fail(const char *what)
{
    perror(what);
    _exit(1);
}

static void say_hello(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail("connect");
    in = fdopen(fd, "r");
    out = fdopen(dup(fd), "w");
}

// 'i': the image's page of that address, 'w': written by us, '0': zero, '?': none of these.
static char kind_of(const volatile uint64_t *page, uint64_t image)
{
    uint64_t first = page[0];
    char kind = first == 0 ? '0' : first == 0x77 ? 'w' : first == (image ^ 0x5A5A) ? 'i' : '?';
    for (uint64_t i = 0; i < WORDS; i++) {
        uint64_t expected = kind == 'i' ? (image + i * 8) ^ 0x5A5A : first;
        if (page[i] != expected)
            return '?';
    }
    return kind;
}

static __thread sigjmp_buf on_bus_error;

static void bus_error(int signal)
{
    siglongjmp(on_bus_error, signal);
}

// As above, and 'b': who touches it gets SIGBUS.
static char kind_or_signal(const volatile uint64_t *page, uint64_t image)
{
    return sigsetjmp(on_bus_error, 1) ? 'b' : kind_of(page, image);
}

static int dense;

// As the test makes images: every seventh page is not stored, unless it is dense.
static char expected(uint64_t page)
{
    return !dense && page % 7 == 3 ? '0' : 'i';
}

static void *walk(void *seed)
{
    unsigned state = (unsigned)(uintptr_t)seed;
    for (int i = 0; i < 4000; i++) {
        uint64_t page = rand_r(&state) % (pages / 2), image = base + page * PAGE;
        if (kind_of((void *)image, image) != expected(page))
            bad++;
    }
    return NULL;
}

// Drops the upper half piece by piece while others fault, which makes the kernel put placements off.
static void *churn(void *unused)
{
    for (uint64_t page = pages / 2; page < pages; page += 4) {
        void *address = (void *)(base + page * PAGE);
        if (madvise(address, 4 * PAGE, MADV_DONTNEED) < 0)
            fail("madvise");
        if (kind_of(address, base + page * PAGE) != '0')
            bad++;
    }
    return unused;
}

static long storm(void)
{
    pthread_t threads[4];
    pthread_create(&threads[0], NULL, churn, NULL);
    for (uintptr_t i = 1; i < 4; i++)
        pthread_create(&threads[i], NULL, walk, (void *)i);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    return bad;
}

// What each page of the upper half has to be: its kind, and the image page it came from.
static char kinds[1 << 16];
static uint64_t images[1 << 16];
static unsigned dice;

static void *address_of(uint64_t page)
{
    return (void *)(base + page * PAGE);
}

static int roll(int sides)
{
    return rand_r(&dice) % sides;
}

static void check(uint64_t page, uint64_t count)
{
    for (; count > 0; count--, page++) {
        char kind = kind_of(address_of(page), base + images[page] * PAGE);
        if (kind != kinds[page]) {
            fprintf(stderr, "page %lu is '%c' instead of '%c' of %lu, pid %d\n", page, kind, kinds[page], images[page], getpid());
            bad++;
        }
    }
}

static void overwrite(uint64_t page, uint64_t count)
{
    for (uint64_t i = 0; i < count * WORDS; i++)
        ((volatile uint64_t *)address_of(page))[i] = 0x77;
    memset(kinds + page, 'w', count);
}

static void move(void *from, void *to, uint64_t count)
{
    if (mremap(from, count * PAGE, count * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
        fail("mremap");
}

static void swap(uint64_t a, uint64_t b, uint64_t count)
{
    void *aside = (void *)(base + (1ul << 32));
    move(address_of(a), aside, count);
    move(address_of(b), address_of(a), count);
    move(aside, address_of(b), count);
    for (uint64_t i = 0; i < count; i++) {
        char kind = kinds[a + i];
        uint64_t image = images[a + i];
        kinds[a + i] = kinds[b + i], images[a + i] = images[b + i];
        kinds[b + i] = kind, images[b + i] = image;
    }
}

static void fork_and_check(uint64_t page, uint64_t count)
{
    pid_t child = fork();
    if (child == 0) {
        bad = 0;
        check(page, count);
        if (madvise(address_of(page), PAGE, MADV_DONTNEED) < 0)
            fail("madvise");
        kinds[page] = '0';
        check(pages / 2 + roll(pages / 2 - 64), 64);
        _exit(bad != 0);
    }
    overwrite(page, 1);
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child)
        fail("fork");
    if (status != 0)
        bad++;
}

// Touches, drops, moves, replaces and, when asked to, forks at random, and checks every byte that it meets.
static long torture(unsigned seed, uint64_t steps, int forks)
{
    dice = seed;
    for (uint64_t page = 0; page < pages; page++)
        kinds[page] = expected(page), images[page] = page;
    pthread_t walker;
    pthread_create(&walker, NULL, walk, (void *)(uintptr_t)seed);
    for (; steps > 0; steps--) {
        uint64_t half = pages / 2, count = 1 + roll(8), page = half + roll(half - count), other = half + roll(half - count);
        int what = roll(100);
        if (what < 60)
            check(page, 1);
        else if (what < 70)
            overwrite(page, count);
        else if (what < 80) {
            if (madvise(address_of(page), count * PAGE, MADV_DONTNEED) < 0)
                fail("madvise");
            memset(kinds + page, '0', count);
        } else if (what < 95) {
            // The moved pieces must each be one mapping, whose neighbours may come from elsewhere.
            if (page + 1 <= other || other + 1 <= page)
                swap(page, other, 1);
        } else if (what < 98) {
            if (mmap(address_of(page), count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
                fail("mmap");
            memset(kinds + page, '0', count);
        } else if (forks)
            fork_and_check(page, count);
    }
    pthread_join(walker, NULL);
    check(pages / 2, pages / 2);
    return bad;
}

#define EXTENT (512 * PAGE)
#define SLOTS 3

// The memory that a mover shares with the agent, MoverLayout in the agent.
struct shared {
    char data[SLOTS][EXTENT];
    uint32_t gate;
    char header[252];
    struct slot {
        uint32_t state, cancelled;
        uint64_t length, destination, source, call, arguments[6];
        int64_t result;
        char request[160];
    } slots[SLOTS];
};

static struct shared *shared;
static int done;

static void execute(struct slot *slot)
{
    memcpy((void *)slot->destination, (void *)slot->source, slot->length);
    for (uint32_t open = 0; !__atomic_compare_exchange_n(&shared->gate, &open, 2, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); open = 0)
        usleep(20);
    long result = -125;
    if (!__atomic_load_n(&slot->cancelled, __ATOMIC_SEQ_CST)) {
        uint64_t *a = slot->arguments;
        result = syscall(slot->call, a[0], a[1], a[2], a[3], a[4], a[5]);
        slot->result = result < 0 ? -errno : result;
    } else
        slot->result = result;
    __atomic_store_n(&shared->gate, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&slot->state, 2, __ATOMIC_SEQ_CST);
    uint64_t one = 1;
    if (write(done, &one, sizeof one) < 0)
        fail("write");
}

static void *work(void *unused)
{
    for (;; usleep(20))
        for (int i = 0; i < SLOTS; i++)
            if (__atomic_load_n(&shared->slots[i].state, __ATOMIC_SEQ_CST) == 1)
                execute(&shared->slots[i]);
    return unused;
}

static void *code;
static char code_stack[1 << 14] __attribute__((aligned(16)));

// The mover's machine code, and the eventfd that tells it of commands.
static long load_code(uint64_t agent, uint64_t file, uint64_t commands)
{
    int process = syscall(SYS_pidfd_open, agent, 0);
    code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, syscall(SYS_pidfd_getfd, process, (int)file, 0), 0);
    if (code == MAP_FAILED)
        fail("code");
    return syscall(SYS_pidfd_getfd, process, (int)commands, 0);
}

// A task of its own, as in a restored process; it ends with us.
static int run_code(void *unused)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    __asm__ volatile("mov %1, %%rbp; jmp *%2" : : "b"(&shared->gate), "a"(&shared->slots[SLOTS]), "c"(code) : "memory");
    return unused != NULL;
}

// Has a device hold on to the pages of the stage, as long as we live.
static long pin_stage(void)
{
    char *stage = (char *)0x500010000000;
    struct io_uring_params params = { 0 };
    struct iovec buffer = { stage, SLOTS * EXTENT };
    memset(stage, 1, SLOTS * EXTENT);
    int ring = syscall(SYS_io_uring_setup, 1, &params);
    return ring < 0 ? -1 : syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &buffer, 1);
}

// Makes everything ready for a mover, and starts a thread that works as one unless there is code for it. Answers with the numbers here of
// the userfaultfd and, 16 bits higher, of the eventfd that tells of finished commands.
static long start_mover(uint64_t agent, uint64_t memory, uint64_t others)
{
    int process = syscall(SYS_pidfd_open, agent, 0);
    int memory_fd = syscall(SYS_pidfd_getfd, process, (int)memory, 0), fault = syscall(SYS_pidfd_getfd, process, (int)(others >> 32), 0);
    done = syscall(SYS_pidfd_getfd, process, (int)others, 0);
    char *stage = (char *)0x500010000000;
    shared = mmap((void *)0x500000000000, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memory_fd, 0);
    if (shared == MAP_FAILED || fault < 0 || done < 0
        || mmap(stage, SLOTS * EXTENT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED
        || madvise(stage, SLOTS * EXTENT, MADV_HUGEPAGE) || madvise(stage, SLOTS * EXTENT, MADV_DONTFORK))
        fail("mover");
    pthread_t thread;
    if (code == NULL)
        pthread_create(&thread, NULL, work, NULL);
    return fault | done << 16;
}

static void obey(const char *verb, uint64_t a, uint64_t b, uint64_t c)
{
    if (!strcmp(verb, "verify")) {
        for (uint64_t i = 0; i < b; i++)
            fputc(kind_or_signal((void *)(a + i * PAGE), c + i * PAGE), out);
        fputc('\n', out);
        return;
    }
    if (!strcmp(verb, "fork")) {
        pid_t child = fork();
        if (child == 0)
            say_hello();
        fprintf(out, "%d\n", child == 0 ? getpid() : child);
        return;
    }
    long result = -1;
    if (!strcmp(verb, "drop"))
        result = madvise((void *)a, b, MADV_DONTNEED);
    else if (!strcmp(verb, "unmap"))
        result = munmap((void *)a, b);
    else if (!strcmp(verb, "protect"))
        result = mprotect((void *)a, b, PROT_READ);
    else if (!strcmp(verb, "remap"))
        result = mremap((void *)a, b, b, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)c) == (void *)c ? 0 : -1;
    else if (!strcmp(verb, "mover"))
        result = start_mover(a, b, c);
    else if (!strcmp(verb, "code"))
        result = load_code(a, b, c);
    else if (!strcmp(verb, "run"))
        result = clone(run_code, code_stack + sizeof code_stack, CLONE_VM | CLONE_FILES | SIGCHLD, NULL) < 0;
    else if (!strcmp(verb, "pin"))
        result = pin_stage();
    else if (!strcmp(verb, "storm"))
        result = storm();
    else if (!strcmp(verb, "torture"))
        dense = c & 2, result = torture(a, b, c & 1);
    else if (!strcmp(verb, "write")) {
        for (uint64_t i = 0; i < b * WORDS; i++)
            ((volatile uint64_t *)a)[i] = 0x77;
        result = 0;
    }
    fprintf(out, "%ld\n", result);
}

int main(int argc, char **argv)
{
    signal(SIGBUS, bus_error);
    if (argc < 4)
        return 2;
    path = argv[1];
    base = strtoull(argv[2], NULL, 16);
    pages = strtoull(argv[3], NULL, 10);
    if (mmap((void *)base, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
        fail("mmap");
    int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
    struct uffdio_api api = { .api = UFFD_API, .features = FEATURES };
    if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0)
        fail("userfaultfd");
    struct uffdio_register range = { .range = { base, pages * PAGE }, .mode = UFFDIO_REGISTER_MODE_MISSING };
    if (ioctl(fd, UFFDIO_REGISTER, &range) < 0)
        fail("UFFDIO_REGISTER");
    say_hello();
    fprintf(out, "%d\n", fd);
    fflush(out);
    char line[256], verb[32];
    while (fgets(line, sizeof line, in)) {
        uint64_t a = 0, b = 0, c = 0;
        if (!strncmp(line, "close", 5)) {
            close(fd);
            fprintf(out, "0\n");
        } else if (sscanf(line, "%31s %lx %lx %lx", verb, &a, &b, &c) >= 1)
            obey(verb, a, b, c);
        fflush(out);
    }
    return 0;
}
