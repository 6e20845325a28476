/* A contrast MR angiogram of an aorta, segmented without a parameter, against centrelines that vmtk made of it with the
 * radius of the largest inscribed sphere at every point (../shared/data/mra; nobody at Venule chose anything by them). */
#include "session.h"
#include <unistd.h>
#include <zlib.h>

#define DATA "../shared/data/mra/"
enum { MAX_POINT = 1000 };

/* One array of a VTK XML file, "binary" (base64) and compressed by zlib in one block: blocks, block size, last size, compressed
 * size (u32 each, coded apart from the data).  Returns the bytes. */
static size_t vtk_array(const char *xml, const char *name, void *dst, size_t room)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static uint8_t raw[1 << 16];
    char tag[64];
    size_t n = 0;
    uint32_t acc = 0, head[4];
    int bits = 0;
    uLongf len = room;

    snprintf(tag, sizeof tag, "Name=\"%s\"", name);
    const char *p = strstr(xml, tag);
    assert_non_null(p);
    for (p = strchr(p, '>') + 1; *p != '<' && n < sizeof raw; p++) {
        const char *d = strchr(digits, *p);
        if (*p == '=' && bits)                           /* the end of the header's own piece */
            acc = 0, bits = 0;
        if (!d || !*p)
            continue;
        acc = acc << 6 | (uint32_t)(d - digits);
        bits += 6;
        if (bits >= 8)
            raw[n++] = (uint8_t)(acc >> (bits -= 8));
    }
    memcpy(head, raw, sizeof head);
    assert_int_equal(head[0], 1);
    assert_int_equal(uncompress(dst, &len, raw + 16, head[3]), Z_OK);
    return len;
}

static void radii_as_vmtk_has_them(void **state)
{
    static char xml[1 << 17];
    static float place[MAX_POINT][3];
    static double radius[MAX_POINT], ratio[MAX_POINT];
    const double um[3] = { 878.906, 878.906, 1500.09 }, origin[3] = { 156445, 24609.4, 0 };   /* of the file's header */
    double far = 0;
    struct vn_graph *g;
    FILE *f = fopen(DATA "aorta_reference/aorta-centerline.vtp", "r");
    (void)state;

    if (!f || access(DATA "aorta.mha", R_OK))
        skip();
    assert_true(fread(xml, 1, sizeof xml - 1, f) > 0);
    fclose(f);
    const size_t n = vtk_array(xml, "MaximumInscribedSphereRadius", radius, sizeof radius) / sizeof radius[0];
    assert_int_equal(n, 409);
    assert_int_equal(vtk_array(xml, "Points", place, sizeof place), n * sizeof place[0]);

    assert_int_equal(session_run("open " DATA "aorta.mha as=v; segment v as=p; threshold p auto as=m0; clean m0 as=m; graph m as=g"), 0);
    struct vn_obj *o = vn_session_get(s, "g");
    assert_non_null(o);
    assert_int_equal(vn_obj_graph(s, o, &g, NULL, &err), 0);
    for (size_t i = 0; i < n; i++) {
        double best = INFINITY;
        for (int64_t k = 0; k < g->n_point; k++) {
            double d = 0;
            for (int a = 0; a < 3; a++) {
                /* vmtk's points run against the file's origin: mm, at the voxel's middle */
                const double p = place[i][a] * 1e3 - origin[a] + 0.5 * um[a];
                d += (g->point[k].p[a] - p) * (g->point[k].p[a] - p);
            }
            if (d < best) {
                best = d;
                ratio[i] = g->point[k].radius / (radius[i] * 1e3);
            }
        }
        far = fmax(far, sqrt(best));
    }
    for (size_t i = 1; i < n; i++)                       /* insertion sort */
        for (size_t k = i; k > 0 && ratio[k] < ratio[k - 1]; k--) {
            const double t = ratio[k];
            ratio[k] = ratio[k - 1];
            ratio[k - 1] = t;
        }
    printf("own radius over vmtk's: %.3f %.3f %.3f (5, 50, 95 %%); centrelines at most %.2f mm apart\n", ratio[n / 20], ratio[n / 2],
           ratio[n - 1 - n / 20], far / 1e3);
    /* The circle of the cross-section's area is larger than what fits inside: at the half-maximum of the image it is 1.09
     * times vmtk's radius (scipy, cross-sections at five places), and the mask lies half a voxel further out. */
    assert_true(ratio[n / 2] > 1.0 && ratio[n / 2] < 1.2);
    assert_true(ratio[n / 20] > 0.95 && ratio[n - 1 - n / 20] < 1.3);
    assert_true(far < 3000);                             /* two slices, in vessels 9 to 17 mm wide */
    vn_graph_unref(g);
    vn_obj_unref(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(radii_as_vmtk_has_them, session_text, session_stop) };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
