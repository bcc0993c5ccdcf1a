/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "files-fixture.h"
#include "macro.h"
#include "owner.h"

/* Asks with the version that is in text, which becomes the one of the reply. Returns whether the page was said to be unchanged. */
static bool ask_with(Fixture *f, const BhCaller *caller, const char *path, const BhListOptions *options,
                     char text[static BH_VERSION_SIZE]) {
        _cleanup_(bh_list_clear) BhList list = {}, whole = {};
        BhListOptions own = *options, plain = *options;

        own.if_version = text;
        plain.if_version = NULL;
        assert_ok(bh_files_list(f->files, caller, path, &own, &list));
        assert_ok(bh_files_list(f->files, caller, path, &plain, &whole));
        /* Whatever is remembered: what is said is what reading it all says. */
        g_assert_cmpstr(list.version, ==, whole.version);
        g_assert_cmpstr(list.next_cursor, ==, whole.next_cursor);
        g_assert_cmpuint(list.total, ==, whole.total);
        g_assert_cmpuint(list.n_entries, ==, list.is_unchanged ? 0 : whole.n_entries);
        g_assert_cmpint(list.is_unchanged, ==, strcmp(list.version, text) == 0);
        memcpy(text, list.version, BH_VERSION_SIZE);
        return list.is_unchanged;
}

static bool ask(Fixture *f, const BhCaller *caller, const char *path, char text[static BH_VERSION_SIZE]) {
        return ask_with(f, caller, path, &(BhListOptions){.limit = 100}, text);
}

static void write_disk(Fixture *f, const char *path, const char *text, int flags) {
        g_autofree char *disk = fixture_disk(f, path);
        int fd = open(disk, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0660);

        assert_ok(fd);
        g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t)strlen(text));
        close(fd);
}

static void mark_disk(Fixture *f, const char *path, const char *owner) {
        g_autofree char *disk = fixture_disk(f, path);

        g_assert_cmpint(setxattr(disk, BH_OWNER_ATTRIBUTE, owner, strlen(owner), 0), ==, 0);
}

/* "d" of alex with a file and a subdirectory, and the version that alex has of it. */
static void set_up_folder(Fixture *f, char text[static BH_VERSION_SIZE]) {
        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_mkdir(f, &f->alex, "d/sub"));
        assert_ok(fixture_put(f, &f->alex, "d/a", "1"));
        g_usleep(60000); /* so that its listing is kept too */
        text[0] = '\0';
        g_assert_false(ask(f, &f->alex, "d", text));
        g_assert_cmpuint(strlen(text), ==, BH_VERSION_SIZE - 1);
        g_assert_true(ask(f, &f->alex, "d", text));
        g_assert_cmpuint(bh_versions_count(f->files->versions), >, 0);
}

static void a_page_that_nobody_touched_is_unchanged(Fixture *f, gconstpointer data) {
        char text[BH_VERSION_SIZE], other[BH_VERSION_SIZE];

        set_up_folder(f, text);
        for (int i = 0; i < 10; i++)
                g_assert_true(ask(f, &f->alex, "d", text));
        memset(other, 'f', sizeof(other));
        other[BH_VERSION_SIZE - 1] = '\0';
        g_assert_false(ask(f, &f->alex, "d", other));
        g_assert_cmpstr(other, ==, text);
}

/* What other programs do. */
static void change_content(Fixture *f) {
        write_disk(f, "d/a", "2", 0);
}

static void append_content(Fixture *f) {
        write_disk(f, "d/a", "more", O_APPEND);
}

static void add_file(Fixture *f) {
        write_disk(f, "d/new", "", O_EXCL);
}

static void remove_file(Fixture *f) {
        g_autofree char *disk = fixture_disk(f, "d/a");
        g_assert_cmpint(unlink(disk), ==, 0);
}

