/* deartifact.c - artifacts planted by `phantom` at several strengths, and how much of each deartifact leaves.  Never a test.
 *
 *   deartifact [KIND|all [DIMS [NOISE [SEED...]]]]        all, 128x128x64, 0.02, 1
 *
 * KIND: checkerboard, slices (phantom jumps=), seams, rows (stripes=: alike over all x and z), lines (lines=: of every slice), lost.
 * C is the phantom, A the same with the artifact, D what deartifact makes of A, S the phantom without noise.  Each slice, tile, row
 * or line g may have a number of its own, added to the voxels (lines, checkerboard: u = 1 or +-1) or times their light (u = S):
 * planted p_g = <A - C, u> / <u, u> over its voxels, left e_g = <D - C, u> / <u, u>.  Less their mean over g, which is the
 * volume's brightness and no artifact, the energies are sums of <u, u> p_g^2 and <u, u> e_g^2; `left` is their ratio in dB, `steps`
 * that of the differences of g and g + 1.
 * `bound`: least squares that is told which voxels are background, B, and that nothing but E and noise of sd s is in them, has the
 * variance s^2 / <u, u>_B in p_g, and no unbiased estimate without knowledge of the p_g has less (Gauss, Markov).  `short`: dB by
 * which `left` is below that and below 30.
 * `clDice`, all with artifacts=0: of the segmented C against the truth, and what these have less or more: A, D, K and I.  K is A
 * without what is known to be in it (lost slices: what lies between those around, linearly), I without what least squares in B has for it, which is the change that what noise forbids to
 * know makes by itself (QUICK=1: not).  `worse`: what D has less than the lesser of I and K.  LIST=1 prints every p_g and e_g. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "artifact.h"
#include "cmd.h"
#include "job.h"
#include "mem.h"

enum { CHECKER, SLICES, SEAMS, ROWS, LINES, LOST, N_KIND };
static const char *const kind_name[N_KIND] = { "checkerboard", "slices", "seams", "rows", "lines", "lost" };
static const double LEVEL = 40, CONTRAST = 160;
static struct vn_err err;
static struct vn_session *s;
static struct vn_runner *r;
static char *out;
static size_t n_out;
static FILE *f_out;

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "deartifact: %s: %s\n", what, why);
    exit(1);
}

/* Runs the line; its result. */
static cJSON *run(const char *line)
{
    rewind(f_out);
    if (vn_runner_line(r, line))
        fail(line, err.msg);
    fflush(f_out);
    out[ftell(f_out) - 1] = 0;
    char *from = strrchr(out, '\n');
    return cJSON_Parse(from ? from + 1 : out);
}

static double number(const char *line, const char *key, int i)
{
    cJSON *o = run(line);
    const cJSON *v = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), key);
    v = cJSON_IsArray(v) ? cJSON_GetArrayItem(v, i) : v;
    const double d = cJSON_IsNumber(v) ? v->valuedouble : NAN;
    cJSON_Delete(o);
    return d;
}

static struct vn_vol *volume(const char *name)
{
    struct vn_obj *o = vn_session_get(s, name);
    struct vn_vol *v = NULL;
    if (!o || vn_obj_vol(s, o, &v, NULL, &err))
        fail(name, err.msg);
    vn_obj_unref(o);
    return v;
}

struct sums { double uu, pu, eu, bb, bu; };         /* over all voxels; b: over those of the background, of A - S */

/* A volume of the session, of voxels alike to those of v. */
static void bind(const char *name, const struct vn_vol *v, struct vn_buf *b)
{
    const struct vn_args none = { .n = 0 };
    struct vn_vol *own = vn_vol_from_buf(VN_IMAGE, &v->grid, b, &err);
    struct vn_obj *o = own ? vn_obj_new(VN_IMAGE, own, "bench", &none, name, own->key, &err) : NULL;
    if (!o || vn_session_bind(s, name, o, &err))
        fail(name, err.msg);
    vn_obj_unref(o);
}

/* Energy of what least squares in the background leaves, as energies() has it. */
static double least(const struct sums *g, int n, double sd)
{
    double uu = 0, sum = 0;
    for (int i = 0; i < n; i++)
        uu += g[i].uu;
    for (int i = 0; i < n; i++)
        sum += g[i].uu / uu * (n > 1 ? 1 - g[i].uu / uu : 1) * sd * sd / g[i].bb;
    return sum;
}

