/* test_file.c - files appear whole or not at all. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>
#include <cmocka.h>
#include "file.h"
#include "mem.h"

static int n_files(void)            /* in the current folder, hidden ones too */
{
    DIR *d = opendir(".");
    int n = 0;
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void assert_content(const char *path, const char *text)
{
    size_t n;
    char *s = vn_file_read(path, 1 << 20, &n, NULL);
    assert_non_null(s);
    assert_string_equal(s, text);
    assert_int_equal(n, strlen(text));
    vn_free(s);
}

static int enter(void **state)
{
    char dir[] = "/tmp/venule-test-XXXXXX";
    (void)state;
    return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int leave(void **state)
{
    char dir[4096];
    DIR *d = opendir(".");
    struct dirent *e;
    (void)state;
    while ((e = readdir(d)))
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
            remove(e->d_name);
    closedir(d);
    return getcwd(dir, sizeof dir) && chdir("/") == 0 ? rmdir(dir) : -1;
}

static void a_file_appears_when_committed(void **state)
{
    (void)state;
    struct vn_err err = { 0 };
    struct vn_file *f = vn_file_begin("a.txt", false, &err);

    assert_non_null(f);
    fprintf(vn_file_stream(f), "hello %d\n", 7);
    assert_int_equal(access("a.txt", F_OK), -1);
    assert_int_equal(strncmp(vn_file_temp(f), ".a.txt.", 7), 0);
    fflush(vn_file_stream(f));
    assert_content(vn_file_temp(f), "hello 7\n");
    fseek(vn_file_stream(f), 1, SEEK_SET);
    fputc('E', vn_file_stream(f));
    assert_int_equal(vn_file_commit(f, &err), 0);
    assert_content("a.txt", "hEllo 7\n");
    assert_int_equal(n_files(), 1);
    f = vn_file_begin("b.txt", false, &err);
    fputs("gone", vn_file_stream(f));
    vn_file_abort(f);
    vn_file_abort(NULL);
    assert_int_equal(n_files(), 1);
}

static void nothing_is_replaced_without_force(void **state)
{
    (void)state;
    struct vn_err err = { 0 };

    put("a", "old");
    chmod("a", 0640);
    assert_null(vn_file_begin("a", false, &err));
    assert_int_equal(err.code, VN_E_IO);
    assert_non_null(strstr(err.msg, "'a' exists"));
    struct vn_file *f = vn_file_begin("b", false, &err);
    put("b", "somebody else's");
    assert_int_equal(vn_file_commit(f, &err), VN_E_IO);
    assert_non_null(strstr(err.msg, "meanwhile"));
    assert_content("b", "somebody else's");
    f = vn_file_begin("a", true, &err);
    fputs("new", vn_file_stream(f));
    assert_content("a", "old");
    assert_int_equal(vn_file_commit(f, &err), 0);
    assert_content("a", "new");
    struct stat st;
    stat("a", &st);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(n_files(), 2);
}

static void links_stay_links(void **state)
{
    (void)state;
    struct vn_err err = { 0 };
    struct stat st;

    put("real", "old");
    assert_int_equal(symlink("real", "link"), 0);
    assert_int_equal(symlink("nothing", "loose"), 0);
    struct vn_file *f = vn_file_begin("link", true, &err);
    fputs("new", vn_file_stream(f));
    assert_int_equal(vn_file_commit(f, &err), 0);
    assert_content("real", "new");
    lstat("link", &st);
    assert_true(S_ISLNK(st.st_mode));
    assert_null(vn_file_begin("loose", false, &err));
}

static void what_cannot_be_a_file_is_refused(void **state)
{
    (void)state;
    struct vn_err err = { 0 };
    const char *bad[] = { "", "/", "/tmp", ".", "no/such/folder.txt", "dir/", "/dev/null", "a/b" };

    put("a", "");
    for (size_t i = 0; i < VN_COUNT(bad); i++) {
        err.code = 0;
        assert_null(vn_file_begin(bad[i], true, &err));
        assert_int_equal(err.code, VN_E_IO);
        assert_non_null(strstr(err.msg, bad[i]));
    }
    char longest[300];
    memset(longest, 'n', 255);          /* the longest name a file can have: its temporary name is cut */
    longest[255] = '\0';
    struct vn_file *f = vn_file_begin(longest, false, &err);
    assert_non_null(f);
    assert_int_equal(vn_file_commit(f, &err), 0);
    assert_int_equal(access(longest, F_OK), 0);
    assert_int_equal(n_files(), 2);
}

/* A full disk: the program sees it at the end, however long ago the write was, and leaves nothing behind. */
static void a_full_disk_is_reported(void **state)
{
    (void)state;
    struct vn_err err = { 0 };
    char block[1000] = { 0 };

    setenv("VN_FAIL_WRITE", "2", 1);    /* of blocks of 64 KiB */
    struct vn_file *f = vn_file_begin("full", false, &err);
    for (int i = 0; i < 1000; i++)
        fwrite(block, 1, sizeof block, vn_file_stream(f));
    unsetenv("VN_FAIL_WRITE");
    assert_int_equal(vn_file_commit(f, &err), VN_E_IO);
    assert_string_equal(err.msg, "cannot write 'full': No space left on device");
    assert_int_equal(n_files(), 0);
    /* /dev/full has no folder to write in, but its error can be had through a library's own handle as well:
     * the target is kept when force meets a failure. */
    put("kept", "old");
    f = vn_file_begin("kept", true, &err);
    unlink(vn_file_temp(f));
    assert_int_equal(vn_file_commit(f, &err), VN_E_IO);
    assert_content("kept", "old");
}

static void cleanup_removes_what_is_open(void **state)
{
    (void)state;
    struct vn_err err = { 0 };
    struct vn_file *f[3];

    for (int i = 0; i < 3; i++) {
        char name[2] = { (char)('a' + i), 0 };
        f[i] = vn_file_begin(name, false, &err);
    }
    assert_int_equal(vn_file_commit(f[0], &err), 0);
    vn_file_cleanup();
    assert_int_equal(n_files(), 1);
    assert_int_equal(vn_file_commit(f[1], &err), VN_E_IO);
    vn_file_abort(f[2]);
    assert_int_equal(n_files(), 1);
}

/* A killed program's; those of others that live, that are fresh, or that are something else stay. */
static void what_a_killed_program_left_goes(void **state)
{
    (void)state;
    struct vn_err err;
    char mine[64];
    const struct timespec old[2] = { { 1000000000, 0 }, { 1000000000, 0 } };
    const pid_t gone = fork();
    if (!gone)
        _exit(0);
    waitpid(gone, NULL, 0);
    char dead[64], fresh[64];
    snprintf(dead, sizeof dead, ".big.nrrd.%ld.3.tmp", (long)gone);
    snprintf(fresh, sizeof fresh, ".new.nrrd.%ld.4.tmp", (long)gone);
    snprintf(mine, sizeof mine, ".x.nrrd.%ld.900.tmp", (long)getpid());
    const char *const name[] = { dead, mine, ".notes.tmp", "a.1.2.tmp", ".a.b.c.tmp", fresh };
    for (size_t i = 0; i < 6; i++) {
        put(name[i], "x");
        if (i < 5)
            assert_int_equal(utimensat(AT_FDCWD, name[i], old, 0), 0);
    }
    assert_int_equal(mkdir("other", 0700), 0);   /* this folder may have the number of the last test's */
    vn_file_abort(vn_file_begin("other/out", false, &err));
    assert_int_equal(rmdir("other"), 0);
    struct vn_file *f = vn_file_begin("out", false, &err);
    assert_non_null(f);
    assert_int_equal(vn_file_commit(f, &err), 0);
    assert_int_equal(access(dead, F_OK), -1);
    assert_int_equal(n_files(), 6);
}

static void reading_is_bounded(void **state)
{
    (void)state;
    struct vn_err err = { 0 };
    size_t n = 99;

    put("ten", "0123456789");
    put("none", "");
    char *s = vn_file_read("ten", 10, &n, &err);
    assert_string_equal(s, "0123456789");
    assert_int_equal(n, 10);
    vn_free(s);
    assert_null(vn_file_read("ten", 9, &n, &err));
    assert_int_equal(err.code, VN_E_FORMAT);
    s = vn_file_read("none", 0, &n, &err);
    assert_string_equal(s, "");
    assert_int_equal(n, 0);
    vn_free(s);
    s = vn_file_read("/proc/self/status", 1 << 20, NULL, &err);     /* says it has 0 bytes */
    assert_non_null(strstr(s, "Name:"));
    vn_free(s);
    assert_null(vn_file_read("/dev/zero", 100000, &n, &err));
    assert_null(vn_file_read("missing", 10, &n, &err));
    assert_int_equal(err.code, VN_E_IO);
    assert_null(vn_file_read(".", 10, &n, &err));
}

/* Every allocation of a write fails once: an error each time, and no file. */
static void no_memory_leaves_no_file(void **state)
{
    (void)state;
    for (long k = 1;; k++) {
        struct vn_err err = { 0 };
        vn_mem_fail_at(k);
        struct vn_file *f = vn_file_begin("a", false, &err);
        if (f) {
            vn_mem_fail_at(0);
            assert_true(k > 2);
            vn_file_abort(f);
            break;
        }
        assert_int_equal(err.code, VN_E_MEMORY);
        assert_int_equal(n_files(), 0);
    }
}

int main(void)
{
#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, enter, leave)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_file_appears_when_committed),
        IN_FOLDER(nothing_is_replaced_without_force),
        IN_FOLDER(links_stay_links),
        IN_FOLDER(what_cannot_be_a_file_is_refused),
        IN_FOLDER(a_full_disk_is_reported),
        IN_FOLDER(cleanup_removes_what_is_open),
        IN_FOLDER(what_a_killed_program_left_goes),
        IN_FOLDER(reading_is_bounded),
        IN_FOLDER(no_memory_leaves_no_file),
    };
    vn_mem_init(0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
