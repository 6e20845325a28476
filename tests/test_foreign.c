/* Graphs and skeletons made by other programs (../shared/data), held against Venule's own.
 *
 * The vessel graph is a table of nodes and edges (VesselGraph, shipped with VesselVio). Its edges are drawn as straight
 * tubes of radius 1 voxel; the mask goes through thinning and graph, and the table comes back. Components and loops of that
 * same mask are those scikit-image's euler_number and cc3d give (1 and 62): nine more loops than the table's 53, since tubes
 * that leave a node at a sharp angle touch again voxel by voxel.  Fiji's skeleton of blobs: loops and components likewise. */
#include "session.h"
#include <unistd.h>
#include "io.h"

#define DATA "../shared/data/"
enum { MAX_NODE = 4000, MAX_EDGE = 4000, PAD = 6 };
static double node[MAX_NODE][3];
static int n_end;

static int read_nodes(void)
{
    char line[256];
    int n = 0, id, degree, border;
    FILE *f = fopen(DATA "graphs/vesselvio/sample_data/demo_csv/vertices.csv", "r");

    if (!f || !fgets(line, sizeof line, f))
        return 0;
    while (n < MAX_NODE && fscanf(f, "%d;%lf;%lf;%lf;%d;%d", &id, &node[n][0], &node[n][1], &node[n][2], &degree, &border) == 6) {
        assert_int_equal(id, n++);
        n_end += degree == 1;
    }
    fclose(f);
    return n;
}

static void draw_tube(struct vn_buf *m, const double a[3], const double b[3], double radius)
{
    int64_t lo[3], hi[3];
    double d[3], dd = 0;

    for (int k = 0; k < 3; k++) {
        lo[k] = (int64_t)floor(fmin(a[k], b[k]) - radius);
        hi[k] = (int64_t)ceil(fmax(a[k], b[k]) + radius);
        d[k] = b[k] - a[k];
        dd += d[k] * d[k];
    }
    for (int64_t z = lo[2]; z <= hi[2]; z++)
        for (int64_t y = lo[1]; y <= hi[1]; y++)
            for (int64_t x = lo[0]; x <= hi[0]; x++) {
                const double q[3] = { (double)x - a[0], (double)y - a[1], (double)z - a[2] };
                const double t = fmin(1, fmax(0, (q[0] * d[0] + q[1] * d[1] + q[2] * d[2]) / dd));
                const double u = q[0] - t * d[0], v = q[1] - t * d[1], w = q[2] - t * d[2];
                if (u * u + v * v + w * w <= radius * radius)
                    ((uint8_t *)m->data)[vn_buf_at(m, x, y, z)] = 1;
            }
}

/* Draws the edges; *length: of the straight edges. */
static int draw_edges(struct vn_buf *m, int n_node, double *length)
{
    char line[1024];
    int n = 0, id, a, b;
    FILE *f = fopen(DATA "graphs/vesselvio/sample_data/demo_csv/edges.csv", "r");

    if (!f || !fgets(line, sizeof line, f))
        return 0;
    for (; fgets(line, sizeof line, f); n++) {
        assert_int_equal(sscanf(line, "%d;%d;%d;", &id, &a, &b), 3);
        assert_true(a >= 0 && a < n_node && b >= 0 && b < n_node && a != b);
        draw_tube(m, node[a], node[b], 1.0);
        *length += sqrt(pow(node[a][0] - node[b][0], 2) + pow(node[a][1] - node[b][1], 2) + pow(node[a][2] - node[b][2], 2));
    }
    fclose(f);
    return n;
}

static void a_drawn_graph_comes_back(void **state)
{
    const int n_node = read_nodes();
    double lo[3] = { 1e9, 1e9, 1e9 }, hi[3] = { -1e9, -1e9, -1e9 }, length = 0;
    struct vn_grid g = { .um = { 1, 1, 1 } };
    (void)state;

    if (!n_node)
        skip();
    for (int i = 0; i < n_node; i++)
        for (int k = 0; k < 3; k++) {
            lo[k] = fmin(lo[k], node[i][k]);
            hi[k] = fmax(hi[k], node[i][k]);
        }
    for (int i = 0; i < n_node; i++)
        for (int k = 0; k < 3; k++)
            node[i][k] += PAD - lo[k];
    for (int k = 0; k < 3; k++)
        g.dim[k] = (int64_t)(hi[k] - lo[k]) + 2 * PAD + 1;
    struct vn_box box = { { 0, 0, 0 }, { g.dim[0], g.dim[1], g.dim[2] } };
    struct vn_buf m;
    assert_int_equal(vn_buf_new_zero(&m, VN_U8, &box, &err), 0);
    const int n_edge = draw_edges(&m, n_node, &length);
    assert_int_equal(n_edge, 3249);
    struct vn_vol *v = vn_vol_from_buf(VN_MASK, &g, &m, &err);
    assert_non_null(v);

    char path[] = "/tmp/venule_foreign_XXXXXX.nii", line[300];
    const int fd = mkstemps(path, 4);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(vn_io_save(v, path, &(struct vn_save_opt) { .force = true }, NULL, &err), 0);
    vn_vol_unref(v);
    snprintf(line, sizeof line, "open %s as=m; graph m as=g", path);
    cJSON *o = session_json_of(line);
    assert_int_equal(session_number(o, "components"), 1);
    assert_int_equal(session_number(o, "loops"), 62);
    assert_in_range(session_number(o, "end_points"), n_end - 2, n_end + 2);              /* 1548 */
    assert_in_range(session_number(o, "segments"), n_edge - 33, n_edge + 33);            /* 1 % */
    assert_true(fabs(session_number(o, "total_length_um") / length - 1) < 0.02);         /* 70569 um */
    assert_true(fabs(session_number(o, "mean_radius_um") - 1) < 0.05);
    cJSON_Delete(o);
    unlink(path);
}

static void fijis_skeleton_keeps_its_topology(void **state)
{
    static const char path[] = DATA "skeletons/skimage/src/_skimage2/data/_blobs_3d_fiji_skeleton.tif";
    char line[400];
    (void)state;

    if (access(path, R_OK))
        skip();
    snprintf(line, sizeof line, "open %s as=f kind=mask voxel=1um; skeleton f as=s; graph s prune=0 min_length=0 as=g", path);
    cJSON *o = session_json_of(line);
    assert_int_equal(session_number(o, "components"), 3);
    assert_int_equal(session_number(o, "loops"), 1009);
    cJSON_Delete(o);
    /* Of its 4003 voxels thinning finds some that can still go, and adds none. */
    o = session_json_of("metrics s f");
    assert_true(session_number(o, "precision") == 1);
    assert_in_range(session_number(o, "recall") * 4003 + 0.5, 3900, 4003);
    assert_int_equal(session_number(o, "betti0_error"), 0);
    assert_int_equal(session_number(o, "betti1_error"), 0);
    assert_int_equal(session_number(o, "betti2_error"), 0);
    cJSON_Delete(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_drawn_graph_comes_back, session_json, session_stop),
        cmocka_unit_test_setup_teardown(fijis_skeleton_keeps_its_topology, session_json, session_stop),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
