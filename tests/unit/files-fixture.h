/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "files-private.h"
#include "files.h"
#include "roots.h"

/* A storage of its own in a temporary directory, with its database, and callers to play with. */

typedef struct Fixture {
        char *directory, *root;
        uint64_t quota_bytes;
        uint32_t trash_days;
        BhDatabase *database;
        BhAccounts *accounts;
        BhFiles *files;
        BhCaller admin, alex, maria, peer, nobody; /* peer: administrator without account; nobody: has no role */
        BhAccount *alex_account, *maria_account;   /* change their quota here */
} Fixture;

void fixture_set_up(Fixture *f, gconstpointer quota_bytes);
void fixture_tear_down(Fixture *f, gconstpointer data);

/* Stops and starts the domain: cleanly, or as after a crash. */
void fixture_restart(Fixture *f, bool is_clean);

#define FIXTURE_TEST(path, function) g_test_add(path, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
#define FIXTURE_TEST_QUOTA(path, quota, function)                                                                      \
        g_test_add(path, Fixture, GSIZE_TO_POINTER(quota), fixture_set_up, function, fixture_tear_down)

/* Directory that plays the filesystem of a pool; free with g_free(). */
char *fixture_pool_disk(Fixture *f, const char *name, const char *path);

/* Attaches the pool; its id is "id-" and the directory's name. The second one makes the directory, and its mark. */
int fixture_attach_as(Fixture *f, const char *name, const char *directory);
void fixture_add_pool(Fixture *f, const char *name);
int fixture_detach(Fixture *f, const char *name, bool force);

/* Makes believe that some account has changed. */
void fixture_accounts_changed(Fixture *f);

/* Uploads text as path; returns what commit, or begin, returned. */
int fixture_put(Fixture *f, const BhCaller *caller, const char *path, const char *text);
int fixture_put_with(Fixture *f, const BhCaller *caller, const char *path, const char *text,
                     const BhUploadOptions *options);

/* What stat, delete and the like return, with the rest thrown away. */
int fixture_stat(Fixture *f, const BhCaller *caller, const char *path);
int fixture_mkdir(Fixture *f, const BhCaller *caller, const char *path);
int fixture_delete(Fixture *f, const BhCaller *caller, const char *path);
int fixture_move(Fixture *f, const BhCaller *caller, const char *source, const char *target);
int fixture_rename(Fixture *f, const BhCaller *caller, const char *path, const char *name);

/* Content as the caller reads it; NULL when that is refused. Free with g_free(). */
char *fixture_read(Fixture *f, const BhCaller *caller, const char *path);

/* Owner that stat says; "-" when it fails. Static memory. */
const char *fixture_owner(Fixture *f, const char *path);

/* Path on the disk of a path in the storage; free with g_free(). */
char *fixture_disk(Fixture *f, const char *path);

/* Entries of a directory in the storage, "." and ".." apart. */
unsigned fixture_count(Fixture *f, const char *path);

/* That a directory on the disk has nothing in it. */
void fixture_assert_empty(const char *path);

/* That a pool's staging is empty, once what a stop in the middle of something has left there is swept up. */
void fixture_assert_swept(Fixture *f, const char *name);

/* That the counters are what a recount finds. */
void fixture_assert_exact(Fixture *f);

/* Copies, all of it; returns what failed. */
int fixture_copy(Fixture *f, const BhCaller *caller, const char *source, const char *target, bool keep_both);

/* Number of audit rows of an action with a result. */
int fixture_audits(Fixture *f, const char *action, int result);

#define assert_ok(expression) g_assert_cmpint((expression), >=, 0)
#define assert_error(expression, error) g_assert_cmpint((expression), ==, -(error))
