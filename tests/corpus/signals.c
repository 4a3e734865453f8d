// Signals: what the processor's exceptions become, what a handler learns, and that nothing is lost on the way back.
#define _GNU_SOURCE
#include "corpus.h"
#include <fenv.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile sig_atomic_t signals_seen, last_code;
static void *volatile last_address;

static void handle(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    CHECK(!sigaction(number, &action, NULL));
}

static void leave(int number, siginfo_t *info, void *context)
{
    (void)context;
    last_code = info->si_code, last_address = info->si_addr;
    siglongjmp(back, number);
}

static const char *name(int number)
{
    return number == SIGFPE ? "SIGFPE" : number == SIGSEGV ? "SIGSEGV" : number == SIGILL ? "SIGILL"
         : number == SIGBUS ? "SIGBUS" : number == SIGTRAP ? "SIGTRAP" : "another";
}

#define CATCHING(NUMBER, ACTION)                                                                                       \
    do {                                                                                                               \
        handle(NUMBER, leave, SA_NODEFER);                                                                             \
        int caught = sigsetjmp(back, 1);                                                                               \
        if (!caught) {                                                                                                 \
            ACTION;                                                                                                    \
            printf("nothing came\n");                                                                                  \
        } else {                                                                                                       \
            printf("%s ", name(caught));                                                                               \
        }                                                                                                              \
    } while (0)