/* Energies of p and e, and of their steps. */
static void energies(struct sums *g, int n, double all[4])
{
    double uu = 0, p = 0, e = 0;
    for (int i = 0; i < n; i++) {
        uu += g[i].uu;
        p += g[i].pu;
        e += g[i].eu;
    }
    for (int k = 0; k < 4; k++)
        all[k] = 0;
    for (int i = 0; i < n; i++) {
        const double one[2] = { g[i].pu / g[i].uu - (n > 1 ? p / uu : 0), g[i].eu / g[i].uu - (n > 1 ? e / uu : 0) };
        for (int k = 0; k < 2; k++) {
            const double next = i + 1 < n ? (k ? g[i + 1].eu : g[i + 1].pu) / g[i + 1].uu - (k ? g[i].eu : g[i].pu) / g[i].uu : 0;
            all[k] += g[i].uu * one[k] * one[k] / uu;
            all[2 + k] += next * next;
        }
    }
}

static double cldice(const char *name)
{
    char line[200];
    snprintf(line, sizeof line, "segment %s artifacts=0 as=p_%s; threshold p_%s as=m_%s", name, name, name, name);
    cJSON_Delete(run(line));
    snprintf(line, sizeof line, "metrics m_%s c_mask", name);
    return number(line, "cldice", 0);
}

static void measure(int kind, const char *dims, double noise, int seed, double by)
{
    static const char *const key[N_KIND] = { "checkerboard=3 checker_by", "jumps", "tile=48 seams", "stripes", "lines", "lost" };
    const bool times = kind == SLICES || kind == SEAMS || kind == ROWS || kind == LOST;
    char look[300], line[1000];
    double phase[2] = { 0, 0 };

    snprintf(look, sizeof look, "phantom network dims=%s seed=%d type=f32 psf=0.6 psf_z=0.8 thin=0.3 vary=0.6", dims, seed);
    snprintf(line, sizeof line, "%s noise=%g as=c; %s noise=0 as=s; %s noise=%g %s=%g as=a", look, noise, look, look, noise, key[kind],
             kind == LOST ? by : times ? by * noise * CONTRAST / LEVEL : by * noise);
    cJSON *o = run(line);
    for (int i = 0; i < 2; i++) {
        const cJSON *v = cJSON_GetArrayItem(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), kind == SEAMS ? "tile_phase" : "checker_phase"), i);
        phase[i] = cJSON_IsNumber(v) ? v->valuedouble : 0;
    }
    cJSON_Delete(o);
    const double n_found = number("deartifact a as=d", "artifacts", 0);
    o = run("deartifact c as=none");
    const cJSON *none = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "artifacts");
    if (cJSON_IsNumber(none) && none->valuedouble > 0)
        printf("found without any: %s\n", out);
    cJSON_Delete(o);

    struct vn_vol *v[4] = { volume("c"), volume("a"), volume("d"), volume("s") };
    struct vn_buf b[4], made[2];
    for (int i = 0; i < 4; i++)
        if (vn_vol_map(v[i], VN_F32, &v[i]->box, VN_PAD_ZERO, &b[i], NULL, &err))
            fail("voxels", err.msg);
    const int64_t nx = v[0]->grid.dim[0], ny = v[0]->grid.dim[1], nz = v[0]->grid.dim[2], wide = (nx + 96) / 48;
    const int n = kind == CHECKER ? 1 : kind == SLICES || kind == LOST ? (int)nz : kind == ROWS ? (int)ny : kind == LINES ? (int)(ny * nz) : (int)(wide * ((ny + 96) / 48));
    const double sd = noise * CONTRAST;
    const float *c = b[0].data, *with = b[1].data, *less = b[2].data, *clean = b[3].data;
    struct sums *g = calloc((size_t)n, sizeof *g);
    float *way[2];
    for (int k = 0; k < 2; k++) {
        if (vn_buf_new(&made[k], VN_F32, &v[0]->box, &err))
            fail("voxels", err.msg);
        way[k] = made[k].data;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < nx * ny * nz; i++) {
            const int64_t x = i % nx, y = i / nx % ny, z = i / nx / ny;
            const int at = kind == CHECKER ? 0 : kind == SLICES || kind == LOST ? (int)z : kind == ROWS ? (int)y : kind == LINES ? (int)(z * ny + y) :
                           (int)((y + (int64_t)phase[1]) / 48 * wide + (x + (int64_t)phase[0]) / 48);
            const double u = times ? (double)clean[i] / LEVEL : kind == LINES ? 1 : ((x + (int64_t)phase[0]) / 3 + (y + (int64_t)phase[1]) / 3) & 1 ? -1 : 1;
            const bool back = (double)clean[i] < LEVEL + 0.1 * sd;
            if (pass) {
                const double p[2] = { g[at].pu / g[at].uu, g[at].bb > 0 ? g[at].bu / g[at].bb : 0 };
                for (int k = 0; k < 2; k++)
                    way[k][i] = (float)(times ? (double)with[i] / (1 + p[k] / LEVEL) : (double)with[i] - p[k] * u);
                continue;
            }
            g[at].uu += u * u;
            g[at].pu += u * (double)(with[i] - c[i]);
            g[at].eu += u * (double)(less[i] - c[i]);
            g[at].bb += back ? u * u : 0;
            g[at].bu += back ? u * (double)(with[i] - clean[i]) : 0;
        }
    }
    for (int64_t z = 1, end; kind == LOST && z < nz; z = end + 1) {
        for (end = z; end < nz && g[end].pu < -0.5 * LEVEL * g[end].uu; end++)
            ;
        for (int64_t i = z * nx * ny; end < nz && i < end * nx * ny; i++) {
            const int64_t from = i % (nx * ny) + (z - 1) * nx * ny, to = from + (end - z + 1) * nx * ny;
            way[0][i] = way[1][i] = with[from] + (with[to] - with[from]) * (float)(i / (nx * ny) - z + 1) / (float)(end - z + 1);
        }
    }
    int m = 0;
    for (int i = 0; i < n; i++)
        if (g[i].uu > 0)
            g[m++] = g[i];
    for (int i = 0; getenv("LIST") && i < m; i++)
        printf("  %d: n %g planted %.4f left %.4f least squares %.4f told %.0f\n", i, g[i].uu, g[i].pu / g[i].uu, g[i].eu / g[i].uu, g[i].pu / g[i].uu - g[i].bu / g[i].bb, g[i].bb);
    double all[4];
    energies(g, m, all);
    const double left = 10 * log10(all[0] / all[1]), bound = kind == LOST ? NAN : 10 * log10(all[0] / least(g, m, sd));
    printf("%-12s %-12s %5g %3d %5g %6.0f %7.1f %7.1f %7.1f %7.1f", kind_name[kind], dims, noise, seed, by, n_found, left, n > 1 ? 10 * log10(all[2] / all[3]) : 0, bound,
           fmax(0, fmin(30, bound) - left));
    if (!getenv("QUICK")) {
        bind("k", v[0], &made[0]);
        bind("i", v[0], &made[1]);
        const double own = cldice("c"), d = cldice("d") - own, k = cldice("k") - own, ideal = cldice("i") - own;
        printf("  %.4f %+8.4f %+8.4f %+8.4f %+8.4f %8.4f", own, cldice("a") - own, d, k, ideal, fmax(0, fmin(k, ideal) - d));
    } else
        for (int k = 0; k < 2; k++)
            vn_buf_free(&made[k]);
    printf("\n");
    fflush(stdout);
    free(g);
    for (int i = 0; i < 4; i++) {
        vn_buf_free(&b[i]);
        vn_vol_unref(v[i]);
    }
}

