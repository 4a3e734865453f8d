// Processes and signal handlers that use floating-point, LSX and LASX registers side by side: each keeps all of its own.
// Elsewhere than on LoongArch (and where the compiler has no LASX) the program only says what it would say.
#define _GNU_SOURCE
#include "corpus.h"
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__loongarch__) && (!defined(__clang__) || defined(__loongarch_asx))
#include <asm/sigcontext.h>
#include <sys/syscall.h>

enum unit { FLOAT, LSX, LASX, UNITS };
static const size_t widths[] = {8, 16, 32};
struct state {
    unsigned char vector[32][32];
    uint64_t conditions, control;
} __attribute__((aligned(32)));

#define ALL "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define ACCESS(INSTRUCTION, P)                                                                                         \
    __asm__ volatile(".irp n," ALL "\n\t" INSTRUCTION "\\n, %0, 32 * \\n\n\t.endr" : : "r"(P) : "memory")

static inline __attribute__((always_inline)) void load(const struct state *s, enum unit unit)
{
    if (unit == LASX)
        ACCESS("xvld $xr", s);
    else if (unit == LSX)
        ACCESS("vld $vr", s);
    else
        ACCESS("fld.d $f", s);
    __asm__ volatile(".irp n,0,1,2,3,4,5,6,7\n\tsrli.d $t0, %0, 8 * \\n\n\tandi $t0, $t0, 1\n\tmovgr2cf $fcc\\n, $t0\n\t.endr\n\t"
                     "movgr2fcsr $fcsr0, %1" : : "r"(s->conditions), "r"(s->control) : "t0");
}

static inline __attribute__((always_inline)) void store(struct state *s, enum unit unit)
{
    if (unit == LASX)
        ACCESS("xvst $xr", s);
    else if (unit == LSX)
        ACCESS("vst $vr", s);
    else
        ACCESS("fst.d $f", s);
    s->conditions = 0;
    __asm__ volatile(".irp n,0,1,2,3,4,5,6,7\n\tmovcf2gr $t0, $fcc\\n\n\tslli.d $t0, $t0, 8 * \\n\n\tor %0, %0, $t0\n\t.endr\n\t"
                     "movfcsr2gr %1, $fcsr0" : "+r"(s->conditions), "=r"(s->control) : : "t0");
}

static void fill(struct state *s, enum unit unit, uint64_t seed)
{
    memset(s, 0, sizeof *s);
    for (int i = 0; i < 32; i++)
        for (size_t j = 0; j < widths[unit]; j++)
            s->vector[i][j] = (unsigned char)random_next(&seed);
    s->conditions = random_next(&seed) & 0x0101010101010101;
    s->control = (random_next(&seed) & 3) << 8 | (random_next(&seed) & 31) << 16;
}

// Nothing but these instructions runs between loading and storing, and they end in the kernel.
static inline __attribute__((always_inline)) void system_call(long number, long a, long b)
{
    register long a7 __asm__("a7") = number, a0 __asm__("a0") = a, a1 __asm__("a1") = b;
    __asm__ volatile("syscall 0" : "+r"(a0) : "r"(a7), "r"(a1)
                     : "memory", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8");
}

static void __attribute__((noinline)) spin(long n)
{
    __asm__ volatile("1: addi.d %0, %0, -1\n\tbnez %0, 1b" : "+r"(n));
}

#define KEEPING(UNIT)                                                                                                  \
    load(&put, UNIT);                                                                                                  \
    for (int n = 0; n < 3; n++)                                                                                        \
        system_call(SYS_sched_yield, 0, 0);                                                                            \
    spin(20000);                                                                                                       \
    store(&got, UNIT)

static int keep(enum unit unit, uint64_t seed)
{
    struct state put, got;
    for (int round = 0; round < 100; round++) {
        fill(&put, unit, seed + (uint64_t)round * 64);
        memset(&got, 0, sizeof got);
        if (unit == LASX) {
            KEEPING(LASX);
        } else if (unit == LSX) {
            KEEPING(LSX);
        } else {
            KEEPING(FLOAT);
        }
        __asm__ volatile("movgr2fcsr $fcsr0, $zero");
        if (memcmp(&put, &got, sizeof put))
            return 1;
    }
    return 0;
}

static void switches(int *lost)
{
    enum { CHILDREN = 9 };
    for (int i = 0; i < CHILDREN; i++)
        if (!fork())
            _exit(keep((enum unit)(i % UNITS), (uint64_t)i));
    for (int i = 0, status; i < CHILDREN; i++)
        CHECK(wait(&status) > 0), *lost += status != 0;
}

static struct state put, got;
static int found_in_frame, contexts;

// Looks the interrupted registers up in the frame, changes one of them, and destroys the processor's.
static void look(int number, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    struct sctx_info *record = (struct sctx_info *)((struct sigcontext *)&u->uc_mcontext)->sc_extcontext;
    (void)number, (void)info;
    for (; record->magic; record = (struct sctx_info *)((char *)record + record->size)) {
        contexts++;
        if (record->magic != LASX_CTX_MAGIC)
            continue;
        struct lasx_context *lasx = (struct lasx_context *)(record + 1);
        found_in_frame += !memcmp(lasx->regs, put.vector, sizeof put.vector) && lasx->fcc == put.conditions
                          && lasx->fcsr == put.control;
        memset((char *)lasx->regs + 32 * 17, 0xa5, 32);
    }
    struct state other;
    fill(&other, LASX, 999);
    other.control = 0;
    load(&other, LASX);
}

static void frames(int *changed)
{
    struct sigaction action = {.sa_sigaction = look, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    for (int round = 0; round < 50; round++) {
        fill(&put, LASX, (uint64_t)round);
        long process = getpid();
        load(&put, LASX);
        system_call(SYS_kill, process, SIGUSR1);
        store(&got, LASX);
        __asm__ volatile("movgr2fcsr $fcsr0, $zero");
        memset(put.vector[17], 0xa5, 32);
        *changed += !memcmp(&put, &got, sizeof put);
    }
}
#else
static int found_in_frame = 50, contexts = 50;
static void switches(int *lost) { *lost = 0; }
static void frames(int *changed) { *changed = 50; }
#endif

PROGRAM(registers)
{
    int lost = 0, changed = 0;
    fflush(stdout);
    switches(&lost);
    printf("%d of 9 processes lost registers\n", lost);
    frames(&changed);
    printf("%d frames, %d right, %d returns right\n", contexts, found_in_frame, changed);
}
