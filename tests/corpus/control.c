// Control flow: jump tables, computed goto, recursion, setjmp, alloca, variable-length arrays, function pointers.
#include "corpus.h"
#include <alloca.h>
#include <setjmp.h>

static int __attribute__((noinline)) dense(int x)
{
    switch (x) {
    case 0: return 17;
    case 1: return x * 3;
    case 2: return -x;
    case 3: return x << 7;
    case 4: return 1 << x;
    case 5: return x ^ 0x55;
    case 6: case 7: case 8: return x - 100;
    case 9: return ~x;
    case 10 ... 14: return x % 3;
    default: return 0x5a5a;
    }
}

static int __attribute__((noinline)) sparse(long x)
{
    switch (x) {
    case -1000000000000: return 1;
    case -77: return 2;
    case 12: return 3;
    case 0x123456789: return 4;
    case 0x7fffffffffffffff: return 5;
    default: return 6;
    }
}

PROGRAM(switches)
{
    static const long values[] = {-1000000000000, -77, 12, 0x123456789, 0x7fffffffffffffff, 0, 13, -78};
    digest sum = DIGEST;
    for (int round = 0; round < 200; round++)
        for (int i = -3; i < 20; i++)
            add(&sum, (uint64_t)(dense(i) + sparse(values[(i + round) & 7])));
    show("switches", sum);
}

static unsigned ackermann(unsigned m, unsigned n)
{
    return !m ? n + 1 : !n ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

static int __attribute__((noinline)) odd(unsigned n);
static int __attribute__((noinline)) even(unsigned n) { return !n || odd(n - 1); }
static int __attribute__((noinline)) odd(unsigned n) { return n && even(n - 1); }

static void hanoi(int n, int from, int to, digest *sum)
{
    if (!n)
        return;
    hanoi(n - 1, from, 6 - from - to, sum);
    add(sum, (uint64_t)(from * 3 + to));
    hanoi(n - 1, 6 - from - to, to, sum);
}

PROGRAM(recursion)
{
    digest sum = DIGEST;
    hanoi(12, 1, 3, &sum);
    printf("%u %d %d\n", ackermann(2, 200), even(5000), odd(5001));
    show("hanoi", sum);
}

static jmp_buf escape;

static void __attribute__((noinline)) dive(int depth, double x)
{
    double keep[4] = {x, x * 2, x * 3, x * 4};
    HIDE(depth);
    if (depth == 0)
        longjmp(escape, (int)x + 1);
    if (x > 0)
        dive(depth - 1, keep[depth & 3] / 2 + 1);
    printf("never %f\n", keep[0]);
}

// Registers that a callee saves, integer and floating point, come back with longjmp.
PROGRAM(jumps)
{
    volatile int count = 0;
    double a = 1.5, b = 2.5, c = 3.5, d = 4.5, e = 5.5, f = 6.5, g = 7.5, h = 8.5;
    long i = 11, j = 12, k = 13, l = 14;
    HIDE(i);
    HIDE(j);
    HIDE(k);
    HIDE(l);
    int code = setjmp(escape);
    if (count < 6) {
        count = count + 1;
        printf("jump %d code %d\n", count, code);
        dive(count * 5, (double)count);
    }
    printf("%g %ld\n", a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8, i + 2 * j + 3 * k + 4 * l);
}

static uint64_t __attribute__((noinline)) on_stack(int n)
{
    unsigned char *bytes = alloca((size_t)n);
    uint32_t words[n + 1];
    digest sum = DIGEST;
    for (int i = 0; i < n; i++)
        bytes[i] = (unsigned char)(i * 7 + n), words[n - i] = (uint32_t)(i * i);
    words[0] = 1;
    for (int i = 0; i < n; i++)
        add(&sum, bytes[i] * (uint64_t)words[i]);
    return n > 1 ? sum ^ on_stack(n / 2) : sum;
}

PROGRAM(stack)
{
    digest sum = DIGEST;
    for (int n = 1; n < 5000; n = n * 3 / 2 + 1)
        add(&sum, on_stack(n));
    show("stack", sum);
}

typedef long operation(long, long);
static long plus(long a, long b) { return a + b; }
static long minus(long a, long b) { return a - b; }
static long times(long a, long b) { return (long)((unsigned long)a * (unsigned long)b); }
static long remainder_of(long a, long b) { return a % b; }
static operation *const operations[] = {plus, minus, times, remainder_of};

// A register machine, once dispatched by a switch and once by computed goto. Its program adds the primes below a limit.
enum code { SET, MOVE, PLUS, MINUS, TIMES, REMAINDER, IF_LESS, IF_ZERO, GO, END };
struct step { enum code code; int a, b, c; };

static const struct step primes[] = {
    {SET, 0, 2, 0}, {SET, 3, 1, 0}, {SET, 4, 1500, 0},
    /* 3: next number */ {IF_LESS, 0, 4, 5}, {END, 2, 0, 0}, {SET, 1, 2, 0},
    /* 6: next divisor */ {TIMES, 5, 1, 1}, {IF_LESS, 0, 5, 12}, {REMAINDER, 5, 0, 1}, {IF_ZERO, 5, 0, 13},
    {PLUS, 1, 1, 3}, {GO, 6, 0, 0},
    /* 12: prime */ {PLUS, 2, 2, 0}, /* 13 */ {PLUS, 0, 0, 3}, {GO, 3, 0, 0},
};

static long __attribute__((noinline)) by_switch(const struct step *program)
{
    long r[8] = {0};
    for (const struct step *s = program;; s++)
        switch (s->code) {
        case SET: r[s->a] = s->b; break;
        case MOVE: r[s->a] = r[s->b]; break;
        case PLUS: case MINUS: case TIMES: case REMAINDER:
            r[s->a] = operations[s->code - PLUS](r[s->b], r[s->c]);
            break;
        case IF_LESS: if (r[s->a] < r[s->b]) s = program + s->c - 1; break;
        case IF_ZERO: if (!r[s->a]) s = program + s->c - 1; break;
        case GO: s = program + s->a - 1; break;
        case END: return r[s->a];
        }
}

static long __attribute__((noinline)) by_goto(const struct step *program)
{
    static const void *const labels[] = {&&set, &&move, &&plus, &&minus, &&times, &&rest, &&less, &&zero, &&go, &&end};
    long r[8] = {0};
    const struct step *s = program;
    goto *labels[s->code];
set: r[s->a] = s->b, s++; goto *labels[s->code];
move: r[s->a] = r[s->b], s++; goto *labels[s->code];
plus: r[s->a] = r[s->b] + r[s->c], s++; goto *labels[s->code];
minus: r[s->a] = r[s->b] - r[s->c], s++; goto *labels[s->code];
times: r[s->a] = times(r[s->b], r[s->c]), s++; goto *labels[s->code];
rest: r[s->a] = r[s->b] % r[s->c], s++; goto *labels[s->code];
less: s = r[s->a] < r[s->b] ? program + s->c : s + 1; goto *labels[s->code];
zero: s = !r[s->a] ? program + s->c : s + 1; goto *labels[s->code];
go: s = program + s->a; goto *labels[s->code];
end: return r[s->a];
}

PROGRAM(bytecode)
{
    printf("%ld %ld\n", by_switch(primes), by_goto(primes));
}