static void rename_file(Fixture *f) {
        g_autofree char *from = fixture_disk(f, "d/a"), *to = fixture_disk(f, "d/b");
        g_assert_cmpint(rename(from, to), ==, 0);
}

static void move_file_away(Fixture *f) {
        g_autofree char *from = fixture_disk(f, "d/a"), *to = fixture_disk(f, "a");
        g_assert_cmpint(rename(from, to), ==, 0);
}

static void set_time(Fixture *f) {
        const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
        g_autofree char *disk = fixture_disk(f, "d/a");
        g_assert_cmpint(utimensat(AT_FDCWD, disk, times, 0), ==, 0);
}

static void set_mode(Fixture *f) {
        g_autofree char *disk = fixture_disk(f, "d/a");
        g_assert_cmpint(chmod(disk, 0600), ==, 0); /* in its entity tag */
}

static void give_file_away(Fixture *f) {
        mark_disk(f, "d/a", f->maria.owner);
}

static void give_subfolder_away(Fixture *f) {
        mark_disk(f, "d/sub", f->maria.owner);
}

static void fill_subfolder(Fixture *f) {
        g_usleep(20000); /* its time is that of the kernel's clock, which ticks */
        write_disk(f, "d/sub/x", "", O_EXCL);
}

static void every_change_is_noticed_at_once(Fixture *f, gconstpointer data) {
        void (*change)(Fixture *) = *(void (*const *)(Fixture *))data;
        char text[BH_VERSION_SIZE];

        set_up_folder(f, text);
        change(f);
        g_assert_false(ask(f, &f->alex, "d", text));
        g_assert_true(ask(f, &f->alex, "d", text));
}

static void own_changes_are_noticed_at_once(Fixture *f, gconstpointer data) {
        char text[BH_VERSION_SIZE];

        set_up_folder(f, text);
        assert_ok(fixture_put_with(f, &f->alex, "d/a", "22", &(BhUploadOptions){.size = 2, .overwrite = true}));
        g_assert_false(ask(f, &f->alex, "d", text));
        assert_ok(fixture_rename(f, &f->alex, "d/a", "b"));
        g_assert_false(ask(f, &f->alex, "d", text));
        assert_ok(fixture_delete(f, &f->alex, "d/b"));
        g_assert_false(ask(f, &f->alex, "d", text));
        assert_ok(fixture_mkdir(f, &f->alex, "d/more"));
        g_assert_false(ask(f, &f->alex, "d", text));
        assert_ok(bh_files_reassign_owner(f->files, &f->admin, f->alex.owner, f->maria.owner));
        char *version = text;
        _cleanup_(bh_list_clear) BhList list = {};
        assert_ok(
                bh_files_list(f->files, &f->maria, "d", &(BhListOptions){.limit = 100, .if_version = version}, &list));
        g_assert_false(list.is_unchanged);
}

static void rights_are_looked_at_every_time(Fixture *f, gconstpointer data) {
        const BhListOptions options = {.limit = 100};
        char text[BH_VERSION_SIZE];
        BhListOptions with = options;
        BhList list;

        set_up_folder(f, text);
        with.if_version = text;
        assert_error(bh_files_list(f->files, &f->maria, "d", &with, &list), EACCES);
        mark_disk(f, "d", f->maria.owner);
        assert_error(bh_files_list(f->files, &f->alex, "d", &with, &list), EACCES);
        mark_disk(f, "d", f->alex.owner);
        g_assert_true(ask(f, &f->alex, "d", text));

        BhCaller promoted = f->alex;
        promoted.role = BH_ROLE_ADMIN;
        g_assert_false(ask(f, &promoted, "d", text));
        g_assert_false(ask(f, &f->alex, "d", text));
}

