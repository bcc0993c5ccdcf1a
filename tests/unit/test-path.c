/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "macro.h"
#include "path.h"
#include "tree.h"

#define assert_ok(expression) g_assert_cmpint((expression), >=, 0)
#define assert_error(expression, error) g_assert_cmpint((expression), ==, -(error))

static int parse(const char *text) {
        BhPath path;
        int r = bh_path_parse(&path, text);

        bh_path_clear(&path);
        return r;
}

static void names_of_any_script_are_valid(void) {
        static const char *const names[] = {"a",
                                            "...",
                                            "..a",
                                            "a..",
                                            ". .",
                                            " ",
                                            "~",
                                            "-rf",
                                            "a\\b",
                                            "%2e%2e",
                                            "%2F",
                                            "CON",
                                            "a:b",
                                            "Ünïcödé",
                                            "日本語.txt",
                                            "\xf0\x9f\x98\x80",
                                            "\xe2\x80\xaetxt.exe",
                                            "\xc2\xa0",
                                            ".baluhost2",
                                            ".BaluHost",
                                            "\xef\xbc\x8f",
                                            "e\xcc\x81"};

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
                g_assert_cmpint(bh_name_validate(names[i]), ==, 0);
}

static void names_that_break_the_rules_are_refused(void) {
        static const char *const names[] = {"",
                                            ".",
                                            "/",
                                            "a/b",
                                            "a/",
                                            "/a",
                                            "\n",
                                            "a\rb",
                                            "\t",
                                            "\x1b[31m",
                                            "\x7f",
                                            "\xc2\x80",
                                            "\xc2\x9f",
                                            "\xef\xbf\xbe",
                                            "\xef\xb7\x90",
                                            "\xf4\x8f\xbf\xbf",
                                            "\xc2\x85",
                                            "\xff",
                                            "\xc0\xaf",
                                            "\xc0\xae\xc0\xae",
                                            "\xed\xa0\x80",
                                            "\xf5\x80\x80\x80",
                                            "\xe2\x82",
                                            "\x80",
                                            "a\xfe"};

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
                assert_error(bh_name_validate(names[i]), EILSEQ);
        assert_error(bh_name_validate(".."), EXDEV);
}

static void names_have_at_most_255_bytes(void) {
        g_autofree char *most = g_strnfill(255, 'a'), *more = g_strnfill(256, 'a');
        g_autoptr(GString) umlauts = g_string_new(NULL);

        g_assert_cmpint(bh_name_validate(most), ==, 0);
        assert_error(bh_name_validate(more), EILSEQ);
        for (int i = 0; i < 128; i++)
                g_string_append(umlauts, "ä");
        assert_error(bh_name_validate(umlauts->str), EILSEQ); /* 128 characters, 256 bytes */
}

static void paths_are_taken_apart(void) {
        BhPath path;

        assert_ok(bh_path_parse(&path, "a/b c/ü"));
        g_assert_cmpuint(path.depth, ==, 3);
        g_assert_cmpstr(path.names[0], ==, "a");
        g_assert_cmpstr(path.names[1], ==, "b c");
        g_assert_cmpstr(bh_path_name(&path), ==, "ü");
        g_autofree char *parent = bh_path_parent(&path);
        g_assert_cmpstr(parent, ==, "a/b c");
        bh_path_clear(&path);

        assert_ok(bh_path_parse(&path, ""));
        g_assert_cmpuint(path.depth, ==, 0);
        g_assert_cmpstr(bh_path_name(&path), ==, "");
        bh_path_clear(&path);
}

static void paths_that_leave_are_told_from_bad_ones(void) {
        static const char *const leaving[] = {"..",  "../a",        "a/..", "a/../b", "a/../../b", "/",      "/a",
                                              "//a", "/etc/passwd", "../",  "a//..",  "\n/..",     "a/./..", "../\xff"};
        static const char *const bad[] = {"a/", "a//b", "a/.", "./a", ".", "a/\n", "a/\xff", "a///"};

        for (size_t i = 0; i < G_N_ELEMENTS(leaving); i++)
                assert_error(parse(leaving[i]), EXDEV);
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
                assert_error(parse(bad[i]), EILSEQ);
        assert_ok(parse("a/..b"));
        assert_ok(parse("..a/b"));
        assert_ok(parse(".../b"));
}

static void paths_are_bounded(void) {
        g_autoptr(GString) deep = g_string_new("a"), wide = g_string_new(NULL);
        g_autofree char *name = g_strnfill(255, 'x');

        for (int i = 1; i < BH_PATH_DEPTH_MAX; i++)
                g_string_append(deep, "/a");
        assert_ok(parse(deep->str));
        g_string_append(deep, "/a");
        assert_error(parse(deep->str), EILSEQ);

        for (int i = 0; i < 16; i++)
                g_string_append_printf(wide, "%s%s", i > 0 ? "/" : "", name);
        g_assert_cmpuint(wide->len, ==, BH_PATH_SIZE_MAX);
        assert_ok(parse(wide->str));
        g_string_append(wide, "/a");
        assert_error(parse(wide->str), EILSEQ);

        g_autofree char *huge = g_strnfill(16 * 1024 * 1024, '/');
        assert_error(parse(huge + 1), EXDEV);
        memset(huge, 'a', strlen(huge));
        assert_error(parse(huge), EILSEQ);
}

