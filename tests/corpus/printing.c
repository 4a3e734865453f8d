// Numbers to text and back: what printf writes for every kind of number, and that reading it gives the same bits.
#include "corpus.h"
#include <math.h>

enum { ROUNDS = 800 };

static void round_trip(double x, digest *sum)
{
    static const char *const formats[] = {"%.17g", "%.16e", "%a"};
    char text[512];
    for (int i = 0; i < 3; i++) {
        int length = snprintf(text, sizeof text, formats[i], x);
        CHECK(bits64(strtod(text, NULL)) == bits64(x));
        if (x == x)
            add_bytes(sum, text, (size_t)length);
    }
    if (fabs(x) < 1e100) {
        int length = snprintf(text, sizeof text, "%.*f", (int)(bits64(x) % 30), x);
        add_bytes(sum, text, (size_t)length);
    }
}

PROGRAM(doubles_to_text)
{
    uint64_t state = 41;
    digest sum = DIGEST;
    for (int i = 0; i < ROUNDS; i++)
        round_trip(double_of(random_next(&state)), &sum);
    for (int exponent = -324; exponent < 309; exponent += 3) {
        char text[32];
        snprintf(text, sizeof text, "9.95e%d", exponent);
        round_trip(strtod(text, NULL), &sum);
    }
    show("text", sum);
    printf("%g %g %g %e %f %.3g %.0f %.1f\n", 0.1, 1e100, 1e-5, 12345.678, 2.0 / 3, 1234567.0, 2.5, 0.25);
    printf("%g %g %g %a %a\n", INFINITY, -0.0, 5e-324, 1.0, 0.1);
}

PROGRAM(floats_to_text)
{
    uint64_t state = 42;
    digest sum = DIGEST;
    for (int i = 0; i < ROUNDS; i++) {
        float x = float_of((uint32_t)random_next(&state));
        char text[64];
        int length = snprintf(text, sizeof text, "%.9g", (double)x);
        CHECK(bits32(strtof(text, NULL)) == bits32(x));
        if (x == x)
            add_bytes(&sum, text, (size_t)length);
    }
    show("text", sum);
}

PROGRAM(integers_to_text)
{
    uint64_t state = 43;
    digest sum = DIGEST;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t x = random_edge(&state);
        char text[128], again[128];
        int length = snprintf(text, sizeof text, "%lld %llu %llx %llo %d %u %hhd", (long long)x, (unsigned long long)x,
                              (unsigned long long)x, (unsigned long long)x, (int)x, (unsigned)x, (int)x);
        long long a;
        unsigned long long b, c, d;
        CHECK(sscanf(text, "%lld %llu %llx %llo", &a, &b, &c, &d) == 4);
        CHECK((uint64_t)a == x && b == x && c == x && d == x);
        CHECK(strtoll(text, NULL, 10) == (long long)x);
        snprintf(again, sizeof again, "%lld", strtoll(text, NULL, 10));
        CHECK(!strncmp(text, again, strlen(again)));
        add_bytes(&sum, text, (size_t)length);
    }
    show("text", sum);
}
