/* SPDX-License-Identifier: MIT */
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define BLOCK ((gsize)(1024 * 1024))

static int open_file(void) {
        g_autofree char *path = g_build_filename(g_get_tmp_dir(), "baluhost-writer-XXXXXX", NULL);
        int fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(unlink(path), ==, 0);
        return fd;
}

static void fill(guint8 *block, gsize size, guint number) {
        for (gsize i = 0; i < size; i++)
                block[i] = (guint8)(i * 31 + number * 7 + (i >> 8));
}

static void assert_holds(int fd, guint64 offset, const guint8 *block, gsize size) {
        g_autofree guint8 *there = g_malloc(size);

        g_assert_cmpint(pread(fd, there, size, offset), ==, size);
        g_assert_cmpmem(there, size, block, size);
}

static void what_is_written_is_there_and_the_disk_has_begun_with_all_but_the_last_step(void) {
        g_autofree guint8 *block = g_malloc(BLOCK);
        BhWriter writer = {.fd = open_file()};

        for (guint i = 0; i < 20; i++) {
                fill(block, BLOCK - i, i); /* steps do not fall together with writes */
                g_assert_cmpint(bh_writer_write(&writer, block, BLOCK - i), ==, 0);
                g_assert_cmpuint(writer.begun, <=, writer.position);
                g_assert_cmpuint(writer.position - writer.begun, <, BH_WRITER_STEP);
        }
        g_assert_cmpuint(writer.position, ==, 20 * BLOCK - 190);
        g_assert_cmpuint(writer.begun, >, BH_WRITER_STEP);
        g_assert_cmpint(lseek(writer.fd, 0, SEEK_END), ==, writer.position);
        for (guint i = 0, offset = 0; i < 20; offset += BLOCK - i, i++) {
                fill(block, BLOCK - i, i);
                assert_holds(writer.fd, offset, block, BLOCK - i);
        }
        close(writer.fd);
}

static void a_small_file_is_left_to_fsync(void) {
        BhWriter writer = {.fd = open_file()};

        g_assert_cmpint(bh_writer_write(&writer, "", 0), ==, 0);
        g_assert_cmpint(bh_writer_write(&writer, "small", 5), ==, 0);
        g_assert_cmpuint(writer.position, ==, 5);
        g_assert_cmpuint(writer.begun, ==, 0);
        close(writer.fd);
}

static void what_did_fit_counts_when_the_rest_does_not(void) {
        g_autofree guint8 *block = g_malloc0(BLOCK);
        struct rlimit old, limit;
        BhWriter writer = {.fd = open_file()};

        signal(SIGXFSZ, SIG_IGN);
        g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &old), ==, 0);
        limit = old;
        limit.rlim_cur = BLOCK / 2;
        g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
        g_assert_cmpint(bh_writer_write(&writer, block, BLOCK), ==, EFBIG);
        g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &old), ==, 0);
        g_assert_cmpuint(writer.position, ==, BLOCK / 2);
        close(writer.fd);
}

static void an_error_of_writing_is_returned(void) {
        BhWriter writer = {.fd = open("/dev/full", O_WRONLY | O_CLOEXEC)};

        g_assert_cmpint(writer.fd, >=, 0);
        g_assert_cmpint(bh_writer_write(&writer, "x", 1), ==, ENOSPC);
        g_assert_cmpuint(writer.position, ==, 0);
        close(writer.fd);
}

static void what_has_no_disk_behind_it_can_be_written_all_the_same(void) {
        g_autofree guint8 *block = g_malloc0(BH_WRITER_STEP);
        BhWriter writer = {.fd = open("/dev/null", O_WRONLY | O_CLOEXEC)};

        g_assert_cmpint(writer.fd, >=, 0);
        g_assert_cmpint(bh_writer_write(&writer, block, BH_WRITER_STEP), ==, 0);
        g_assert_cmpuint(writer.position, ==, BH_WRITER_STEP);
        g_assert_cmpuint(writer.begun, ==, BH_WRITER_STEP);
        close(writer.fd);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/web/writer/what_is_written_is_there_and_the_disk_has_begun_with_all_but_the_last_step",
                        what_is_written_is_there_and_the_disk_has_begun_with_all_but_the_last_step);
        g_test_add_func("/web/writer/a_small_file_is_left_to_fsync", a_small_file_is_left_to_fsync);
        g_test_add_func("/web/writer/what_did_fit_counts_when_the_rest_does_not",
                        what_did_fit_counts_when_the_rest_does_not);
        g_test_add_func("/web/writer/an_error_of_writing_is_returned", an_error_of_writing_is_returned);
        g_test_add_func("/web/writer/what_has_no_disk_behind_it_can_be_written_all_the_same",
                        what_has_no_disk_behind_it_can_be_written_all_the_same);
        return g_test_run();
}
