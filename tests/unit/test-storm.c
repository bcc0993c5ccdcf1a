/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "files-fixture.h"
#include "macro.h"

/* Everything at once: threads that do whatever comes to their mind in the same few folders. Whatever they were told, in the end the counters must be what is on
 * the disk, nothing may be left in staging, and no call may fail for another reason than those that it can have. */

#define THREADS 8
#define STEPS 800

typedef struct Storm {
        Fixture *f;
        GRand *random;
} Storm;

static const BhCaller *pick_caller(Storm *storm) {
        switch (g_rand_int_range(storm->random, 0, 4)) {
        case 0:
                return &storm->f->admin;
        case 1:
                return &storm->f->maria;
        default:
                return &storm->f->alex;
        }
}

static char *pick_path(Storm *storm) {
        static const char *const folders[] = {"", "d/", "d/e/", "m/", "shared/"};

        return g_strdup_printf("%s%d", folders[g_rand_int_range(storm->random, 0, G_N_ELEMENTS(folders))],
                               g_rand_int_range(storm->random, 0, 10));
}

static void assert_expected(const char *what, int r) {
        switch (-r) {
        case ENOENT:
        case EEXIST:
        case EACCES:
        case EINVAL:
        case EISDIR:
        case ENOTDIR:
        case EILSEQ:
        case EDQUOT:
        case ESTALE:
                return;
        }
        if (r < 0)
                g_error("%s: %s", what, g_strerror(-r));
}

static int upload(Storm *storm) {
        g_autofree char *path = pick_path(storm),
                        *text = g_strnfill((size_t)g_rand_int_range(storm->random, 0, 300), 'x');
        const BhUploadOptions options = {
                .size = g_rand_boolean(storm->random) ? strlen(text) : BH_UPLOAD_SIZE_UNKNOWN,
                .overwrite = g_rand_boolean(storm->random),
                .parents = g_rand_boolean(storm->random),
        };

        return fixture_put_with(storm->f, pick_caller(storm), path, text, &options);
}

static int begin_and_abort(Storm *storm) {
        const BhCaller *caller = pick_caller(storm);
        g_autofree char *path = pick_path(storm);
        char id[BH_UPLOAD_ID_SIZE];
        int fd = bh_files_upload_begin(storm->f->files, caller, path,
                                       &(BhUploadOptions){.size = 100, .overwrite = true}, id);

        if (fd < 0)
                return fd;
        g_assert_cmpint(write(fd, "12345", 5), ==, 5);
        close(fd);
        return bh_files_upload_abort(storm->f->files, caller, id);
}

static int delete_something(Storm *storm) {
        g_autofree char *path = pick_path(storm), *id = NULL;

        return bh_files_delete(storm->f->files, pick_caller(storm), path, false, &id);
}

static int with_trash(Storm *storm) {
        const BhCaller *caller = pick_caller(storm);
        g_autofree char *path = NULL;
        BhTrashItem *items;
        uint64_t freed;
        size_t n;
        int r = bh_files_list_trash(storm->f->files, caller, false, &items, &n);

        if (r < 0)
                return r;
        if (n > 0) {
                const BhTrashItem *item = &items[(size_t)g_rand_int_range(storm->random, 0, (int)n)];

                if (g_rand_int_range(storm->random, 0, 3) == 0)
                        r = bh_files_purge_trash(storm->f->files, caller, item->trash_id, &freed);
                else
                        r = bh_files_restore_trash(storm->f->files, caller, item->trash_id,
                                                   g_rand_boolean(storm->random), g_rand_boolean(storm->random), &path);
        }
        bh_trash_items_free(items, n);
        return r;
}

static int move(Storm *storm) {
        g_autofree char *source = pick_path(storm), *target = pick_path(storm);

        return fixture_move(storm->f, pick_caller(storm), source, g_rand_boolean(storm->random) ? target : "d");
}

static int rename_something(Storm *storm) {
        g_autofree char *path = pick_path(storm), *name = g_strdup_printf("%d", g_rand_int_range(storm->random, 0, 10));

        return fixture_rename(storm->f, pick_caller(storm), path, name);
}

