/* fuzz_table.c - tables as people send them: CSV, cohorts, measured brains; the notes and descriptions inside images. */
#include "fuzz.h"
#include <math.h>
#include <string.h>
#include <unistd.h>
#include "brain.h"
#include "cohort.h"

static struct vn_err err;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_start();
    return 0;
}

static void check_error(int rc)
{
    fuzz_check(rc < 0 && rc != VN_E_INTERNAL && err.code == rc && strlen(err.msg) > 10, "an error without words", err.msg);
}

/* What is written reads back the same. */
static void write_and_read(const struct vn_table *t)
{
    struct vn_table *u;

    fuzz_check(vn_table_write_csv(t, "o.csv", true, &err) == 0, "a table is not written", err.msg);
    fuzz_check(vn_table_read_csv("o.csv", &u, &err) == 0, "what was written does not read", err.msg);
    fuzz_check(t->n_col == u->n_col && t->n_row == u->n_row, "read back with another size", "");
    for (int c = 0; c < t->n_col; c++) {
        fuzz_check(!strcmp(t->col[c].name, u->col[c].name), "read back with another column", t->col[c].name);
        if (t->n_row == 0)                              /* a column without values is of any type */
            continue;
        fuzz_check(t->col[c].is_text == u->col[c].is_text, "read back with another type", t->col[c].name);
        for (int64_t r = 0; r < t->n_row; r++)
            if (t->col[c].is_text)
                fuzz_check(!strcmp(t->col[c].text[r], u->col[c].text[r]), "read back with another word", t->col[c].text[r]);
            else
                fuzz_check(t->col[c].num[r] == u->col[c].num[r] || (isnan(t->col[c].num[r]) && isnan(u->col[c].num[r])),
                           "read back with another number", t->col[c].name);
    }
    vn_table_unref(u);
    unlink("o.csv");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct vn_cohort *c;
    struct vn_table *t;

    fuzz_write("a.csv", data, n);
    int rc = vn_table_read_csv("a.csv", &t, &err);
    if (rc) {
        check_error(rc);
        return 0;
    }
    if (t->n_row * t->n_col < 2000)
        write_and_read(t);
    if ((rc = vn_cohort_new(t, "a.csv", NULL, &c, &err)))
        check_error(rc);
    else
        vn_cohort_free(c);
    vn_table_unref(t);
    if ((rc = vn_brain_measures("a.csv", &t, NULL, &err)))
        check_error(rc);
    else
        vn_table_unref(t);
    return 0;
}
