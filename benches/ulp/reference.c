/* How far results are from the exact values, in units of the last place: `reference FUNCTION f64|f32`.
 *
 * Reads triples of doubles from standard input: x, y (0 for functions of one argument), and the result to judge. The exact value
 * is taken from libquadmath, whose 113 bits leave it 60 bits nearer to the truth than the finest difference shown here. Writes one
 * line: points, greatest error, the x, y and result that have it, and wrong NaNs, infinities or signs of zero.
 *
 * With `values` as a third argument it writes what it holds for exact instead, in hexadecimal, one line a triple.
 */
#include <math.h>
#include <quadmath.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef __float128 quad;
typedef quad (*one)(quad);
typedef quad (*two)(quad, quad);

static const struct { const char *name; one f; two g; } TABLE[] = {
    {"sin", sinq, 0}, {"cos", cosq, 0}, {"tan", tanq, 0}, {"arcsin", asinq, 0}, {"arccos", acosq, 0}, {"arctan", atanq, 0},
    {"sinh", sinhq, 0}, {"cosh", coshq, 0}, {"tanh", tanhq, 0}, {"arcsinh", asinhq, 0}, {"arccosh", acoshq, 0},
    {"arctanh", atanhq, 0}, {"exp", expq, 0}, {"exp2", exp2q, 0}, {"expm1", expm1q, 0}, {"log", logq, 0}, {"log2", log2q, 0},
    {"log10", log10q, 0}, {"log1p", log1pq, 0}, {"sqrt", sqrtq, 0}, {"cbrt", cbrtq, 0},
    {"arctan2", 0, atan2q}, {"power", 0, powq}, {"hypot", 0, hypotq},
};

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    unsigned k = 0, count = sizeof TABLE / sizeof *TABLE;
    while (k < count && strcmp(TABLE[k].name, argv[1])) k++;
    if (k == count) return 3;
    int single = !strcmp(argv[2], "f32"), values = argc > 3;
    int digits = single ? 24 : 53, least = single ? -125 : -1021, most = single ? 128 : 1024;
    static double buffer[3 * 4096];
    unsigned long points = 0, wrong = 0;
    double worst = -1, at[3] = {0, 0, 0}, bad[3] = {0, 0, 0};
    size_t got;
    while ((got = fread(buffer, 24, 4096, stdin)) > 0) {
        for (size_t i = 0; i < got; i++) {
            double x = buffer[3 * i], y = buffer[3 * i + 1], ours = buffer[3 * i + 2];
            quad exact = TABLE[k].f ? TABLE[k].f(x) : TABLE[k].g(x, y);
            if (values) {
                char text[64];
                quadmath_snprintf(text, sizeof text, "%Qa", exact);
                puts(text);
                continue;
            }
            points++;
            if (isnanq(exact) || isnan(ours)) {
                if (!isnanq(exact) != !isnan(ours)) { wrong++; memcpy(bad, buffer + 3 * i, 24); }
                continue;
            }
            if (!signbitq(exact) != !signbit(ours)) { wrong++; memcpy(bad, buffer + 3 * i, 24); continue; }
            if (isinfq(exact) && isinf(ours)) continue;
            /* An infinity stands for the first power of two that is too large. */
            quad huge = ldexpq(1, most);
            quad value = isinf(ours) ? copysignq(huge, ours) : (quad)ours;
            if (fabsq(exact) > huge) exact = copysignq(huge, exact);
            int e;
            frexpq(exact, &e);
            if (e < least || exact == 0) e = least;
            if (e > most) e = most;
            double error = (double)ldexpq(fabsq(value - exact), digits - e);
            if (error > worst) { worst = error; memcpy(at, buffer + 3 * i, 24); }
        }
    }
    if (!values) printf("%lu %.17g %a %a %a %lu %a %a %a\n", points, worst, at[0], at[1], at[2], wrong, bad[0], bad[1], bad[2]);
    return 0;
}
