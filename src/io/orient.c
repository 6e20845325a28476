/* orient.c - orientation as words and back; units of length. */
#include "orient.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "mem.h"
#include "text.h"

/* Shortest text that gives v again; a number that came from a float is one to 7 to 9 digits. */
static const char *number(double v, char out[32])
{
    if (v != (double)(float)v)
        return vn_text_real(v, out);
    for (int digits = 7; digits <= 9; digits++) {
        snprintf(out, 32, "%.*g", digits, v);
        if (strtof(out, NULL) == (float)v)
            break;
    }
    return out;
}

char *vn_orient_words(double m[3][4], const int64_t first[3], const char *who, bool mm, struct vn_err *err)
{
    struct vn_str b = { 0 };
    char axes[4] = "", t[32], *words = NULL;

    for (int k = 0; k < 3; k++) {
        int best = 0;
        for (int i = 1; i < 3; i++)
            if (fabs(m[i][k]) > fabs(m[best][k]))
                best = i;
        axes[k] = (m[best][k] < 0 ? "LPI" : "RAS")[best];
    }
    vn_str_addf(&b, "%s (%s; %s: ", axes, who, mm ? "mm" : "unit unknown");
    for (int i = 0; i < 3; i++) {
        const bool is_float = m[i][3] == (double)(float)m[i][3];
        for (int k = 0; k < 3; k++)
            m[i][3] -= m[i][k] * (double)first[k];
        if (is_float)
            m[i][3] = (double)(float)m[i][3];
    }
    for (int i = 0; i < 12; i++)
        vn_str_addf(&b, "%s%s", number(m[i / 4][i % 4] + 0.0, t), i == 11 ? ")" : i % 4 == 3 ? "; " : " ");
    if (b.failed)
        vn_fail(err, VN_E_MEMORY, "no memory for the orientation");
    else
        words = vn_strdup(b.s, err);
    vn_str_free(&b);
    return words;
}

bool vn_orient_matrix(const struct vn_vol *v, double m[3][4])
{
    const bool known = vn_um_known(&v->grid);
    const char *mm = v->orientation ? strstr(v->orientation, known ? "; mm: " : "; unit unknown: ") : NULL;

    if (!mm ||
        sscanf(strchr(mm, ':'), ": %lf %lf %lf %lf; %lf %lf %lf %lf; %lf %lf %lf %lf", &m[0][0], &m[0][1], &m[0][2],
               &m[0][3], &m[1][0], &m[1][1], &m[1][2], &m[1][3], &m[2][0], &m[2][1], &m[2][2], &m[2][3]) != 12)
        return false;
    for (int k = 0; known && k < 3; k++) {
        double len = sqrt(m[0][k] * m[0][k] + m[1][k] * m[1][k] + m[2][k] * m[2][k]), want = v->grid.um[k] * 1e-3;
        if (!(fabs(len - want) < 1e-3 * want))
            return false;
    }
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            m[i][3] += m[i][k] * (double)v->box.lo[k];
    return true;
}

double vn_unit_um(const char *name)
{
    static const struct { const char *name; double um; } units[] = {
        { "um", 1 }, { "\xc2\xb5m", 1 }, { "\xce\xbcm", 1 }, { "\xb5m", 1 }, { "micron", 1 }, { "microns", 1 },
        { "micrometer", 1 }, { "micrometre", 1 },
        { "micrometers", 1 }, { "micrometres", 1 }, { "nm", 1e-3 }, { "nanometer", 1e-3 }, { "nanometre", 1e-3 },
        { "nanometers", 1e-3 },
        { "mm", 1e3 }, { "millimeter", 1e3 }, { "millimetre", 1e3 }, { "millimeters", 1e3 },
        { "millimetres", 1e3 }, { "cm", 1e4 },
        { "centimeter", 1e4 }, { "centimetre", 1e4 }, { "m", 1e6 }, { "meter", 1e6 }, { "metre", 1e6 },
        { "meters", 1e6 },
        { "inch", 25400 }, { "in", 25400 }, { "\xc3\x85", 1e-4 }, { "angstrom", 1e-4 },
    };
    for (size_t i = 0; i < VN_COUNT(units); i++)
        if (strcmp(name, units[i].name) == 0 || (strlen(units[i].name) > 2 && strcasecmp(name, units[i].name) == 0))
            return units[i].um;
    return 0;
}
