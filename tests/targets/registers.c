/* Threads spin in assembly with every register they have set to a known value. */
#include "target.h"
#include <asm/prctl.h>
#include <cpuid.h>

int spin_flag __attribute__((visibility("hidden")));
static int spinning;

#define GENERAL 15

/*
 * Loads rax rbx rcx rdx rsi rdi rbp r8..r15 from in, sets the direction flag, spins until spin_flag, and stores them to
 * out[0..14] and the flags to out[15].
 */
void spin_general(const uint64_t *in, uint64_t *out);
__asm__(
    ".text\n.type spin_general,@function\nspin_general:\n"
    "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rsi\n"
    "mov 0(%rdi),%rax; mov 8(%rdi),%rbx; mov 16(%rdi),%rcx; mov 24(%rdi),%rdx; mov 32(%rdi),%rsi\n"
    "mov 48(%rdi),%rbp; mov 56(%rdi),%r8; mov 64(%rdi),%r9; mov 72(%rdi),%r10; mov 80(%rdi),%r11\n"
    "mov 88(%rdi),%r12; mov 96(%rdi),%r13; mov 104(%rdi),%r14; mov 112(%rdi),%r15; mov 40(%rdi),%rdi\n"
    "std\n"
    "1: pause; cmpl $0, spin_flag(%rip); je 1b\n"
    "pushfq; cld\n"
    "push %r15; push %r14; push %r13; push %r12; push %r11; push %r10; push %r9; push %r8; push %rbp\n"
    "push %rdi; push %rsi; push %rdx; push %rcx; push %rbx; push %rax\n"
    "mov 128(%rsp),%rdi\n"
    "mov $16,%ecx\n"
    "2: pop (%rdi); add $8,%rdi; dec %ecx; jnz 2b\n"
    "pop %rsi; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n"
    ".size spin_general,.-spin_general\n");

/* in: eight 10-byte values; out: as many, then the control word at 80 and MXCSR at 84. */
void spin_x87(const unsigned char *in, unsigned char *out, const uint16_t *control, const uint32_t *mxcsr);
__asm__(
    ".text\n.type spin_x87,@function\nspin_x87:\n"
    "sub $8,%rsp; fnstcw (%rsp); stmxcsr 4(%rsp)\n"
    "fninit; fldcw (%rdx); ldmxcsr (%rcx)\n"
    "fldt 0(%rdi); fldt 10(%rdi); fldt 20(%rdi); fldt 30(%rdi); fldt 40(%rdi); fldt 50(%rdi); fldt 60(%rdi); fldt 70(%rdi)\n"
    "1: pause; cmpl $0, spin_flag(%rip); je 1b\n"
    "fnstcw 80(%rsi); stmxcsr 84(%rsi)\n"
    "fstpt 70(%rsi); fstpt 60(%rsi); fstpt 50(%rsi); fstpt 40(%rsi); fstpt 30(%rsi); fstpt 20(%rsi); fstpt 10(%rsi); fstpt 0(%rsi)\n"
    "fninit; fldcw (%rsp); ldmxcsr 4(%rsp); add $8,%rsp; ret\n"
    ".size spin_x87,.-spin_x87\n");

#define EACH16(f) f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12) f(13) f(14) f(15)
#define EACH32(f) EACH16(f) f(16) f(17) f(18) f(19) f(20) f(21) f(22) f(23) f(24) f(25) f(26) f(27) f(28) f(29) f(30) f(31)
#define STR_(x) #x
#define STR(x) STR_(x)

#define LOAD_XMM(n) "movdqu " STR(n) "*64(%rdi),%xmm" STR(n) "\n"
#define STORE_XMM(n) "movdqu %xmm" STR(n) "," STR(n) "*64(%rsi)\n"
#define LOAD_YMM(n) "vmovdqu " STR(n) "*64(%rdi),%ymm" STR(n) "\n"
#define STORE_YMM(n) "vmovdqu %ymm" STR(n) "," STR(n) "*64(%rsi)\n"
#define LOAD_ZMM(n) "vmovdqu64 " STR(n) "*64(%rdi),%zmm" STR(n) "\n"
#define STORE_ZMM(n) "vmovdqu64 %zmm" STR(n) "," STR(n) "*64(%rsi)\n"
#define LOAD_K(n) "kmovw 2048+" STR(n) "*2(%rdi),%k" STR(n) "\n"
#define STORE_K(n) "kmovw %k" STR(n) ",2048+" STR(n) "*2(%rsi)\n"
#define EACH_K(f) f(1) f(2) f(3) f(4) f(5) f(6) f(7)