static void owners_of_folders_above_count(Fixture *f, gconstpointer data) {
        char text[BH_VERSION_SIZE];

        set_up_folder(f, text);
        assert_ok(fixture_mkdir(f, &f->alex, "d/sub/deep"));
        g_autofree char *disk = fixture_disk(f, "d/sub/deep"), *above = fixture_disk(f, "d/sub");
        g_assert_cmpint(removexattr(disk, BH_OWNER_ATTRIBUTE), ==, 0);
        g_assert_cmpint(removexattr(above, BH_OWNER_ATTRIBUTE), ==, 0);
        write_disk(f, "d/sub/deep/x", "", O_EXCL);
        text[0] = '\0';
        g_assert_false(ask(f, &f->admin, "d/sub/deep", text));
        g_assert_true(ask(f, &f->admin, "d/sub/deep", text));
        mark_disk(f, "d", f->maria.owner); /* which x inherits */
        g_assert_false(ask(f, &f->admin, "d/sub/deep", text));
}

static void a_path_that_leads_elsewhere_is_another_page(Fixture *f, gconstpointer data) {
        char text[BH_VERSION_SIZE], moved[BH_VERSION_SIZE];
        BhList list;

        set_up_folder(f, text);
        g_autofree char *from = fixture_disk(f, "d"), *to = fixture_disk(f, "e");
        g_assert_cmpint(rename(from, to), ==, 0);
        assert_error(bh_files_list(f->files, &f->alex, "d", &(BhListOptions){.limit = 100, .if_version = text}, &list),
                     ENOENT);
        memcpy(moved, text, sizeof(moved));
        g_assert_false(ask(f, &f->alex, "e", moved));
        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        g_assert_false(ask(f, &f->alex, "d", text));
}

static void accounts_and_options_count(Fixture *f, gconstpointer data) {
        char text[BH_VERSION_SIZE], kept[BH_VERSION_SIZE];

        set_up_folder(f, text);
        memcpy(kept, text, sizeof(kept));
        fixture_accounts_changed(f); /* owner_id may be another */
        g_assert_true(ask(f, &f->alex, "d", text));
        g_assert_false(ask_with(f, &f->alex, "d", &(BhListOptions){.limit = 1}, text));
        g_assert_false(ask_with(f, &f->alex, "d", &(BhListOptions){.limit = 100, .descending = true}, text));
        g_assert_false(ask_with(f, &f->alex, "d", &(BhListOptions){.limit = 100, .sort = BH_SORT_SIZE}, text));
        g_assert_true(ask(f, &f->alex, "d", kept));
}

static void a_file_with_another_name_is_looked_at_each_time(Fixture *f, gconstpointer data) {
        char text[BH_VERSION_SIZE];

        set_up_folder(f, text);
        g_autofree char *disk = fixture_disk(f, "d/a"), *other = fixture_disk(f, "other");
        g_assert_cmpint(link(disk, other), ==, 0);
        write_disk(f, "d/new", "", O_EXCL); /* a link elsewhere causes no event here */
        g_assert_false(ask(f, &f->alex, "d", text));
        unsigned kept = bh_versions_count(f->files->versions);
        g_assert_true(ask(f, &f->alex, "d", text));
        g_assert_cmpuint(bh_versions_count(f->files->versions), ==, kept);
        write_disk(f, "other", "through the other name", O_TRUNC);
        g_assert_false(ask(f, &f->alex, "d", text));
}

