/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "files-fixture.h"
#include "macro.h"

/* Looking at a tree without the lock over names: what disturbs that, and what comes of it. */

typedef int (*Change)(Fixture *f);

static int put_within(Fixture *f) {
        return fixture_put(f, &f->alex, "d/sub/new", "1");
}

static int replace_within(Fixture *f) {
        return fixture_put_with(f, &f->alex, "d/sub/a", "12", &(BhUploadOptions){.size = 2, .overwrite = true});
}

static int create_beside(Fixture *f) {
        return fixture_mkdir(f, &f->alex, "d/folder");
}

static int delete_within(Fixture *f) {
        return fixture_delete(f, &f->alex, "d/sub/a");
}

static int move_in(Fixture *f) {
        return fixture_move(f, &f->alex, "other", "d/sub");
}

static int move_out(Fixture *f) {
        return fixture_move(f, &f->alex, "d/sub/a", "b");
}

static int move_above(Fixture *f) {
        return fixture_move(f, &f->alex, "d", "e");
}

static int copy_in(Fixture *f) {
        return fixture_copy(f, &f->alex, "other", "d/sub", true);
}

static int restore_in(Fixture *f) {
        g_autofree char *id = NULL, *path = NULL;

        return bh_files_delete(f->files, &f->alex, "d/sub/a", false, &id) < 0
                       ? -1
                       : bh_files_restore_trash(f->files, &f->alex, id, false, false, &path);
}

static int reassign_all(Fixture *f) {
        return bh_files_reassign_owner(f->files, &f->admin, f->maria.owner, f->admin.owner);
}

static int put_beside(Fixture *f) {
        return fixture_put(f, &f->alex, "d2", "1");
}

static int rename_beside(Fixture *f) {
        return fixture_rename(f, &f->alex, "other", "subs");
}

static int read_within(Fixture *f) {
        return fixture_stat(f, &f->alex, "d/sub/a");
}

static void changes_in_and_above_the_tree_disturb_and_others_do_not(Fixture *f, gconstpointer data) {
        static const struct {
                Change change;
                bool disturbs;
        } cases[] = {
                {put_within, true},   {replace_within, true}, {create_beside, false}, {delete_within, true},
                {move_in, true},      {move_out, true},       {move_above, true},     {copy_in, true},
                {restore_in, true},   {reassign_all, true},   {put_beside, false},    {rename_beside, false},
                {read_within, false},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                _cleanup_(bh_place_clear) BhPlace place = {};
                BhSurvey survey;

                assert_ok(fixture_mkdir(f, &f->alex, "d"));
                assert_ok(fixture_mkdir(f, &f->alex, "d/sub"));
                assert_ok(fixture_put(f, &f->alex, "d/sub/a", "1"));
                assert_ok(fixture_put(f, &f->alex, "other", "1"));
                assert_ok(bh_place_find(f->files, "d/sub", &place));
                bh_survey_begin(&survey, place.root, &place.path);
                g_test_message("case %zu", i);
                assert_ok(cases[i].change(f));
                g_mutex_lock(&place.root->names);
                bool is_good = bh_survey_end(&survey);
                g_mutex_unlock(&place.root->names);
                g_assert_cmpint(is_good, ==, !cases[i].disturbs);
                fixture_assert_exact(f);
                _cleanup_(bh_list_clear) BhList list = {};
                assert_ok(bh_files_list(f->files, &f->admin, "", &(BhListOptions){.limit = 100}, &list));
                for (size_t j = 0; j < list.n_entries; j++)
                        assert_ok(fixture_delete(f, &f->admin, list.entries[j].name));
        }
}

/* Trees that are deleted and brought back while others put things into them. */
typedef struct Storm {
        Fixture *f;
        int is_over, n; /* atomic */
} Storm;

static void *put_into(void *data) {
        Storm *storm = data;
        Fixture *f = storm->f;

        while (!g_atomic_int_get(&storm->is_over)) {
                int n = g_atomic_int_add(&storm->n, 1);
                g_autofree char *path = g_strdup_printf("d/%d/%d", n % 7, n);
                int r = fixture_put_with(f, n % 2 ? &f->admin : &f->alex, path, path,
                                         &(BhUploadOptions){.size = strlen(path), .parents = true});

                /* One finds a folder of the other's in the way now and then. */
                g_assert_true(r >= 0 || r == -ENOENT || r == -EACCES || r == -EEXIST);
        }
        return NULL;
}

static void trees_that_change_while_they_are_deleted_are_counted_right(Fixture *f, gconstpointer data) {
        Storm storm = {.f = f};
        GThread *threads[4];

        for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
                threads[i] = g_thread_new("put", put_into, &storm);
        for (int i = 0; i < 60; i++) {
                g_autofree char *id = NULL, *path = NULL;
                int r = bh_files_delete(f->files, &f->admin, "d", true, &id);

                assert_ok(r);
                if (i % 3 == 0 && id[0])
                        assert_ok(bh_files_restore_trash(f->files, &f->admin, id, true, false, &path));
                r = fixture_rename(f, &f->admin, "d", "e");
                g_assert_true(r >= 0 || r == -ENOENT || r == -EEXIST);
                while (g_atomic_int_get(&storm.n) < 4 * i)
                        g_usleep(500);
        }
        g_atomic_int_set(&storm.is_over, 1);
        for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
                g_thread_join(threads[i]);
        g_assert_false(f->files->main->is_lost);
        fixture_assert_exact(f);
}

static void part_that_another_put_there_meanwhile_keeps_the_whole(Fixture *f, gconstpointer data) {
        _cleanup_(bh_place_clear) BhPlace place = {};
        g_autofree char *id = NULL;

        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_put(f, &f->alex, "d/a", "1"));
        assert_ok(fixture_put(f, &f->maria, "m", "1"));
        assert_ok(fixture_move(f, &f->admin, "m", "d"));
        assert_error(bh_files_delete(f->files, &f->alex, "d", false, &id), EACCES);
        assert_ok(fixture_stat(f, &f->alex, "d/a"));
        g_assert_cmpuint(f->files->main->surveys->len, ==, 0); /* those that end in a refusal end too */
        assert_error(bh_files_delete(f->files, &f->alex, "missing", false, &id), ENOENT);
        assert_error(fixture_move(f, &f->alex, "missing", "x"), ENOENT);
        g_assert_cmpuint(f->files->main->surveys->len, ==, 0);
        fixture_assert_exact(f);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(function) FIXTURE_TEST("/survey/" #function, function)
        ADD(changes_in_and_above_the_tree_disturb_and_others_do_not);
        ADD(trees_that_change_while_they_are_deleted_are_counted_right);
        ADD(part_that_another_put_there_meanwhile_keeps_the_whole);
        return g_test_run();
}