static int make_folder(Storm *storm) {
        g_autofree char *path = pick_path(storm);
        _cleanup_(bh_entry_clear) BhEntry entry = {};

        return bh_files_create_folder(storm->f->files, pick_caller(storm), path, g_rand_boolean(storm->random), &entry);
}

static int copy(Storm *storm) {
        g_autofree char *source = pick_path(storm), *target = pick_path(storm), *path = NULL;
        BhCopy *job;
        int r = bh_files_copy_begin(storm->f->files, pick_caller(storm), source, target, g_rand_boolean(storm->random),
                                    &job);

        if (r < 0)
                return r;
        r = bh_copy_run(job, NULL, NULL, &path);
        bh_copy_free(job);
        return r;
}

static int look(Storm *storm) {
        static const char *const folders[] = {"", "d", "d/e", "m"};
        const BhListOptions options = {.limit = 3,
                                       .sort = (BhSort)g_rand_int_range(storm->random, 0, 3),
                                       .descending = g_rand_boolean(storm->random)};
        _cleanup_(bh_list_clear) BhList list = {};
        int r = bh_files_list(storm->f->files, pick_caller(storm),
                              folders[g_rand_int_range(storm->random, 0, G_N_ELEMENTS(folders))], &options, &list);

        bh_files_upload_check(storm->f->files);
        g_assert_cmpuint(list.n_entries, <=, 3);
        return r;
}

static void *rage(void *data) {
        static int (*const deeds[])(Storm * storm) = {
                upload,           upload,           upload,     upload,     begin_and_abort,
                delete_something, delete_something, with_trash, with_trash, move,
                rename_something, make_folder,      copy,       look,       look};
        static const char *const names[] = {"upload", "upload",        "upload", "upload", "abort",
                                            "delete", "delete",        "trash",  "trash",  "move",
                                            "rename", "create-folder", "copy",   "list",   "list"};
        Storm *storm = data;

        for (int i = 0; i < STEPS; i++) {
                int deed = g_rand_int_range(storm->random, 0, G_N_ELEMENTS(deeds));
                assert_expected(names[deed], deeds[deed](storm));
        }
        return NULL;
}

static void everything_at_once_keeps_the_counters_exact(Fixture *f, gconstpointer data) {
        GThread *threads[THREADS];
        Storm storms[THREADS];

        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_mkdir(f, &f->alex, "d/e"));
        assert_ok(fixture_mkdir(f, &f->maria, "m"));
        assert_ok(fixture_mkdir(f, &f->peer, "shared"));
        f->maria_account->quota_bytes = 5000;
        for (size_t i = 0; i < THREADS; i++) {
                storms[i] = (Storm){.f = f, .random = g_rand_new_with_seed(g_test_rand_int())};
                threads[i] = g_thread_new("storm", rage, &storms[i]);
        }
        for (size_t i = 0; i < THREADS; i++) {
                g_thread_join(threads[i]);
                g_rand_free(storms[i].random);
        }
        static const char *const actions[] = {"upload", "delete", "restore",       "purge",
                                              "move",   "rename", "create-folder", "copy"};
        for (size_t i = 0; i < G_N_ELEMENTS(actions); i++) {
                int n = fixture_audits(f, actions[i], 0);
                g_test_message("%s: %d", actions[i], n);
                g_assert_cmpint(n, >, 0); /* otherwise it was no storm */
        }
        g_assert_false(f->files->main->is_lost);
        bh_sweeper_wait(f->files->main->sweeper);
        g_assert_cmpuint(bh_files_upload_count(f->files), ==, 0);
        g_assert_cmpuint(bh_quota_get_total(f->files->quota).reserved_bytes, ==, 0);
        g_assert_cmpuint(bh_quota_get(f->files->quota, f->maria.owner).used_bytes, <=, 5000);
        g_assert_cmpuint(fixture_count(f, ".baluhost/staging"), ==, 0);
        fixture_assert_exact(f);
        fixture_restart(f, true);
        fixture_assert_exact(f);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        FIXTURE_TEST("/storm/everything_at_once_keeps_the_counters_exact", everything_at_once_keeps_the_counters_exact);
        return g_test_run();
}