int main(int argc, char **argv)
{
    static const double by[] = { 0.5, 1, 2, 5 }, lost[] = { 1, 2, 3, 6 };
    const char *dims = argc > 2 ? argv[2] : "128x128x64";
    const double noise = argc > 3 ? atof(argv[3]) : 0.02;

    vn_mem_init(0);
    if (vn_job_init(0, &err))
        fail("start", err.msg);
    f_out = open_memstream(&out, &n_out);
    const struct vn_run_opt o = { .json = true, .out = f_out, .msg = stderr };
    s = vn_session_new(&err);
    r = vn_runner_new(s, &o, &err);
    printf("kind         dims         noise seed  by/sd  found left,dB   steps   bound   short  clDice  A:with  D:after  K:known  I:ideal    worse\n");
    for (int kind = 0; kind < N_KIND; kind++)
        for (int i = argc > 4 ? 4 : 0; i < (argc > 4 ? argc : 1); i++)
            for (int k = 0; k < 4; k++)
                if (argc < 2 || !strcmp(argv[1], "all") || !strcmp(argv[1], kind_name[kind]))
                    measure(kind, dims, noise, i ? atoi(argv[i]) : 1, kind == LOST ? lost[k] : by[k]);
    vn_runner_free(r);
    vn_session_free(s);
    vn_job_exit();
    return 0;
}
