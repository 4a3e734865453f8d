// How C passes and returns things: structures of every shape, bit fields, unions, variable arguments, __int128.
#include "corpus.h"
#include <stdarg.h>

struct tiny { char c; };
struct two { int a; float b; };
struct pair { double x, y; };
struct floats { float x, y; };
struct mixed { long n; double x; };
struct odd { char c[3]; };
struct seventeen { char c[17]; };
struct nested { struct { float f; } inner; int i; };
struct array { float f[2]; };
struct large { long n[5]; double x; };
struct aligned { _Alignas(16) long n; };
struct __attribute__((packed)) packed { char c; int i; double d; short s; };
union number { double d; uint64_t u; uint32_t w[2]; uint8_t b[8]; };

struct fields {
    unsigned a : 1, b : 3;
    int c : 5;
    unsigned long long d : 37;
    long long e : 21;
    unsigned : 0;
    signed char f : 4;
    unsigned short g : 11;
};

#define STRUCTURES(X)                                                                                                  \
    X(tiny) X(two) X(pair) X(floats) X(mixed) X(odd) X(seventeen) X(nested) X(array) X(large) X(aligned) X(packed)

#define RETURNING(S)                                                                                                   \
    static struct S __attribute__((noinline)) take_##S(int skip, struct S a, double between, struct S b, struct S c)   \
    {                                                                                                                  \
        CHECK(between == 2.5);                                                                                         \
        return skip == 1 ? a : skip == 2 ? b : c;                                                                      \
    }

STRUCTURES(RETURNING)

#define ROUND_TRIP(S)                                                                                                  \
    {                                                                                                                  \
        struct S s[3], back;                                                                                           \
        memset(s, 0, sizeof s);                                                                                        \
        for (size_t i = 0; i < sizeof s; i++)                                                                          \
            ((char *)s)[i] = (char)(random_next(&state) & 0x3f);                                                       \
        for (int i = 1; i <= 3; i++) {                                                                                 \
            back = take_##S(i, s[0], 2.5, s[1], s[2]);                                                                 \
            CHECK(equal_##S(&back, &s[i - 1]));                                                                        \
        }                                                                                                              \
        printf("%s %zu %zu\n", #S, sizeof(struct S), _Alignof(struct S));                                              \
    }

// Padding may be lost on the way, so members are compared.
#define EQUAL(S, ...) static int equal_##S(const struct S *a, const struct S *b) { return __VA_ARGS__; }
EQUAL(tiny, a->c == b->c)
EQUAL(two, a->a == b->a && a->b == b->b)
EQUAL(pair, a->x == b->x && a->y == b->y)
EQUAL(floats, a->x == b->x && a->y == b->y)
EQUAL(mixed, a->n == b->n && a->x == b->x)
EQUAL(odd, !memcmp(a, b, 3))
EQUAL(seventeen, !memcmp(a, b, 17))
EQUAL(nested, a->inner.f == b->inner.f && a->i == b->i)
EQUAL(array, a->f[0] == b->f[0] && a->f[1] == b->f[1])
EQUAL(large, !memcmp(a, b, sizeof *a))
EQUAL(aligned, a->n == b->n)
EQUAL(packed, !memcmp(a, b, sizeof *a))

PROGRAM(structures)
{
    uint64_t state = 21;
    STRUCTURES(ROUND_TRIP)
}

PROGRAM(fields)
{
    uint64_t state = 22;
    digest sum = DIGEST;
    struct fields f = {0};
    for (int i = 0; i < 2000; i++) {
        uint64_t x = random_edge(&state);
        f.a = (unsigned)x & 1, f.b += (unsigned)x & 7, f.c = (int)(x >> 8 & 15) - 8;
        f.d ^= x & 0x1fffffffff, f.e = (long long)(x >> 20 & 0xfffff) - 0x80000, f.f = (signed char)((x & 7) - 4);
        f.g = (unsigned short)((f.g * 5 + x) & 0x7ff);
        add(&sum, f.a), add(&sum, f.b), add(&sum, (uint64_t)f.c), add(&sum, f.d), add(&sum, (uint64_t)f.e);
        add(&sum, (uint64_t)f.f), add(&sum, f.g);
        add(&sum, (uint64_t)(f.c + f.f) * f.b);
    }
    show("fields", sum);
}

PROGRAM(unions)
{
    digest sum = DIGEST;
    union number n = {.d = 1.0};
    for (int i = 0; i < 200; i++) {
        n.d = n.d * 1.75 - 0.5;
        add(&sum, n.u), add(&sum, n.w[i & 1]), add(&sum, n.b[i & 7]);
        n.b[i % 6] ^= (uint8_t)i;
    }
    show("unions", sum);
}

static void __attribute__((noinline)) variable(digest *sum, const char *kinds, ...)
{
    va_list list, again;
    va_start(list, kinds);
    va_copy(again, list);
    for (int pass = 0; pass < 2; pass++, va_end(list), va_copy(list, again))
        for (const char *k = kinds; *k; k++)
            switch (*k) {
            case 'i': add(sum, (uint64_t)va_arg(list, int)); break;
            case 'l': add(sum, (uint64_t)va_arg(list, long)); break;
            case 'd': add(sum, bits64(va_arg(list, double))); break;
            case 'p': { struct pair p = va_arg(list, struct pair); add(sum, bits64(p.x)), add(sum, bits64(p.y)); break; }
            case 'm': { struct mixed m = va_arg(list, struct mixed); add(sum, (uint64_t)m.n), add(sum, bits64(m.x)); break; }
            case 'L': { struct large l = va_arg(list, struct large); add_bytes(sum, &l, sizeof l); break; }
            case 'x': { __int128 x = va_arg(list, __int128); add(sum, (uint64_t)x), add(sum, (uint64_t)(x >> 64)); break; }
            case 'q': { long double q = va_arg(list, long double); add(sum, bits64((double)q)); break; }
            }
    va_end(again);
    va_end(list);
}

PROGRAM(variadic)
{
    digest sum = DIGEST;
    struct pair p = {1.5, -2.25};
    struct mixed m = {77, 0.125};
    struct large l = {{1, 2, 3, 4, 5}, 6};
    variable(&sum, "iidldi", -1, 2, 3.5, 4L, -5.25, 6);
    variable(&sum, "ipimdLp", 1, p, 2, m, 0.1, l, p);
    variable(&sum, "ixdxlx", 1, (__int128)1 << 100, 2.0, -(__int128)5, 9L, (__int128)7 << 64 | 3);
    variable(&sum, "qiqddq", 1.25L, 1, -3.0L, 4.0, 5.0, 0.0625L);
    variable(&sum, "dddddddddddd", 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12.);
    show("variadic", sum);
    printf("%d %s %c %05ld %x %.3f %+d %10s|%-10s|\n", 1, "two", '3', 4L, 0xabcdef, 5.0625, 6, "right", "left");
}
