// The mathematical library: values to the digits that every good library has, and identities between functions.
#include "corpus.h"
#include <complex.h>
#include <math.h>

static void table(const char *name, double (*f)(double), double from, double to)
{
    digest sum = DIGEST;
    char text[40];
    for (int i = 0; i <= 100; i++) {
        double x = from + (to - from) * i / 100, y = f(x);
        // Twelve digits: libraries differ in the last bits.
        int length = snprintf(text, sizeof text, "%.11e", fabs(y) < 1e-13 ? 0 : y);
        add_bytes(&sum, text, (size_t)length);
    }
    show(name, sum);
}

PROGRAM(tables)
{
    table("sin", sin, -20, 20), table("cos", cos, -20, 20), table("tan", tan, -1.5, 1.5);
    table("asin", asin, -1, 1), table("acos", acos, -1, 1), table("atan", atan, -50, 50);
    table("exp", exp, -700, 700), table("exp2", exp2, -100, 100), table("expm1", expm1, -3, 3);
    table("log", log, 0.001, 1000), table("log2", log2, 0.001, 1000), table("log10", log10, 0.001, 1000);
    table("log1p", log1p, -0.9, 9), table("sinh", sinh, -10, 10), table("cosh", cosh, -10, 10);
    table("tanh", tanh, -4, 4), table("cbrt", cbrt, -100, 100), table("erf", erf, -3, 3);
    table("lgamma", lgamma, 3, 60), table("tgamma", tgamma, 0.3, 20), table("asinh", asinh, -40, 40);
    table("acosh", acosh, 1.5, 100), table("atanh", atanh, -0.95, 0.95), table("j0", j0, 3, 5);
}

static int close_to(double a, double b, double relative)
{
    return fabs(a - b) <= relative * fmax(fabs(a), fabs(b)) + 1e-300;
}

PROGRAM(identities)
{
    uint64_t state = 51;
    for (int i = 0; i < 1000; i++) {
        double x = (double)(random_next(&state) >> 11) * 0x1p-53 * 20 - 10, y = x * 1.37 + 0.01;
        CHECK(fabs(sin(x) * sin(x) + cos(x) * cos(x) - 1) < 1e-15);
        CHECK(close_to(exp(x) * exp(-x), 1, 1e-15) && close_to(log(exp(x)), x, 1e-12));
        CHECK(close_to(pow(fabs(x), 3), fabs(x * x * x), 1e-15) && close_to(cbrt(x * x * x), x, 1e-15));
        CHECK(close_to(hypot(x, y), sqrt(x * x + y * y), 1e-15));
        CHECK(close_to(atan2(y, x), carg(CMPLX(x, y)), 1e-15));
        double complex z = CMPLX(x, y), w = csqrt(z);
        CHECK(cabs(w * w - z) <= 1e-14 * cabs(z));
        CHECK(fabsf(sinf((float)x) - (float)sin((float)x)) < 1e-6f && fabsf(expf((float)x) / (float)exp((float)x) - 1) < 1e-6f);
    }
    puts("identities hold");
}
