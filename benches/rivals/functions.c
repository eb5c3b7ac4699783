/* The functions suite's rival in C. Reads jobs `trig|gauss RANGE TYPE N TIMES` from standard input, one a line, and answers each with
 * the seconds it took, or "none" where it has no such job. Loops over given arrays; with -ffast-math gcc calls glibc's vector sine,
 * cosine and exponential (libmvec).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static double *fresh(long n, double lo, double hi) {
    size_t bytes = ((sizeof(double) * n >> 21) + 1) << 21;
    double *p = aligned_alloc(2 << 20, bytes);
    if (!p) exit(1);
    for (long i = 0; i < n; i++) p[i] = lo + (hi - lo) * (rand() / (RAND_MAX + 1.0));
    return p;
}

static void trig(double *restrict out, const double *restrict a, const double *restrict b, long n) {
    for (long i = 0; i < n; i++) {
        double s = sin(a[i]), c = cos(b[i]);
        out[i] = s * s + c * c;
    }
}

static void gauss(double *restrict out, const double *restrict x, const double *restrict m, const double *restrict s, long n) {
    for (long i = 0; i < n; i++) {
        double d = x[i] - m[i];
        out[i] = exp(-(d * d) / (2 * s[i] * s[i]));
    }
}

int main(void) {
    char name[32], range[32], type[32];
    long n, times, have = 0;
    double *a = 0, *b = 0, *c = 0, *out = 0;
    puts("ready");
    fflush(stdout);
    while (scanf("%31s %31s %31s %ld %ld", name, range, type, &n, &times) == 5) {
        if (n != have) {
            free(a), free(b), free(c), free(out);
            a = fresh(n, -10, 10), b = fresh(n, -10, 10), c = fresh(n, 1, 3), out = fresh(n, 0, 0);
            have = n;
        }
        double begin = now();
        if (!strcmp(name, "trig")) {
            for (long k = 0; k < times; k++) trig(out, a, b, n);
        } else if (!strcmp(name, "gauss")) {
            for (long k = 0; k < times; k++) gauss(out, a, b, c, n);
        } else {
            puts("none");
            fflush(stdout);
            continue;
        }
        printf("%.9f\n", now() - begin);
        fflush(stdout);
    }
}
