/* betti.h - Betti numbers of a voxel set, for tests: 26-connected foreground, 6-connected background.
 * b0 and b2 by flood fill, b1 from the Euler characteristic of the union of closed voxels (vertices - edges + faces - cubes). */
#ifndef BETTI_H
#define BETTI_H
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct betti { long b0, b1, b2; };

static long flood(const uint8_t *v, uint8_t value, const long n[3], int reach)
{
    const long total = n[0] * n[1] * n[2];
    uint8_t *seen = calloc((size_t)total, 1);
    long *stack = malloc((size_t)total * sizeof *stack), count = 0;

    for (long s = 0; s < total; s++) {
        long top = 0;
        if (seen[s] || (v[s] != 0) != value)
            continue;
        count++;
        seen[s] = 1;
        stack[top++] = s;
        while (top) {
            const long i = stack[--top], x = i % n[0], y = i / n[0] % n[1], z = i / (n[0] * n[1]);
            for (long dz = -1; dz <= 1; dz++)
                for (long dy = -1; dy <= 1; dy++)
                    for (long dx = -1; dx <= 1; dx++) {
                        const long a = x + dx, b = y + dy, c = z + dz, k = (c * n[1] + b) * n[0] + a;
                        if (labs(dx) + labs(dy) + labs(dz) > reach || a < 0 || b < 0 || c < 0 || a >= n[0] || b >= n[1] || c >= n[2] ||
                            seen[k] || (v[k] != 0) != value)
                            continue;
                        seen[k] = 1;
                        stack[top++] = k;
                    }
        }
    }
    free(seen);
    free(stack);
    return count;
}

/* v: nx * ny * nz voxels, x fastest; outside is background. */
static struct betti betti(const uint8_t *v, long nx, long ny, long nz)
{
    const long n[3] = { nx + 2, ny + 2, nz + 2 }, m[3] = { 2 * n[0] + 1, 2 * n[1] + 1, 2 * n[2] + 1 };
    uint8_t *p = calloc((size_t)(n[0] * n[1] * n[2]), 1), *cell = calloc((size_t)(m[0] * m[1] * m[2]), 1);
    struct betti r;
    long chi = 0;

    for (long z = 0; z < nz; z++)
        for (long y = 0; y < ny; y++)
            for (long x = 0; x < nx; x++) {
                if (!v[(z * ny + y) * nx + x])
                    continue;
                p[((z + 1) * n[1] + y + 1) * n[0] + x + 1] = 1;
                for (long c = 0; c < 27; c++)
                    cell[((2 * z + 2 + c / 9) * m[1] + 2 * y + 2 + c / 3 % 3) * m[0] + 2 * x + 2 + c % 3] = 1;
            }
    for (long i = 0; i < m[0] * m[1] * m[2]; i++)
        if (cell[i]) {
            /* a voxel's cells are at 2x + 2 .. 2x + 4: its middle is odd */
            const long dim = (i % m[0] & 1) + (i / m[0] % m[1] & 1) + (i / (m[0] * m[1]) & 1);
            chi += dim & 1 ? -1 : 1;
        }
    r.b0 = flood(p, 1, n, 3);
    r.b2 = flood(p, 0, n, 1) - 1;
    r.b1 = r.b0 + r.b2 - chi;
    free(p);
    free(cell);
    return r;
}
#endif
