/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "key.h"
#include "macro.h"
#include "setup.h"

typedef struct Fixture {
        char *directory, *path;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data) {
        fixture->directory = g_dir_make_tmp("key-XXXXXX", NULL);
        fixture->path = g_build_filename(fixture->directory, "jwt.key", NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data) {
        g_unlink(fixture->path);
        g_assert_cmpint(g_rmdir(fixture->directory), ==, 0);
        g_free(fixture->directory);
        g_free(fixture->path);
}

static void the_first_start_makes_a_private_key_and_the_next_reads_it(Fixture *fixture, gconstpointer data) {
        BhKey first = {}, second = {}, zero = {};
        struct stat st;

        g_assert_cmpint(bh_key_load(&first, fixture->path), ==, 0);
        g_assert_cmpint(stat(fixture->path, &st), ==, 0);
        g_assert_cmpint(st.st_mode & 07777, ==, 0600);
        g_assert_cmpint(st.st_size, ==, BH_KEY_SIZE);
        g_assert_cmpint(memcmp(&first, &zero, sizeof zero), !=, 0);
        g_assert_cmpint(bh_key_load(&second, fixture->path), ==, 0);
        g_assert_cmpmem(&first, sizeof first, &second, sizeof second);
        bh_key_clear(&second);
        g_assert_cmpmem(&zero, sizeof zero, &second, sizeof second);

        g_unlink(fixture->path);
        g_assert_cmpint(bh_key_load(&second, fixture->path), ==, 0);
        g_assert_cmpint(memcmp(&first, &second, sizeof first), !=, 0);
}

static void a_key_that_others_may_read_is_refused(Fixture *fixture, gconstpointer data) {
        BhKey key;

        g_assert_cmpint(bh_key_load(&key, fixture->path), ==, 0);
        g_assert_cmpint(chmod(fixture->path, 0640), ==, 0);
        g_assert_cmpint(bh_key_load(&key, fixture->path), ==, -EPERM);
        g_assert_cmpint(chmod(fixture->path, 0604), ==, 0);
        g_assert_cmpint(bh_key_load(&key, fixture->path), ==, -EPERM);
}

static void what_is_no_key_is_refused_and_left_alone(Fixture *fixture, gconstpointer data) {
        g_autofree char *contents = NULL;
        BhKey key;

        g_assert_true(g_file_set_contents_full(fixture->path, "short", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
        g_assert_cmpint(bh_key_load(&key, fixture->path), ==, -EBADMSG);
        g_assert_true(g_file_get_contents(fixture->path, &contents, NULL, NULL));
        g_assert_cmpstr(contents, ==, "short");

        g_unlink(fixture->path);
        g_assert_cmpint(symlink("/dev/zero", fixture->path), ==, 0);
        g_assert_cmpint(bh_key_load(&key, fixture->path), ==, -ELOOP);
}

static void a_missing_directory_is_an_error(Fixture *fixture, gconstpointer data) {
        g_autofree char *path = g_build_filename(fixture->directory, "missing", "jwt.key", NULL);
        BhKey key;

        g_assert_cmpint(bh_key_load(&key, path), ==, -ENOENT);
}

static void a_half_written_key_is_no_hindrance(Fixture *fixture, gconstpointer data) {
        g_autofree char *temporary = g_strconcat(fixture->path, ".new", NULL);
        BhKey key;

        g_assert_true(g_file_set_contents(temporary, "half", -1, NULL));
        g_assert_cmpint(bh_key_load(&key, fixture->path), ==, 0);
        g_assert_false(g_file_test(temporary, G_FILE_TEST_EXISTS));
}

static void only_the_setup_token_is_the_setup_token(Fixture *fixture, gconstpointer data) {
        g_autofree char *token = NULL, *other_token = NULL, *upper = NULL, *spaced = NULL, *longer = NULL;
        BhSetup *setup = bh_setup_new(&token), *other = bh_setup_new(&other_token);

        g_assert_cmpstr(token, !=, other_token);
        g_assert_cmpuint(strlen(token), ==, 32 + 7);
        upper = g_ascii_strup(token, -1);
        spaced = g_strdelimit(g_strdup(token), "-", ' ');
        longer = g_strconcat(token, "0", NULL);
        g_assert_true(bh_setup_check(setup, token));
        g_assert_true(bh_setup_check(setup, upper));
        g_assert_true(bh_setup_check(setup, spaced));
        g_assert_false(bh_setup_check(setup, longer));
        g_assert_false(bh_setup_check(setup, other_token));
        g_assert_false(bh_setup_check(setup, ""));
        g_assert_false(bh_setup_check(NULL, ""));
        g_assert_false(bh_setup_check(NULL, token));
        bh_setup_free(setup);
        bh_setup_free(other);
        bh_setup_free(NULL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/key/" name, Fixture, NULL, set_up, function, tear_down)
        ADD("first-start", the_first_start_makes_a_private_key_and_the_next_reads_it);
        ADD("permissions", a_key_that_others_may_read_is_refused);
        ADD("no-key", what_is_no_key_is_refused_and_left_alone);
        ADD("directory", a_missing_directory_is_an_error);
        ADD("half-written", a_half_written_key_is_no_hindrance);
        ADD("setup-token", only_the_setup_token_is_the_setup_token);
        return g_test_run();
}
