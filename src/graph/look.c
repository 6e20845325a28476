/* look.c - the table of properties and its draw; what came out of it. */
#include "look.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "mem.h"
#include "vox.h"

/* Chosen so that the volumes look like light-sheet and two-photon stacks of brain vessels and their usual failures. */
const struct vn_look_row vn_look_table[VN_N_LOOK] = {
    [VN_LOOK_NOISE] = { "noise", 1, 0.001, 0.04, .log = true },
    [VN_LOOK_SHOT] = { "shot", 0.7, 0.005, 0.06, .log = true },
    [VN_LOOK_GRAIN] = { "grain", 0.4, 0.5, 1.2 },
    [VN_LOOK_PSF] = { "psf", 1, 0.3, 1 },
    [VN_LOOK_PSF_Z] = { "psf_z", 1, 0.3, 1.6 },
    [VN_LOOK_THIN] = { "thin", 0.6, 0.05, 0.8 },
    [VN_LOOK_VARY] = { "vary", 0.9, 0.3, 1.3 },
    [VN_LOOK_ALONG] = { "along", 0.8, 0.1, 0.8 },
    [VN_LOOK_DROPOUT] = { "dropout", 0.1, 0.02, 0.1 },
    [VN_LOOK_BACKGROUND] = { "background", 0.2, 0.02, 0.15 },
    [VN_LOOK_UNEVEN] = { "uneven", 0.6, 0.01, 0.15, .log = true },
    [VN_LOOK_SHADE] = { "shade", 0.5, 0.1, 0.7 },
    [VN_LOOK_DECAY] = { "decay", 0.4, 0.1, 0.8 },
    [VN_LOOK_HAZE] = { "haze", 0.2, 0.02, 0.4, .log = true },
    [VN_LOOK_BLOBS] = { "blobs", 0.25, 1, 16, .log = true, .whole = true },
    [VN_LOOK_SHEETS] = { "sheets", 0.15, 1, 2, .whole = true },
    [VN_LOOK_GLARE] = { "glare", 1, 0.5, 5, .log = true },
    [VN_LOOK_HOLLOW] = { "hollow", 0.15, 0.7, 1.5 },
    [VN_LOOK_LUMEN] = { "lumen", 0.7, 0.0, 0.5 },
    [VN_LOOK_CHECKERBOARD] = { "checkerboard", 0.07, 1, 16, .log = true, .whole = true },
    [VN_LOOK_CHECKER_BY] = { "checker_by", 1, 0.01, 0.1, .log = true },
    [VN_LOOK_STRIPES] = { "stripes", 0.15, 0.1, 0.5 },
    [VN_LOOK_STRIPE_PERIOD] = { "stripe_period", 1, 4, 32, .log = true },
    [VN_LOOK_LINES] = { "lines", 0.15, 0.002, 0.03, .log = true },
    [VN_LOOK_JUMPS] = { "jumps", 0.15, 0.03, 0.2 },
    [VN_LOOK_SEAMS] = { "seams", 0.1, 0.03, 0.2 },
    [VN_LOOK_TILE] = { "tile", 1, 24, 96, .whole = true },
    [VN_LOOK_LOST] = { "lost", 0.1, 1, 3, .whole = true },
    [VN_LOOK_DARK] = { "dark", 0, 1, 1 },
    [VN_LOOK_LEVEL] = { "level", 0, 0, 1 },
    [VN_LOOK_CONTRAST] = { "contrast", 0, 0, 1 },
    [VN_LOOK_DENSITY] = { "density", 1, 0.01, 0.06, .log = true },
    [VN_LOOK_TORTUOSITY] = { "tortuosity", 0.85, 0.1, 1 },
    [VN_LOOK_PARALLEL] = { "parallel", 0.4, 1, 4, .whole = true },
    [VN_LOOK_BREAKS] = { "breaks", 0.2, 1, 12, .log = true, .whole = true },
};

void vn_look_draw(double look[VN_N_LOOK], uint64_t seed)
{
    for (int i = 0; i < VN_N_LOOK; i++) {
        const struct vn_look_row *row = &vn_look_table[i];
        uint32_t r[4];
        if (look[i] == look[i])
            continue;
        vn_random(seed, 5, (uint64_t)i, r);
        if (r[0] / 4294967296.0 >= row->p) {
            look[i] = 0;
            continue;
        }
        const double t = r[1] / 4294967296.0, hi = row->hi + (row->whole && !row->log);
        look[i] = row->log ? row->lo * vn_exp(t * vn_log(hi / row->lo)) : row->lo + t * (hi - row->lo);
        if (row->whole)
            look[i] = row->log ? floor(look[i] + 0.5) : fmin(floor(look[i]), row->hi);
    }
}

int vn_fact_add(struct vn_facts *f, const char *name, int n, const double *v, struct vn_err *err)
{
    struct vn_fact *k = &f->f[f->n];

    if (f->n == (int)VN_COUNT(f->f))
        return vn_fail(err, VN_E_INTERNAL, "no room for %s", name);
    *k = (struct vn_fact){ .n = n, .v = vn_alloc((uint64_t)n * sizeof *v, err) };
    if (!k->v)
        return VN_E_MEMORY;
    memcpy(k->v, v, (size_t)n * sizeof *v);
    snprintf(k->name, sizeof k->name, "%s", name);
    f->n++;
    return 0;
}

void vn_facts_free(struct vn_facts *f)
{
    for (int i = 0; i < f->n; i++)
        vn_free(f->f[i].v);
    f->n = 0;
}
