/* The scheduler suite's rivals in C. Reads jobs from standard input, one a line, and answers each with the seconds it took:
 *
 *     laplace N SWEEPS      double-buffered five-point sweeps, an error norm every 15
 *     skewed N SWEEPS       the same, skewed by hand over 15 sweeps in tiles of two rows
 *     column N TIMES        u[:, 0] = c
 *     program N TIMES       the 40 expressions, one loop each; with OpenMP one task each
 *
 * Built with -O3 -march=native, and once more with -fopenmp for the form of several threads.
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

static double *fresh(size_t count) {
    size_t bytes = ((sizeof(double) * count >> 21) + 1) << 21;
    double *p = aligned_alloc(2 << 20, bytes);
    if (!p) exit(1);
    memset(p, 0, bytes);
    return p;
}

static const double DX2 = 0.01, DY2 = 0.01;

static void rows(double *restrict v, const double *restrict u, long n, long from, long to) {
    const double scale = 0.5 / (DX2 + DY2);
    for (long i = from; i < to; i++)
        for (long j = 1; j < n - 1; j++)
            v[i * n + j] = ((u[(i - 1) * n + j] + u[(i + 1) * n + j]) * DY2
                            + (u[i * n + j - 1] + u[i * n + j + 1]) * DX2) * scale;
}

static double change(const double *restrict u, const double *restrict v, long count) {
    double most = 0;
#pragma omp parallel for reduction(max : most) schedule(static)
    for (long i = 0; i < count; i++) {
        double d = fabs(u[i] - v[i]);
        most = d > most ? d : most;
    }
    return most;
}

enum { WAVE = 15, TILE_ROWS = 2, MOST_SIZES = 4 };

/* The two plates of a size, kept between jobs. Not zero at first: what comes in from a hot border falls to a quarter from row to row, and
 * after some hundred sweeps much of a plate would be subnormal numbers, which take several times as long. */
static struct { long n; double *u, *v; } plates[MOST_SIZES];

static int plate(long n) {
    for (int i = 0; i < MOST_SIZES; i++) {
        if (plates[i].n == n) return i;
        if (plates[i].n == 0) {
            plates[i].n = n;
            plates[i].u = fresh(n * n);
            plates[i].v = fresh(n * n);
            for (long j = 0; j < n * n; j++) plates[i].u[j] = plates[i].v[j] = j < n ? 1.0 : 0.5;
            return i;
        }
    }
    exit(2);
}

static volatile double sink;

static double laplace(long n, int sweeps) {
    int at = plate(n);
    double *u = plates[at].u, *v = plates[at].v, begin = now();
    for (int k = 1; k <= sweeps; k++) {
#pragma omp parallel
        {
#ifdef _OPENMP
            extern int omp_get_thread_num(void), omp_get_num_threads(void);
            long me = omp_get_thread_num(), all = omp_get_num_threads();
#else
            long me = 0, all = 1;
#endif
            rows(v, u, n, 1 + (n - 2) * me / all, 1 + (n - 2) * (me + 1) / all);
        }
        double *old = u; u = v; v = old;
        if (k % 15 == 0) sink = change(u, v, n * n);
    }
    return now() - begin;
}

static double skewed(long n, int sweeps) {
    int at = plate(n);
    double *u = plates[at].u, *v = plates[at].v, begin = now();
    long tiles = (n - 2 + TILE_ROWS - 1) / TILE_ROWS;
    for (int k = 0; k < sweeps; k += WAVE) {
        for (long diagonal = 0; diagonal < tiles + WAVE; diagonal++)
            for (long s = 0; s < WAVE; s++) {
                long tile = diagonal - s;
                if (tile < 0 || tile >= tiles) continue;
                long from = 1 + tile * TILE_ROWS, to = from + TILE_ROWS < n - 1 ? from + TILE_ROWS : n - 1;
                rows(s & 1 ? u : v, s & 1 ? v : u, n, from, to);
            }
        double *old = u; u = v; v = old;
        sink = change(u, v, n * n);
    }
    return now() - begin;
}

static double column(long n, int times) {
    double *u = plates[plate(n)].u, begin = now();
    for (int k = 0; k < times; k++)
        for (long i = 0; i < n; i++) ((volatile double *)u)[i * n] = k;
    return now() - begin;
}

/* Expression k of the program: five kinds in turn; one in five reads an earlier result instead of x. */
static void expression(int k, long n, double *restrict out, const double *restrict x, const double *restrict y,
                       const double *restrict z) {
    double c = 0.5 + k * 0.01;
    switch (k % 5) {
    case 0: for (long i = 0; i < n; i++) out[i] = ((x[i] * c + y[i]) * x[i] + z[i]) * x[i] + c; break;
    case 1: for (long i = 0; i < n; i++) out[i] = (sqrt(fabs(y[i] * y[i] - 4.0 * x[i] * z[i])) - y[i]) / (z[i] + c); break;
    case 2: for (long i = 0; i < n; i++) out[i] = x[i] / (1.0 + y[i] * y[i]) + y[i] / (1.0 + x[i] * x[i]) * c; break;
    case 3: for (long i = 0; i < n; i++) out[i] = x[i] < y[i] ? x[i] * y[i] * c : x[i] - z[i]; break;
    default: for (long i = 0; i < n; i++) out[i] = sqrt(x[i] * x[i] + y[i] * y[i]) * c + z[i]; break;
    }
}

static double program(long n, int times) {
    static double *input[3], *result[40];
    static long made;
    if (made != n) {
        for (int i = 0; i < 3; i++) {
            input[i] = fresh(n);
            for (long j = 0; j < n; j++) input[i][j] = 0.1 + (double)((j * (i + 7)) % 1000) / 500.0;
        }
        for (int k = 0; k < 40; k++) result[k] = fresh(n);
        made = n;
    }
    double begin = now();
    for (int t = 0; t < times; t++)
#pragma omp parallel
#pragma omp single
        for (int k = 0; k < 40; k++) {
            int earlier = k % 5 == 4 ? k - 4 : -1;
            double *out = result[k], *x = earlier < 0 ? input[0] : result[earlier];
            if (earlier < 0) {
#pragma omp task depend(out : out[0])
                expression(k, n, out, x, input[1], input[2]);
            } else {
#pragma omp task depend(in : x[0]) depend(out : out[0])
                expression(k, n, out, x, input[1], input[2]);
            }
        }
    sink = result[39][n / 2];
    return now() - begin;
}

int main(void) {
    char job[32];
    long n;
    int times;
    puts("ready");
    fflush(stdout);
    while (scanf("%31s %ld %d", job, &n, &times) == 3) {
        double seconds = !strcmp(job, "laplace") ? laplace(n, times) : !strcmp(job, "skewed") ? skewed(n, times)
            : !strcmp(job, "column") ? column(n, times) : !strcmp(job, "program") ? program(n, times) : -1;
        printf("%.9f\n", seconds);
        fflush(stdout);
    }
}
