// Runs blocks of code from given states under QEMU's user mode and keeps what they leave, for RandomBlocks/QemuRunner.cs,
// which shares one file with this program: states before, states after, data, code. A command on standard input is the
// number of blocks to run, which is answered by a byte when they have ended.
// usage: blocks FD     FD: the shared file, laid out as the enum says
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <asm/sigcontext.h>

// The same numbers are in RandomBlocks/Layout.cs.
enum
{
    BLOCKS = 1024,
    STATES = 0x3000000,           // address of the states before
    STATES_SIZE = 0x180000,       // room for BLOCKS states
    RESULTS = 0x3200000,          // address of the states after
    CODE = 0x4000000,
    CODE_SIZE = 0x2000000,
    DATA = 0x8000000,             // a window for each block: two pages, a read-only one, and one that is not there
    WINDOW = 0x4000,
    PAGE = 0x1000,
    RUNNING = -1,                 // a State's signal until its block ends
};

typedef struct
{
    uint64_t pc, gpr[32], vr[32][4], fcc;
    uint32_t fcsr;
    int32_t signal;
    uint64_t address;             // si_addr of the signal
} State;

// What code can reach through r0: registers on the way in and out, and the way back to C. See the assembly below.
static struct Low
{
    uint64_t in[32], out[32];
    void *leave;
    State *before, *after;
    uint64_t own[14];             // C's registers
    uint64_t linked;
} *const low = (struct Low *)0x5000;

void enter_block(void);
extern char leave_block[], resume[];

__asm__(
    ".macro own op\n"
    "\\op $r1, $r0, 0x5218; \\op $r2, $r0, 0x5220; \\op $r3, $r0, 0x5228; \\op $r21, $r0, 0x5230; \\op $r22, $r0, 0x5238\n"
    "\\op $r23, $r0, 0x5240; \\op $r24, $r0, 0x5248; \\op $r25, $r0, 0x5250; \\op $r26, $r0, 0x5258; \\op $r27, $r0, 0x5260\n"
    "\\op $r28, $r0, 0x5268; \\op $r29, $r0, 0x5270; \\op $r30, $r0, 0x5278; \\op $r31, $r0, 0x5280\n"
    ".endm\n"
    ".text; .globl enter_block, leave_block, resume\n"
    "enter_block:\n"
    "own stptr.d\n"
    "ll.d $r4, $r0, 0x5288\n"                          // an LLbit of an earlier block must not last
    "ldptr.d $r4, $r0, 0x5208\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "xvld $xr\\n, $r4, 264 + 32 * \\n\n"
    ".endr\n"
    ".irp n,0,1,2,3,4,5,6,7\n"
    "ld.bu $r5, $r4, 1288 + \\n; movgr2cf $fcc\\n, $r5\n"
    ".endr\n"
    "ld.wu $r5, $r4, 1296; movgr2fcsr $fcsr0, $r5\n"
    "ldptr.d $r1, $r4, 0\n"
    ".irp n,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "ldptr.d $r\\n, $r0, 0x5000 + 8 * \\n\n"
    ".endr\n"
    "jr $r1\n"                                         // the block's first word loads r1
    "leave_block:\n"                                   // the block's end has saved r1
    ".irp n,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "stptr.d $r\\n, $r0, 0x5100 + 8 * \\n\n"
    ".endr\n"
    "ldptr.d $r4, $r0, 0x5210\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "xvst $xr\\n, $r4, 264 + 32 * \\n\n"
    ".endr\n"
    ".irp n,0,1,2,3,4,5,6,7\n"
    "movcf2gr $r5, $fcc\\n; st.b $r5, $r4, 1288 + \\n\n"
    ".endr\n"
    "movfcsr2gr $r5, $fcsr0; st.w $r5, $r4, 1296\n"
    "resume:\n"
    "movgr2fcsr $fcsr0, $r0\n"
    "own ldptr.d\n"
    "ret\n");

static volatile int inside;
static _Alignas(16) unsigned char stack[65536];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void save_vectors(const mcontext_t *context, State *state)
{
    struct sctx_info *info = (struct sctx_info *)context->__extcontext;
    while (info->magic != LASX_CTX_MAGIC)
    {
        if (info->magic == 0)
        {
            fail("a signal frame without LASX registers");
        }

        info = (struct sctx_info *)((char *)info + info->size);
    }

    const struct lasx_context *lasx = (struct lasx_context *)(info + 1);
    memcpy(state->vr, lasx->regs, sizeof(state->vr));
    state->fcc = lasx->fcc;
    state->fcsr = lasx->fcsr;
}

static void handler(int number, siginfo_t *info, void *frame)
{
    mcontext_t *context = &((ucontext_t *)frame)->uc_mcontext;
    if (!inside)
    {
        fprintf(stderr, "signal %d at %#llx\n", number, (unsigned long long)context->__pc);
        _exit(2);
    }

    State *state = low->after;
    state->pc = context->__pc;
    state->signal = number;
    state->address = (uint64_t)info->si_addr;
    memcpy(state->gpr, context->__gregs, sizeof(state->gpr));
    save_vectors(context, state);
    context->__pc = (uint64_t)resume;
}

static void run_block(State *before, State *after)
{
    memcpy(low->in, before->gpr, sizeof(low->in));
    low->before = before;
    low->after = after;
    after->signal = RUNNING;
    inside = 1;
    enter_block();
    inside = 0;
    if (after->signal == RUNNING)
    {
        after->signal = 0;
        memcpy(after->gpr, low->out, sizeof(low->out));
    }
}

static void map(uintptr_t address, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (mmap((void *)address, size, protection, MAP_FIXED | flags, fd, offset) == MAP_FAILED)
    {
        fail("mmap");
    }
}

static void map_all(int fd)
{
    map((uintptr_t)low, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    low->leave = leave_block;
    map(STATES, STATES_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    map(RESULTS, STATES_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, STATES_SIZE);
    map(DATA, BLOCKS * WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 2 * STATES_SIZE);
    for (uintptr_t window = DATA; window < DATA + BLOCKS * WINDOW; window += WINDOW)
    {
        mprotect((void *)(window + 2 * PAGE), PAGE, PROT_READ);
        mprotect((void *)(window + 3 * PAGE), PAGE, PROT_NONE);
    }

    map(CODE, CODE_SIZE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 2 * STATES_SIZE + BLOCKS * WINDOW);
}

static void catch_signals(void)
{
    stack_t alternative = { .ss_sp = stack, .ss_size = sizeof(stack) };
    sigaltstack(&alternative, NULL);
    static const int numbers[] = { SIGTRAP, SIGILL, SIGFPE, SIGBUS, SIGSEGV, SIGSYS };
    for (unsigned n = 0; n < sizeof(numbers) / sizeof(*numbers); n++)
    {
        struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };
        if (sigaction(numbers[n], &action, NULL) != 0)
        {
            fail("sigaction");
        }
    }
}

int main(int argc, char **argv)
{
    int fd = argc == 2 ? atoi(argv[1]) : -1;
    map_all(fd);
    catch_signals();
    for (uint32_t count; read(0, &count, sizeof(count)) == sizeof(count);)
    {
        for (uint32_t n = 0; n < count; n++)
        {
            run_block((State *)STATES + n, (State *)RESULTS + n);
        }

        if (write(1, "", 1) != 1)
        {
            fail("write");
        }
    }

    return 0;
}