static void reserved_directory_is_known_by_its_exact_name_at_the_root(void) {
        static const struct {
                const char *text;
                bool is_reserved;
        } paths[] = {{".baluhost", true},  {".baluhost/trash", true}, {"a/.baluhost", false},
                     {".Baluhost", false}, {".baluhost2", false},     {"", false}};

        for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
                BhPath path;

                assert_ok(bh_path_parse(&path, paths[i].text));
                g_assert_cmpint(path.reserved, ==, paths[i].is_reserved);
                bh_path_clear(&path);
        }
}

static void within_goes_by_names(void) {
        static const struct {
                const char *path, *base;
                bool is_within;
        } pairs[] = {{"a/b", "a", true}, {"a", "a", true}, {"ab", "a", false}, {"a", "a/b", false}, {"x", "", true}};

        for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
                BhPath path, base;

                assert_ok(bh_path_parse(&path, pairs[i].path));
                assert_ok(bh_path_parse(&base, pairs[i].base));
                g_assert_cmpint(bh_path_is_within(&path, &base), ==, pairs[i].is_within);
                bh_path_clear(&path);
                bh_path_clear(&base);
        }
}

static void joining_checks_the_name_and_the_whole(void) {
        g_autofree char *name = g_strnfill(255, 'x');
        g_autoptr(GString) wide = g_string_new(name);
        BhPath path;

        assert_ok(bh_path_join(&path, "", "a"));
        g_assert_cmpstr(path.text, ==, "a");
        bh_path_clear(&path);
        assert_ok(bh_path_join(&path, "a", "b"));
        g_assert_cmpstr(path.text, ==, "a/b");
        bh_path_clear(&path);
        assert_error(bh_path_join(&path, "a", "b/c"), EILSEQ);
        assert_error(bh_path_join(&path, "a", ""), EILSEQ);
        assert_error(bh_path_join(&path, "a", ".."), EXDEV);
        for (int i = 1; i < 16; i++)
                g_string_append_printf(wide, "/%s", name);
        assert_error(bh_path_join(&path, wide->str, "a"), EILSEQ);
}

typedef struct Directory {
        char *path;
        int fd;
} Directory;

