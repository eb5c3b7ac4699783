/* The rivals of docs/benchmarks.md in C: a double-buffered five-point sweep, the same skewed by hand over 15 sweeps in
 * tiles of two rows, and a column write.
 *
 *     gcc -O3 -march=native -o plate plate.c && ./plate 3000
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SWEEPS_A_WAVE = 15, ROWS_A_TILE = 2 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static void rows(double *restrict v, const double *restrict u, int n, int from, int to) {
    for (int i = from; i < to; i++)
        for (int j = 1; j < n - 1; j++)
            v[(long)i * n + j] = ((u[(long)(i - 1) * n + j] + u[(long)(i + 1) * n + j]) * 0.25
                                  + (u[(long)i * n + j - 1] + u[(long)i * n + j + 1]) * 0.25) * 1.0;
}

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 1000;
    if (n < 3) return 2;
    int sweeps = n > 2000 ? 60 : 600;
    size_t bytes = ((sizeof(double) * n * n >> 21) + 1) << 21;
    double *u = aligned_alloc(2 << 20, bytes), *v = aligned_alloc(2 << 20, bytes);
    if (!u || !v) return 1;
    for (long i = 0; i < (long)n * n; i++) u[i] = v[i] = i < n;

    for (int round = 0; round < 3; round++) {
        double begin = now();
        for (int k = 0; k < sweeps; k++) {
            rows(v, u, n, 1, n - 1);
            double *old = u; u = v; v = old;
        }
        double plain = (now() - begin) / sweeps * 1e3;
        begin = now();
        int tiles = (n - 2 + ROWS_A_TILE - 1) / ROWS_A_TILE;
        for (int k = 0; k < sweeps; k += SWEEPS_A_WAVE) {
            for (int diagonal = 0; diagonal < tiles + SWEEPS_A_WAVE; diagonal++)
                for (int s = 0; s < SWEEPS_A_WAVE; s++) {
                    int tile = diagonal - s;
                    if (tile < 0 || tile >= tiles) continue;
                    int from = 1 + tile * ROWS_A_TILE, to = from + ROWS_A_TILE < n - 1 ? from + ROWS_A_TILE : n - 1;
                    rows(s & 1 ? u : v, s & 1 ? v : u, n, from, to);
                }
            if (SWEEPS_A_WAVE & 1) { double *old = u; u = v; v = old; }
        }
        double skewed = (now() - begin) / sweeps * 1e3, column = 1e9;
        for (int k = 0; k < 20; k++) {
            begin = now();
            for (int i = 0; i < n; i++) ((volatile double *)u)[(long)i * n] = 1.0;
            double spent = now() - begin;
            if (spent < column) column = spent;
        }
        printf("%d: plain %.3f ms a sweep, skewed %.3f, column %.1f us (%g)\n", n, plain, skewed, column * 1e6, u[n + 5]);
    }
}
