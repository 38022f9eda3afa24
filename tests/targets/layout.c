/* The heap and the stack still grow, and the kernel still knows where the program's parts are. */
#include "target.h"
#include <alloca.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

extern char **environ;

static void numbers_of(const char *stat, unsigned long *fields)
{
    const char *p = strrchr(stat, ')') + 2;
    for (int i = 3; i <= 52; i++) {
        fields[i] = strtoul(p, NULL, 10);
        p = strchr(p, ' ');
        if (!p++)
            break;
    }
}

static int __attribute__((noinline)) dig(int depth)
{
    volatile char frame[4000];
    memset((char *)frame, depth, sizeof frame);
    int wrong = depth ? dig(depth - 1) : 0;
    for (size_t i = 0; i < sizeof frame; i += 97)
        wrong += frame[i] != (char)depth;
    return wrong;
}

static void __attribute__((noinline)) body(int argc, char **argv)
{
    /* 64 pages of the stack in use. */
    char *stack = alloca(66 * PAGE);
    stack = (char *)(((uintptr_t)stack + PAGE - 1) & ~(PAGE - 1));
    for (int i = 0; i < 64; i++)
        target_fill(stack + i * PAGE, 300 + i);

    void *brk_before = sbrk(0);
    char *grown = MUST(sbrk(40 * PAGE));
    for (int i = 0; i < 20; i++)
        target_fill(grown + i * PAGE, 400 + i);
    char *blocks[64];
    for (int i = 0; i < 64; i++)
        memset(blocks[i] = malloc(1000 + 5000 * i), i, 1000 + 5000 * i);

    size_t length, length_after;
    char *cmdline = target_read("/proc/self/cmdline", &length), *environment, *auxv, exe[4096] = "", exe_after[4096] = "";
    environment = target_read("/proc/self/environ", NULL);
    size_t auxv_length, auxv_length_after;
    auxv = target_read("/proc/self/auxv", &auxv_length);
    (void)!readlink("/proc/self/exe", exe, sizeof exe - 1);
    unsigned long before[64] = { 0 }, after[64] = { 0 };
    numbers_of(target_read("/proc/self/stat", NULL), before);
    char *variable = getenv("HOME");
    void *top = sbrk(0);

    target_ready();
    target_wait();

    for (int i = 0; i < 64; i++)
        expect_page("stack", i, stack + i * PAGE, 300 + i);
    EXPECT_EQ("deep recursion", 0, dig(1500));
    EXPECT_EQ("program break", (intptr_t)top, (intptr_t)sbrk(0));
    for (int i = 0; i < 40; i++)
        expect_page("heap", i, grown + i * PAGE, i < 20 ? 400 + i : 0);
    for (int i = 0; i < 64; i++)
        for (int j = 0; j < 1000 + 5000 * i; j++)
            if (blocks[i][j] != i) {
                DIFFERS("heap block %d at %d got %d", i, j, blocks[i][j]);
                break;
            }
    char *more = sbrk(8 << 20);
    EXPECT_EQ("the heap grows from its end", (intptr_t)top, (intptr_t)more);
    if (more == top) {
        for (long i = 0; i < (8 << 20) / (long)PAGE; i++)
            expect_page("grown heap", i, more + i * PAGE, 0);
        memset(more, 1, 8 << 20);
        EXPECT("the heap shrinks", sbrk(-(8 << 20)) != (void *)-1);
    }
    EXPECT("the heap lies above where it was", brk_before < sbrk(0));
    for (int i = 0; i < 64; i++)
        free(blocks[i]);
    char *big = malloc(32 << 20);
    memset(big, 5, 32 << 20);
    free(big);

    char *cmdline_after = target_read("/proc/self/cmdline", &length_after);
    EXPECT("command line", length == length_after && !memcmp(cmdline, cmdline_after, length));
    EXPECT_STR("environment", environment, target_read("/proc/self/environ", NULL));
    char *auxv_after = target_read("/proc/self/auxv", &auxv_length_after);
    EXPECT("auxiliary vector", auxv_length == auxv_length_after && !memcmp(auxv, auxv_after, auxv_length));
    (void)!readlink("/proc/self/exe", exe_after, sizeof exe_after - 1);
    EXPECT_STR("executable", exe, exe_after);
    numbers_of(target_read("/proc/self/stat", NULL), after);
    static const struct { int field; const char *name; } fields[] = {
        { 5, "process group" }, { 6, "session" }, { 18, "priority" }, { 19, "nice" }, { 26, "startcode" }, { 27, "endcode" }, { 28, "startstack" },
        { 45, "start_data" }, { 46, "end_data" }, { 47, "start_brk" }, { 48, "arg_start" }, { 49, "arg_end" }, { 50, "env_start" }, { 51, "env_end" },
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        EXPECT_EQ(fields[i].name, before[fields[i].field], after[fields[i].field]);
    EXPECT("argv", !strcmp(argv[argc - 1], "last argument") && argv[argc] == NULL);
    if (variable)
        EXPECT_STR("environment variable", variable, getenv("HOME"));
    EXPECT_EQ("random bytes of the auxiliary vector can be read", 1, *(volatile char *)getauxval(AT_RANDOM) | 1 ? 1 : 0);
    struct timespec now;
    EXPECT_EQ("vDSO answers", 0, clock_gettime(CLOCK_REALTIME, &now));
    struct timespec direct;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &direct);
    EXPECT("vDSO and kernel agree", direct.tv_sec - now.tv_sec >= 0 && direct.tv_sec - now.tv_sec < 5);
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    body(argc, argv);
    return target_finish();
}