PROGRAM(faults)
{
    long page = sysconf(_SC_PAGESIZE);
    char *area = mmap(NULL, 4 * (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    volatile char *volatile p = area + page + 5;
    CHECK(!mprotect(area + page, (size_t)page, PROT_READ) && !munmap(area + 2 * page, (size_t)page));
    CATCHING(SIGSEGV, *p = 1);
    printf("read-only %d %d\n", last_code == SEGV_ACCERR, last_address == p);
    p += page;
    CATCHING(SIGSEGV, (void)*p);
    printf("unmapped %d %d\n", last_code == SEGV_MAPERR, last_address == p);
    p = NULL;
    CATCHING(SIGSEGV, *p = 1);
    printf("null %d %d\n", last_code == SEGV_MAPERR, last_address == NULL);
    void (*f)(void) = (void (*)(void))(uintptr_t)area;
    CATCHING(SIGSEGV, f());
    printf("execute %d %d\n", last_code == SEGV_ACCERR, last_address == area);
    FILE *file = tmpfile();
    CHECK(file && !ftruncate(fileno(file), 10));
    p = mmap(NULL, 2 * (size_t)page, PROT_READ, MAP_SHARED, fileno(file), 0);
    CATCHING(SIGBUS, (void)p[page]);
    printf("past the end of a file %d %d\n", last_code == BUS_ADRERR, last_address == p + page);
}

PROGRAM(traps)
{
#if defined(__loongarch__)
    CATCHING(SIGILL, __asm__ volatile(".word 0xffffffff"));
    puts("illegal instruction");
    CATCHING(SIGTRAP, __asm__ volatile("break 0"));
    puts("breakpoint");
    CATCHING(SIGFPE, __asm__ volatile("break 7"));
    puts("division");
    CATCHING(SIGILL, __asm__ volatile("csrrd $t0, 0" ::: "$t0"));
    puts("privileged instruction");
    // Assertions about addresses: bounds checks that fail are SIGSEGV.
    long a = 1000, b = 0, c;
    CATCHING(SIGSEGV, __asm__ volatile("ldle.d %0, %1, %2" : "=r"(c) : "r"(a), "r"(b)));
    puts("bound");
#else
    puts("SIGILL illegal instruction\nSIGTRAP breakpoint\nSIGFPE division\nSIGILL privileged instruction\nSIGSEGV bound");
#endif
}

PROGRAM(float_traps)
{
    static const struct { int except, code; double a, b; const char *name; } cases[] = {
        {FE_DIVBYZERO, FPE_FLTDIV, 1, 0, "division by zero"}, {FE_INVALID, FPE_FLTINV, 0, 0, "invalid"},
        {FE_OVERFLOW, FPE_FLTOVF, 1e300, 1e-300, "overflow"}, {FE_INEXACT, FPE_FLTRES, 1, 3, "inexact"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        volatile double a = cases[i].a, b = cases[i].b, c = 0;
        CATCHING(SIGFPE, feclearexcept(FE_ALL_EXCEPT); feenableexcept(cases[i].except); c = a / b; fedisableexcept(FE_ALL_EXCEPT));
        fedisableexcept(FE_ALL_EXCEPT), feclearexcept(FE_ALL_EXCEPT);
        printf("%s %d\n", cases[i].name, last_code == cases[i].code && c == 0);
    }
}

static char *repaired;

static void repair(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    char *page = (char *)((uintptr_t)info->si_addr & -(uintptr_t)sysconf(_SC_PAGESIZE));
    CHECK(page >= repaired && !mprotect(page, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE));
    signals_seen = signals_seen + 1;
}

// The faulting instruction runs again after the handler has made its page accessible.
PROGRAM(restarts)
{
    enum { PAGES = 20 };
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    repaired = mmap(NULL, PAGES * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    handle(SIGSEGV, repair, 0);
    uint64_t total = 0;
    for (size_t i = 0; i < PAGES; i++) {
        double *x = (double *)(repaired + i * page) + 3;
        *x = (double)i * 1.5;
        total += (uint64_t)(*x * 2);
    }
    // One access across two pages, both closed again.
    mprotect(repaired, PAGES * page, PROT_NONE);
    uint64_t across = 0x0123456789abcdef, read;
    memcpy(repaired + 5 * page - 3, &across, 8), memcpy(&read, repaired + 5 * page - 3, 8);
    CHECK(read == across);
    memset(repaired + 7 * page + 100, 3, 3 * page);
    printf("%d faults, total %llu\n", (int)signals_seen, (unsigned long long)total);
}

// Handlers that disturb all they can: integer, floating-point and vector registers, rounding mode and flags.
static void disturb(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info, (void)context;
    volatile double x[32];
    fesetround(FE_UPWARD);
    for (int i = 0; i < 32; i++)
        x[i] = (double)i / 7 + (i ? x[i - 1] : 0);
    // One of the two signals may come while the other is handled: the count changes, the pattern must not.
    char buffer[300], copy[300], pattern = (char)signals_seen;
    memset(buffer, pattern, sizeof buffer);
    memcpy(copy, buffer, sizeof copy);
    CHECK(copy[0] == pattern && copy[150] == pattern && copy[299] == pattern);
    signals_seen = signals_seen + 1;
}

static digest work(uint64_t seed)
{
    static double a[64], b[64];
    digest sum = DIGEST;
    for (int round = 0; round < 300; round++) {
        for (int i = 0; i < 64; i++)
            a[i] = (double)(int64_t)(random_next(&seed) >> 20), b[i] += a[i] * 1.25 + (double)round / 3;
        for (int i = 0; i < 64; i++)
            add(&sum, bits64(b[i])), b[i] /= 16;
    }
    return sum;
}

PROGRAM(interruptions)
{
    digest calm = work(1);
    memset(&back, 0, sizeof back);
    handle(SIGALRM, disturb, SA_RESTART), handle(SIGUSR1, disturb, SA_RESTART);
    struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    int different = 0;
    digest first = work(2);
    CHECK(!setitimer(ITIMER_REAL, &often, NULL));
    for (int i = 0; i < 2000 && signals_seen < 20; i++) {
        digest again = work(2);
        different += i > 0 && again != first;
        first = again;
        kill(getpid(), SIGUSR1);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    CHECK(signals_seen >= 20 && fegetround() == FE_TONEAREST);
    printf("%d different ", different), show("calm", calm);
}

static void deeper(int number, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    (void)info;
    signals_seen = signals_seen + 1;
    if (signals_seen < 5)
        raise(number);
    CHECK(!sigismember(&u->uc_sigmask, SIGUSR2));
}

PROGRAM(stacks)
{
    static char stack[65536];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    CHECK(!sigaltstack(&alternate, NULL));
    handle(SIGUSR2, deeper, SA_NODEFER | SA_ONSTACK);
    raise(SIGUSR2);
    sigset_t mask, pending;
    sigemptyset(&mask), sigaddset(&mask, SIGUSR2);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    raise(SIGUSR2);
    sigpending(&pending);
    printf("%d nested, pending %d\n", (int)signals_seen, sigismember(&pending, SIGUSR2));
}
