// The C library's string and memory routines (which choose LSX or LASX code where the processor has it) against simple loops,
// for many lengths and alignments, beside a page that must not be touched.
#define _GNU_SOURCE
#include "corpus.h"
#include <strings.h>
#include <sys/mman.h>
#include <wchar.h>

enum { AREA = 65536, SPAN = 300 };

// An area whose next page is no memory.
static unsigned char *guarded(void)
{
    unsigned char *area = mmap(NULL, 2 * AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(area != MAP_FAILED && !mprotect(area + AREA, AREA, PROT_NONE));
    return area;
}

static void fill(unsigned char *p, size_t n, uint64_t *state)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (unsigned char)(random_next(state) % 250 + 1);
}

static int equal(const unsigned char *a, const unsigned char *b, size_t n)
{
    while (n && *a == *b)
        a++, b++, n--;
    return !n;
}

static int sign(int x) { return (x > 0) - (x < 0); }

PROGRAM(copies)
{
    unsigned char *from = guarded(), *to = guarded(), *model = malloc(AREA);
    uint64_t state = 101;
    for (int i = 0; i < 1500; i++) {
        size_t n = random_next(&state) % (i % 10 ? SPAN : 6000), a = random_next(&state) % 70, b = random_next(&state) % 70;
        unsigned char *source = i & 1 ? from + AREA - n - a : from + a, *target = i & 2 ? to + AREA - n - b : to + b;
        fill(source, n, &state), memset(to, 0xee, SPAN + 6200), memset(to + AREA - 6200, 0xee, 6200);
        CHECK(memcpy(target, source, n) == target && equal(target, source, n));
        CHECK((target == to || target[-1] == 0xee) && (target + n == to + AREA || target[n] == 0xee));
        // Overlapping moves, both ways.
        for (size_t k = 0; k < n; k++)
            model[k] = target[k];
        size_t shift = n ? random_next(&state) % n : 0;
        memmove(target + shift, target, n - shift);
        CHECK(equal(target + shift, model, n - shift) && equal(target, model, shift));
        for (size_t k = 0; k < n; k++)
            model[k] = target[k];
        memmove(target, target + shift, n - shift);
        CHECK(equal(target, model + shift, n - shift) && equal(target + n - shift, model + n - shift, shift));
        memset(target, i, n);
        for (size_t k = 0; k < n; k++)
            CHECK(target[k] == (unsigned char)i);
        CHECK(target + n == to + AREA || target[n] == 0xee);
    }
    puts("copies agree");
}

static size_t naive_length(const char *s)
{
    size_t n = 0;
    while (s[n])
        n++;
    return n;
}

static void *naive_find(const void *area, int c, size_t n, int last)
{
    void *found = NULL;
    for (size_t i = 0; i < n; i++)
        if (((const unsigned char *)area)[i] == (unsigned char)c) {
            found = (unsigned char *)area + i;
            if (!last)
                break;
        }
    return found;
}

PROGRAM(searches)
{
    unsigned char *area = guarded();
    uint64_t state = 102;
    for (int i = 0; i < 3000; i++) {
        size_t n = random_next(&state) % SPAN, from = random_next(&state) % 70;
        char *s = (char *)(i & 1 ? area + AREA - n - 1 : area + from);
        fill((unsigned char *)s, n, &state), s[n] = 0;
        int c = n ? s[random_next(&state) % n] : 1;
        if (i % 5 == 0)
            c = 255;
        CHECK(strlen(s) == n && naive_length(s) == n && strnlen(s, n / 2) == n / 2 && strnlen(s, n + 1) == n);
        CHECK(memchr(s, c, n) == naive_find(s, c, n, 0) && memrchr(s, c, n) == naive_find(s, c, n, 1));
        CHECK((void *)strchr(s, c) == naive_find(s, c, n, 0) && (void *)strrchr(s, c) == naive_find(s, c, n, 1));
        CHECK(strchr(s, 0) == s + n && strchrnul(s, c) == (strchr(s, c) ? strchr(s, c) : s + n));
        CHECK(rawmemchr(s, 0) == s + n && memchr(s, c, 0) == NULL);
        if (n > 10) {
            char part[8] = {0};
            size_t at = random_next(&state) % (n - 8), length = random_next(&state) % 7 + 1;
            memcpy(part, s + at, length);
            char *found = strstr(s, part);
            CHECK(found && found <= s + at && !strncmp(found, part, length) && memmem(s, n, part, length) == found);
            char set[3] = {s[n / 2], s[n / 3], 0};
            size_t first = 0;
            while (s[first] != set[0] && s[first] != set[1])
                first++;
            CHECK(strcspn(s, set) == first && strpbrk(s, set) == s + first && strspn(s, s) == n);
        }
    }
    puts("searches agree");
}

static int naive_compare(const unsigned char *a, const unsigned char *b, size_t n, int text)
{
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
        else if (text && !a[i])
            return 0;
    return 0;
}

PROGRAM(comparisons)
{
    unsigned char *one = guarded(), *two = guarded();
    uint64_t state = 103;
    for (int i = 0; i < 3000; i++) {
        size_t n = random_next(&state) % SPAN + 1, a = random_next(&state) % 70, b = random_next(&state) % 70;
        unsigned char *x = i & 1 ? one + AREA - n : one + a, *y = i & 2 ? two + AREA - n : two + b;
        fill(x, n, &state), x[n - 1] = 0;
        for (size_t k = 0; k < n; k++)
            y[k] = x[k];
        if (i % 4)
            y[random_next(&state) % n] ^= (unsigned char)(1 << i % 8);
        y[n - 1] = 0;
        size_t m = random_next(&state) % n;
        CHECK(sign(memcmp(x, y, n)) == naive_compare(x, y, n, 0));
        CHECK(sign(strcmp((char *)x, (char *)y)) == naive_compare(x, y, n, 1));
        CHECK(sign(strncmp((char *)x, (char *)y, m)) == naive_compare(x, y, m, 1));
        CHECK(sign(strcasecmp((char *)x, (char *)x)) == 0 && memcmp(x, y, 0) == 0);
    }
    puts("comparisons agree");
}

PROGRAM(text)
{
    unsigned char *area = guarded(), *other = guarded();
    uint64_t state = 104;
    for (int i = 0; i < 1500; i++) {
        size_t n = random_next(&state) % SPAN, m = random_next(&state) % SPAN;
        char *s = (char *)area + AREA - n - 1, *t = (char *)other + AREA - n - m - 1;
        fill((unsigned char *)s, n, &state), s[n] = 0;
        CHECK(stpcpy(t, s) == t + n && equal((unsigned char *)t, (unsigned char *)s, n + 1));
        memset(t, 0x11, n + m + 1);
        CHECK(strncpy(t, s, m) == t && equal((unsigned char *)t, (unsigned char *)s, n < m ? n : m));
        for (size_t k = n; k < m; k++)
            CHECK(t[k] == 0);
        memset(t, 'x', m), t[m] = 0;
        CHECK(strcat(t, s) == t && strlen(t) == n + m && equal((unsigned char *)t + m, (unsigned char *)s, n + 1));
        wchar_t wide[SPAN + 1];
        for (size_t k = 0; k <= n; k++)
            wide[k] = (unsigned char)s[k];
        CHECK(wcslen(wide) == n && wmemchr(wide, 0, n + 1) == wide + n && (n == 0 || wcschr(wide, wide[n / 2]) <= wide + n / 2));
    }
    puts("text agrees");
}