#define SPIN(name, load, store) \
    void name(const unsigned char *in, unsigned char *out); \
    __asm__(".text\n.type " #name ",@function\n" #name ":\n" load \
        "1: pause; cmpl $0, spin_flag(%rip); je 1b\n" store "ret\n.size " #name ",.-" #name "\n")

SPIN(spin_sse, EACH16(LOAD_XMM), EACH16(STORE_XMM));
SPIN(spin_avx, EACH16(LOAD_YMM), EACH16(STORE_YMM) "vzeroupper\n");
SPIN(spin_avx512, EACH32(LOAD_ZMM) EACH_K(LOAD_K), EACH32(STORE_ZMM) EACH_K(STORE_K) "vzeroupper\n");

static unsigned char pattern(size_t i) { return (unsigned char)(target_word(7, i) >> 8); }

static void *general(void *unused)
{
    uint64_t in[GENERAL], out[GENERAL + 1];
    uint64_t gs = 0;
    for (int i = 0; i < GENERAL; i++)
        in[i] = target_word(77, i);
    syscall(SYS_arch_prctl, ARCH_SET_GS, 0x123456789000);
    __atomic_add_fetch(&spinning, 1, __ATOMIC_SEQ_CST);
    spin_general(in, out);
    static const char *names[] = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15" };
    for (int i = 0; i < GENERAL; i++)
        EXPECT_EQ(names[i], in[i], out[i]);
    EXPECT("direction flag is set", out[GENERAL] & 0x400);
    syscall(SYS_arch_prctl, ARCH_GET_GS, &gs);
    EXPECT_EQ("gs base", 0x123456789000, gs);
    return unused;
}

static void *x87(void *unused)
{
    unsigned char in[80], out[88];
    for (int i = 0; i < 8; i++) {
        long double value = 1.2345678901234567890L * (i + 1) * (i % 2 ? -1 : 1);
        memcpy(in + 10 * i, &value, 10);
    }
    uint16_t control = 0x0e7f; /* double precision, round towards zero */
    uint32_t mxcsr = 0xdfc0;   /* flush to zero, round down, denormals are zero */
    __atomic_add_fetch(&spinning, 1, __ATOMIC_SEQ_CST);
    spin_x87(in, out, &control, &mxcsr);
    for (int i = 0; i < 8; i++)
        if (memcmp(in + 10 * i, out + 10 * i, 10))
            DIFFERS("x87 register %d", i);
    EXPECT_EQ("x87 control word", control, *(uint16_t *)(out + 80));
    EXPECT_EQ("MXCSR", mxcsr, *(uint32_t *)(out + 84));
    return unused;
}

struct vectors {
    const char *name;
    void (*spin)(const unsigned char *, unsigned char *);
    int registers, width, masks;
};

static void *vectors(void *argument)
{
    struct vectors *v = argument;
    static __thread unsigned char in[2064], out[2064];
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = pattern(i);
    __atomic_add_fetch(&spinning, 1, __ATOMIC_SEQ_CST);
    v->spin(in, out);
    for (int r = 0; r < v->registers; r++)
        for (int b = 0; b < v->width; b++)
            if (in[r * 64 + b] != out[r * 64 + b]) {
                DIFFERS("%s register %d byte %d expected %02x got %02x", v->name, r, b, in[r * 64 + b], out[r * 64 + b]);
                break;
            }
    for (int k = 1; v->masks && k < 8; k++)
        EXPECT_EQ("mask register k1..k7", *(uint16_t *)(in + 2048 + 2 * k), *(uint16_t *)(out + 2048 + 2 * k));
    return NULL;
}

static int has_pkru(void)
{
    unsigned a, b, c = 0, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & (1 << 4));
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    struct vectors kinds[] = {
        { "xmm", spin_sse, 16, 16, 0 }, { "ymm", spin_avx, 16, 32, 0 }, { "zmm", spin_avx512, 32, 64, 1 },
    };
    pthread_t threads[5];
    int count = 0;
    MUST0(pthread_create(&threads[count++], NULL, general, NULL));
    MUST0(pthread_create(&threads[count++], NULL, x87, NULL));
    MUST0(pthread_create(&threads[count++], NULL, vectors, &kinds[0]));
    if (__builtin_cpu_supports("avx2"))
        MUST0(pthread_create(&threads[count++], NULL, vectors, &kinds[1]));
    if (__builtin_cpu_supports("avx512f"))
        MUST0(pthread_create(&threads[count++], NULL, vectors, &kinds[2]));
    while (__atomic_load_n(&spinning, __ATOMIC_SEQ_CST) < count)
        target_sleep(1000000);
    uint32_t pkru = 0x5555aaa4, got = 0, high = 0;
    if (has_pkru())
        __asm__ volatile(".byte 0x0f,0x01,0xef" ::"a"(pkru), "c"(0), "d"(0));

    target_ready();
    target_wait();

    if (has_pkru()) {
        __asm__ volatile(".byte 0x0f,0x01,0xee" : "=a"(got), "=d"(high) : "c"(0));
        EXPECT_EQ("PKRU", pkru, got);
    }
    __atomic_store_n(&spin_flag, 1, __ATOMIC_SEQ_CST);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    return target_finish();
}