static void set_up(Directory *d, gconstpointer data) {
        d->path = g_dir_make_tmp("baluhost-XXXXXX", NULL);
        d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_ok(d->fd);
        assert_ok(mkdirat(d->fd, "folder", 0700));
        close(openat(d->fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static void tear_down(Directory *d, gconstpointer data) {
        g_autofree char *parent = g_path_get_dirname(d->path), *name = g_path_get_basename(d->path);
        _cleanup_(bh_closep) int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        close(d->fd);
        assert_ok(bh_tree_remove(fd, name));
        g_assert_false(g_file_test(d->path, G_FILE_TEST_EXISTS));
        g_free(d->path);
}

static void links_are_never_followed(Directory *d, gconstpointer data) {
        static const struct {
                const char *name, *target;
        } links[] = {
                {"absolute", "/etc/passwd"}, {"up", ".."},     {"inside", "file"},          {"folder-link", "folder"},
                {"dangling", "nothing"},     {"self", "self"}, {"magic", "/proc/self/root"}};

        for (size_t i = 0; i < G_N_ELEMENTS(links); i++) {
                assert_ok(symlinkat(links[i].target, d->fd, links[i].name));
                assert_error(bh_path_open_at(d->fd, links[i].name, O_RDONLY), EXDEV);
                assert_error(bh_path_open_at(d->fd, links[i].name, O_PATH), EXDEV);
                assert_error(bh_path_open_at(d->fd, links[i].name, O_RDONLY | O_DIRECTORY), EXDEV);
        }
        _cleanup_(bh_closep) int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
        assert_error(bh_path_open_at(proc, "root", O_RDONLY), EXDEV);
        assert_error(bh_path_open_at(proc, "exe", O_PATH), EXDEV);
}

static void only_single_names_are_opened(Directory *d, gconstpointer data) {
        assert_error(bh_path_open_at(d->fd, "..", O_RDONLY), EXDEV);
        assert_error(bh_path_open_at(d->fd, "folder/..", O_RDONLY), EXDEV);
        assert_error(bh_path_open_at(d->fd, "/etc", O_RDONLY), EXDEV);
        assert_error(bh_path_open_at(d->fd, "folder/file", O_RDONLY), EXDEV);
}

static void mount_points_are_outside(Directory *d, gconstpointer data) {
        _cleanup_(bh_closep) int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

        assert_error(bh_path_open_at(root, "proc", O_RDONLY | O_DIRECTORY), EXDEV);
}

static void opening_reports_what_is_missing(Directory *d, gconstpointer data) {
        g_autofree char *name = g_strnfill(256, 'a');

        assert_error(bh_path_open_at(d->fd, "missing", O_RDONLY), ENOENT);
        assert_error(bh_path_open_at(d->fd, "file", O_RDONLY | O_DIRECTORY), ENOTDIR);
        assert_error(bh_path_open_at(d->fd, name, O_RDONLY), EILSEQ);
        _cleanup_(bh_closep) int fd = bh_path_open_at(d->fd, "file", O_PATH);
        assert_ok(fd);
        _cleanup_(bh_closep) int again = bh_path_reopen(fd, O_RDWR);
        assert_ok(again);
        g_assert_cmpint(write(again, "x", 1), ==, 1);
        assert_error(bh_path_reopen(-1, O_RDONLY), ENOENT);
}

static int visit_count(const BhTreeItem *item, void *userdata) {
        ++*(int *)userdata;
        return 0;
}

static void walking_visits_links_without_following(Directory *d, gconstpointer data) {
        size_t depth, size;
        int n = 0;

        assert_ok(mkdirat(d->fd, "folder/deeper", 0700));
        assert_ok(symlinkat("/", d->fd, "folder/deeper/root"));
        assert_ok(bh_tree_walk(d->fd, "", 0, NULL, visit_count, &n));
        g_assert_cmpint(n, ==, 5); /* top, file, folder, deeper, root */
        assert_ok(bh_tree_measure(d->fd, &depth, &size));
        g_assert_cmpuint(depth, ==, 3);
        g_assert_cmpuint(size, ==, strlen("folder/deeper/root"));
        const bool cancelled = true;
        assert_error(bh_tree_walk(d->fd, "", 0, &cancelled, visit_count, &n), ECANCELED);
}

static void removing_leaves_what_links_point_at(Directory *d, gconstpointer data) {
        assert_ok(symlinkat("../file", d->fd, "folder/link"));
        assert_ok(bh_tree_remove(d->fd, "folder"));
        assert_error(bh_path_open_at(d->fd, "folder", O_PATH), ENOENT);
        _cleanup_(bh_closep) int fd = bh_path_open_at(d->fd, "file", O_PATH);
        assert_ok(fd);
        assert_ok(bh_tree_remove(d->fd, "missing"));
}

static void trees_that_are_too_deep_are_refused(Directory *d, gconstpointer data) {
        int n = 0, fd = dup(d->fd);
        size_t depth, size;

        for (int i = 0; i < BH_TREE_DEPTH_MAX + 2; i++) {
                assert_ok(mkdirat(fd, "d", 0700));
                int next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                close(fd);
                fd = next;
        }
        close(fd);
        assert_error(bh_tree_measure(d->fd, &depth, &size), EOPNOTSUPP);
        assert_ok(bh_tree_walk(d->fd, "", BH_TREE_SKIP_FOREIGN, NULL, visit_count, &n));
        assert_error(bh_tree_remove(d->fd, "d"), EOPNOTSUPP);
        g_autofree char *command = g_strdup_printf("rm -r %s/d", d->path);
        g_assert_cmpint(system(command), ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/path/names_of_any_script_are_valid", names_of_any_script_are_valid);
        g_test_add_func("/path/names_that_break_the_rules_are_refused", names_that_break_the_rules_are_refused);
        g_test_add_func("/path/names_have_at_most_255_bytes", names_have_at_most_255_bytes);
        g_test_add_func("/path/paths_are_taken_apart", paths_are_taken_apart);
        g_test_add_func("/path/paths_that_leave_are_told_from_bad_ones", paths_that_leave_are_told_from_bad_ones);
        g_test_add_func("/path/paths_are_bounded", paths_are_bounded);
        g_test_add_func("/path/reserved_directory_is_known_by_its_exact_name_at_the_root",
                        reserved_directory_is_known_by_its_exact_name_at_the_root);
        g_test_add_func("/path/within_goes_by_names", within_goes_by_names);
        g_test_add_func("/path/joining_checks_the_name_and_the_whole", joining_checks_the_name_and_the_whole);
#define DIRECTORY_TEST(function) g_test_add("/path/" #function, Directory, NULL, set_up, function, tear_down)
        DIRECTORY_TEST(links_are_never_followed);
        DIRECTORY_TEST(only_single_names_are_opened);
        DIRECTORY_TEST(mount_points_are_outside);
        DIRECTORY_TEST(opening_reports_what_is_missing);
        DIRECTORY_TEST(walking_visits_links_without_following);
        DIRECTORY_TEST(removing_leaves_what_links_point_at);
        DIRECTORY_TEST(trees_that_are_too_deep_are_refused);
        return g_test_run();
}