static void a_change_while_reading_ends_it(Fixture *f, gconstpointer data) {
        char text[BH_VERSION_SIZE];
        BhVersionWatch watch, second;
        BhVersion version = {.next_cursor = (char *)"", .total = 1};

        set_up_folder(f, text);
        g_autofree char *disk = fixture_disk(f, "d");
        _cleanup_(bh_closep) int fd = open(disk, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        bh_versions_begin(f->files->versions, fd, &watch);
        bh_versions_begin(f->files->versions, fd, &second);
        bh_versions_give_up(f->files->versions, &second); /* leaves the other one its watch */
        g_strlcpy(version.text, "v", sizeof(version.text));
        write_disk(f, "d/a", "2", 0);
        bh_versions_keep(f->files->versions, &watch, "key", &version, bh_version_children_new());
        g_assert_false(bh_versions_find(f->files->versions, "key", fd, &version));

        bh_versions_begin(f->files->versions, fd, &watch);
        bh_versions_begin(f->files->versions, fd, &second);
        bh_versions_give_up(f->files->versions, &second);
        bh_versions_keep(f->files->versions, &watch, "key", &version, bh_version_children_new());
        BhVersion found;
        g_assert_true(bh_versions_find(f->files->versions, "key", fd, &found));
        g_assert_cmpstr(found.text, ==, "v");
        bh_version_clear(&found);
        write_disk(f, "d/a", "3", 0);
        g_assert_false(bh_versions_find(f->files->versions, "key", fd, &found));
}

static void nothing_is_believed_after_lost_events_or_for_long(Fixture *f, gconstpointer data) {
        char text[BH_VERSION_SIZE];
        BhVersion found;
        BhVersionWatch watch;
        BhVersion version = {.text = "v", .next_cursor = (char *)""};

        set_up_folder(f, text);
        bh_versions_take_event(f->files->versions, &(struct inotify_event){.wd = -1, .mask = IN_Q_OVERFLOW});
        g_assert_cmpuint(bh_versions_count(f->files->versions), ==, 0);
        g_assert_true(ask(f, &f->alex, "d", text));

        g_autofree char *disk = fixture_disk(f, "d");
        _cleanup_(bh_closep) int fd = open(disk, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        bh_versions_begin(f->files->versions, fd, &watch);
        watch.begun_usec -= BH_VERSION_USEC;
        bh_versions_keep(f->files->versions, &watch, "key", &version, bh_version_children_new());
        g_assert_false(bh_versions_find(f->files->versions, "key", fd, &found));
}

static void memory_is_bounded(Fixture *f, gconstpointer data) {
        char text[BH_VERSION_SIZE];

        set_up_folder(f, text);
        for (uint32_t limit = 1; limit <= 300; limit++) {
                char own[BH_VERSION_SIZE] = "";
                g_assert_false(ask_with(f, &f->alex, "d", &(BhListOptions){.limit = limit + 100}, own));
        }
        g_assert_cmpuint(bh_versions_count(f->files->versions), ==, 128);
        g_assert_true(ask(f, &f->alex, "d", text));
}

/* The data of these tests is the change, not a quota. */
static void fixture_set_up_plain(Fixture *f, gconstpointer data) {
        fixture_set_up(f, NULL);
}

int main(int argc, char **argv) {
        static const struct {
                const char *name;
                void (*change)(Fixture *);
        } changes[] = {
                {"content", change_content},
                {"append", append_content},
                {"add", add_file},
                {"remove", remove_file},
                {"rename", rename_file},
                {"move", move_file_away},
                {"time", set_time},
                {"mode", set_mode},
                {"owner", give_file_away},
                {"folder-owner", give_subfolder_away},
                {"folder-content", fill_subfolder},
        };

        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
                g_autofree char *path = g_strconcat("/version/every_change_is_noticed_at_once/", changes[i].name, NULL);
                g_test_add(path, Fixture, &changes[i].change, fixture_set_up_plain, every_change_is_noticed_at_once,
                           fixture_tear_down);
        }
#define ADD(function) FIXTURE_TEST("/version/" #function, function)
        ADD(a_page_that_nobody_touched_is_unchanged);
        ADD(own_changes_are_noticed_at_once);
        ADD(rights_are_looked_at_every_time);
        ADD(owners_of_folders_above_count);
        ADD(a_path_that_leads_elsewhere_is_another_page);
        ADD(accounts_and_options_count);
        ADD(a_file_with_another_name_is_looked_at_each_time);
        ADD(a_change_while_reading_ends_it);
        ADD(nothing_is_believed_after_lost_events_or_for_long);
        ADD(memory_is_bounded);
        return g_test_run();
}
