#define _GNU_SOURCE
#include "machine.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <asm/sigcontext.h>

static const uint32_t BREAK = 0x002a0000;

static State current;
static struct { int number, code; } caught;
static int inside;
static _Alignas(16) unsigned char outside[16384]; // the frame that the case interrupted
static _Alignas(16) unsigned char stack[65536];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

// The extended context of the frame that holds the vector registers: the widest one that the frame has.
static struct sctx_info *find_context(mcontext_t *context, uint32_t magic)
{
    struct sctx_info *info = (struct sctx_info *)context->__extcontext;
    while (info->magic != 0 && info->magic != magic)
    {
        info = (struct sctx_info *)((char *)info + info->size);
    }

    return info->magic == 0 ? NULL : info;
}

// Copies FP and vector registers between the frame and the current state.
static void exchange_vectors(mcontext_t *context, int store)
{
    static const struct { uint32_t magic; int words; } kinds[] = { { LASX_CTX_MAGIC, 4 }, { LSX_CTX_MAGIC, 2 }, { FPU_CTX_MAGIC, 1 } };
    for (int kind = 0; kind < 3; kind++)
    {
        struct sctx_info *info = find_context(context, kinds[kind].magic);
        if (info == NULL)
        {
            continue;
        }

        int words = kinds[kind].words;
        uint64_t *registers = (uint64_t *)(info + 1);
        for (int n = 0; n < 32 * words; n++)
        {
            uint64_t *mine = &current.vr[n / words][n % words];
            if (store) registers[n] = *mine; else *mine = registers[n];
        }

        uint64_t *fcc = registers + 32 * words;
        uint32_t *fcsr = (uint32_t *)(fcc + 1);
        if (store) { *fcc = current.fcc; *fcsr = current.fcsr; } else { current.fcc = *fcc; current.fcsr = *fcsr; }
        return;
    }
}

static void handler(int number, siginfo_t *info, void *frame)
{
    mcontext_t *context = &((ucontext_t *)frame)->uc_mcontext;
    size_t size = sizeof(outside);
    if ((uintptr_t)context + size > (uintptr_t)stack + sizeof(stack))
    {
        size = (uintptr_t)stack + sizeof(stack) - (uintptr_t)context;
    }

    if (!inside)
    {
        memcpy(outside, context, size);
        context->__pc = current.pc;
        memcpy(context->__gregs, current.gpr, sizeof(current.gpr));
        exchange_vectors(context, 1);
        inside = 1;
        return;
    }

    caught.number = number;
    caught.code = info->si_code;
    current.pc = context->__pc;
    memcpy(current.gpr, context->__gregs, sizeof(current.gpr));
    exchange_vectors(context, 0);
    memcpy(context, outside, size);
    context->__pc += 4;
    inside = 0;
}

void machine_open(void)
{
    int protection = PROT_READ | PROT_WRITE;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    if (mmap((void *)CODE, CODE_SIZE, protection | PROT_EXEC, flags, -1, 0) == MAP_FAILED
        || mmap((void *)DATA, DATA_SIZE, protection, flags, -1, 0) == MAP_FAILED)
    {
        fail("mmap");
    }

    for (uint32_t *word = (uint32_t *)CODE; word < (uint32_t *)(CODE + CODE_SIZE); word++)
    {
        *word = BREAK;
    }

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

// Names as LaKvm.Cpu.Trap has them. A fetch fault behind a branch is no trap of the branch itself.
static const char *trap_name(const uint32_t *first, int count)
{
    int within = current.pc >= (uintptr_t)first && current.pc < (uintptr_t)(first + count);
    if (!within)
    {
        return NULL;
    }

    switch (caught.number)
    {
    case SIGTRAP: return "Brk";
    case SIGILL: return "Ine";
    case SIGFPE: return "Fpe";
    case SIGBUS: return "Ale";
    case SIGSYS: return "Bce";
    default: return "Unexpected";
    }
}

const char *machine_run(State *state, const uint32_t *code, int count)
{
    uint32_t *first = (uint32_t *)state->pc;
    memcpy(first, code, count * 4);
    current = *state;
    __asm__ volatile("ibar 0\n\tbreak 1" ::: "memory");
    *state = current;
    const char *trap = trap_name(first, count);
    for (int n = 0; n < count; n++)
    {
        first[n] = BREAK;
    }

    return trap;
}
