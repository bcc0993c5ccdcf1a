/* SPDX-License-Identifier: MIT */
#include "roots.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "files-private.h"
#include "log.h"
#include "macro.h"

/* The table of storage roots. */

#define PARTS_USEC (BH_USEC_PER_SEC / 10)

static BhRoot *find_by_name(BhFiles *files, const char *name) {
        for (size_t i = 0; i < files->pools->len; i++) {
                BhRoot *root = g_ptr_array_index(files->pools, i);

                if (strcmp(root->name, name) == 0)
                        return root;
        }
        return NULL;
}

static BhRoot *find_by_key(BhFiles *files, const char *key) {
        for (size_t i = 0; i < files->pools->len; i++) {
                BhRoot *root = g_ptr_array_index(files->pools, i);

                if (strcmp(root->key, key) == 0)
                        return root;
        }
        return NULL;
}

bool bh_files_has_pools(BhFiles *files) {
        return g_atomic_int_get(&files->n_pools) > 0;
}

uint64_t bh_files_next_serial(BhFiles *files) {
        return __atomic_add_fetch(&files->last_serial, 1, __ATOMIC_RELAXED);
}

int bh_files_hold_root_of(BhFiles *files, const BhPath *path, BhRoot **ret) {
        BhRoot *root = NULL;
        int r = 0;

        if (path->depth > 0 && bh_files_has_pools(files)) {
                g_mutex_lock(&files->state_lock);
                root = find_by_name(files, path->names[0]);
                if (root)
                        r = bh_root_hold_locked(root, BH_USE_OPERATION);
                g_mutex_unlock(&files->state_lock);
        }
        if (r >= 0)
                *ret = root ?: files->main;
        return r;
}

static void release_operation(gpointer root) {
        bh_root_release(root, BH_USE_OPERATION);
}

GPtrArray *bh_files_hold_all(BhFiles *files, uint64_t *ret_serial) {
        GPtrArray *held = g_ptr_array_new_with_free_func(release_operation);
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);

        g_ptr_array_add(held, files->main);
        for (size_t i = 0; i < files->pools->len; i++) {
                BhRoot *root = g_ptr_array_index(files->pools, i);

                if (bh_root_hold_locked(root, BH_USE_OPERATION) >= 0)
                        g_ptr_array_add(held, root);
        }
        if (ret_serial)
                *ret_serial = files->pools_serial;
        return held;
}

bool bh_root_is_taken(const BhRoot *root, const BhNode *directory, const char *name) {
        BhFiles *files = root->files;

        if (!bh_root_is_main(root) || !directory->is_root || !bh_files_has_pools(files))
                return false;
        g_autofree char *key = bh_listing_key(name);
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);
        return find_by_key(files, key) != NULL;
}

bool bh_root_has_pool(const BhRoot *root, const char *name) {
        BhFiles *files = root->files;

        if (!bh_root_is_main(root) || !bh_files_has_pools(files))
                return false;
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);
        return find_by_name(files, name) != NULL;
}

/* Names --------------------------------------------------------------------------------------------------------------------- */

/* Whether the main root has a name at its top that is the same without regard to case. names of the main root is held. */
static int main_has(BhFiles *files, const char *key) {
        _cleanup_(bh_closedirp) DIR *directory = NULL;
        int r;

        r = bh_path_open_entries(files->main->storage.root_fd, &directory);
        if (r < 0)
                return r;
        for (;;) {
                errno = 0;
                const struct dirent *entry = readdir(directory);
                if (!entry)
                        return -errno;
                if (!g_utf8_validate(entry->d_name, -1, NULL))
                        continue;
                g_autofree char *other = bh_listing_key(entry->d_name);
                if (strcmp(other, key) == 0)
                        return 1;
        }
}

/* The known root of that name, or a new one. names of the main root is held. */
static int find_or_add(BhFiles *files, const char *name, BhRoot **ret, char **reason) {
        g_autofree char *key = bh_listing_key(name);
        BhRoot *root;

        g_mutex_lock(&files->state_lock);
        root = find_by_key(files, key);
        g_mutex_unlock(&files->state_lock);
        if (root && strcmp(root->name, name) != 0) {
                *reason = g_strdup_printf("There is a pool “%s” already", root->name);
                return -EEXIST;
        }
        if (root) {
                *ret = root;
                return 0;
        }
        int r = main_has(files, key);
        if (r < 0) {
                *reason = g_strdup_printf("The top folder cannot be read: %s", g_strerror(-r));
                return r;
        }
        if (r > 0) {
                *reason =
                        g_strdup_printf("There is a file or folder “%s” at the top of the NAS: rename it first", name);
                return -EEXIST;
        }
        root = bh_root_new(files, name);
        g_mutex_lock(&files->state_lock);
        g_ptr_array_add(files->pools, root);
        g_atomic_int_inc(&files->n_pools);
        files->pools_serial = bh_files_next_serial(files);
        g_mutex_unlock(&files->state_lock);
        *ret = root;
        return 1;
}

static int declare(BhFiles *files, const char *name, BhRoot **ret, char **reason) {
        if (bh_name_validate(name) < 0 || g_ascii_strcasecmp(name, BH_RESERVED_NAME) == 0) {
                *reason = g_strdup("The name of the pool is not valid as the name of a folder");
                return -EILSEQ;
        }
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->main->names);
        return find_or_add(files, name, ret, reason);
}

int bh_files_declare(BhFiles *files, const char *name, char **reason) {
        BhRoot *root;
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->pools_lock);
        int r = declare(files, name, &root, reason);

        return r < 0 ? r : 0;
}

/* Takes a root that is absent out of the table. pools_lock is held. */
static void drop(BhFiles *files, BhRoot *root) {
        g_mutex_lock(&files->state_lock);
        g_ptr_array_remove(files->pools, root);
        (void)g_atomic_int_dec_and_test(&files->n_pools);
        files->pools_serial = bh_files_next_serial(files);
        g_mutex_unlock(&files->state_lock);
        bh_root_free(root);
}

static int forget_usage(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        const char *id = userdata;
        g_autofree char *name = g_strconcat("files.clean.", id, NULL);
        int r = bh_quota_write_all(db, id, &(BhCharges){});

        if (r >= 0)
                r = bh_database_prepare(db, &statement, "DELETE FROM settings WHERE name = ?");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, name);
        return bh_database_errno(db, sqlite3_step(statement));
}

int bh_files_forget(BhFiles *files, const char *name, const char *id, char **reason) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->pools_lock);
        BhRootState state = BH_ROOT_ABSENT;

        g_mutex_lock(&files->state_lock);
        BhRoot *root = find_by_name(files, name);
        if (root)
                state = root->state;
        g_mutex_unlock(&files->state_lock);
        if (!root) {
                *reason = g_strdup_printf("There is no pool “%s”", name);
                return -ENOENT;
        }
        if (state != BH_ROOT_ABSENT) {
                *reason = g_strdup_printf("The pool “%s” is in use: detach it first", name);
                return -EBUSY;
        }
        if (bh_storage_is_mark(id)) {
                int r = bh_database_write(files->database, forget_usage, (void *)id);
                if (r < 0) {
                        *reason = g_strdup_printf("What is known of its usage cannot be forgotten: %s", g_strerror(-r));
                        return r;
                }
        }
        drop(files, root);
        return 0;
}

/* Attaching ------------------------------------------------------------------------------------------------------------------ */

static void set_state(BhRoot *root, BhRootState state) {
        BhFiles *files = root->files;
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);

        root->state = state;
        if (state == BH_ROOT_ABSENT)
                root->is_detaching = false;
        files->pools_serial = bh_files_next_serial(files);
        g_cond_broadcast(&files->state_changed);
}

/* Whether a root that is not absent has that id. state_lock is held. */
static bool is_open(BhFiles *files, const char *id) {
        for (size_t i = 0; i < files->pools->len; i++) {
                const BhRoot *root = g_ptr_array_index(files->pools, i);

                if (root->state != BH_ROOT_ABSENT && strcmp(root->id, id) == 0)
                        return true;
        }
        return false;
}

/* Takes the root for opening. */
static int take(BhFiles *files, BhRoot *root, const char *id, char **reason) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);

        if (files->is_stopping) {
                *reason = g_strdup("The service is stopping");
                return -ECANCELED;
        }
        if (root->state != BH_ROOT_ABSENT || is_open(files, id)) {
                *reason = g_strdup_printf("The pool “%s” is attached already, or about to be", root->name);
                return -EALREADY;
        }
        root->state = BH_ROOT_OPENING;
        __atomic_store_n(&root->is_stopping, false, __ATOMIC_RELAXED);
        g_free(root->id);
        root->id = g_strdup(id);
        return 0;
}

static int count(BhRoot *root, char **reason) {
        BhFiles *files = root->files;
        int r;

        g_mutex_lock(&files->state_lock);
        root->uses[BH_USE_COUNT]++;
        g_mutex_unlock(&files->state_lock);
        set_state(root, BH_ROOT_COUNTING);
        r = bh_root_count(root);
        g_mutex_lock(&files->state_lock);
        root->uses[BH_USE_COUNT]--;
        g_mutex_unlock(&files->state_lock);
        if (r < 0)
                *reason =
                        g_strdup_printf("The usage of the pool “%s” cannot be counted: %s", root->name, g_strerror(-r));
        return r;
}

/* Waits until nobody holds the root, which is closing; ends what may take long when that was asked for. Returns false at
 * the deadline. */
static bool wait_until_free(BhRoot *root, bool force, int64_t deadline) {
        BhFiles *files = root->files;

        for (;;) {
                if (force)
                        bh_uploads_drop_root(files, root);
                g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);
                if (!bh_root_is_held(root))
                        return true;
                int64_t now = g_get_monotonic_time();
                if (now >= deadline)
                        return false;
                (void)g_cond_wait_until(&files->state_changed, &files->state_lock, MIN(deadline, now + PARTS_USEC));
        }
}

static void close_root(BhRoot *root) {
        bh_root_close(root);
        set_state(root, BH_ROOT_ABSENT);
}

/* Opens a root that was taken. */
static int open_root(BhRoot *root, const char *path, bool initialise, char **reason) {
        const BhStorageMark mark = {.id = root->id, .initialise = initialise};
        int r = bh_root_open(root, path, &mark, 0, reason);

        if (r < 0) {
                set_state(root, BH_ROOT_ABSENT);
                return r;
        }
        if (r > 0)
                r = count(root, reason);
        if (r < 0) {
                set_state(root, BH_ROOT_CLOSING);
                (void)wait_until_free(root, true, INT64_MAX);
                close_root(root);
                return r;
        }
        set_state(root, BH_ROOT_READY);
        return 0;
}

int bh_files_attach(BhFiles *files, const char *name, const char *id, const char *root_path, bool initialise,
                    char **reason) {
        BhRoot *root;
        int r, is_new;

        if (!bh_storage_is_mark(id)) {
                *reason = g_strdup("The id of the pool is not valid");
                return -EINVAL;
        }
        g_mutex_lock(&files->pools_lock);
        r = is_new = declare(files, name, &root, reason);
        if (r >= 0) {
                r = take(files, root, id, reason);
                if (r < 0 && is_new > 0)
                        drop(files, root);
        }
        g_mutex_unlock(&files->pools_lock);
        if (r < 0)
                return r;
        r = open_root(root, root_path, initialise, reason);
        if (r < 0 && is_new > 0) {
                g_autofree char *ignored = NULL;
                (void)bh_files_forget(files, name, "", &ignored); /* unless somebody tries again already */
        }
        return r;
}

/* Detaching ------------------------------------------------------------------------------------------------------------------ */

/* Keeps everybody else out. Returns 0 when there is nothing to do, 1 when the caller has to close it, 2 when whoever
 * counts its usage does. */
static int begin_detach(BhFiles *files, const char *name, bool force, BhRoot **ret, char **reason) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);
        BhRoot *root = find_by_name(files, name);

        if (!root) {
                *reason = g_strdup_printf("There is no pool “%s”", name);
                return -ENOENT;
        }
        if (root->state == BH_ROOT_ABSENT)
                return 0;
        if (root->is_detaching) {
                *reason = g_strdup_printf("The pool “%s” is being detached", name);
                return -EBUSY;
        }
        char *uses = bh_root_describe_uses(root, false);
        if ((uses || root->state == BH_ROOT_OPENING) && !force) {
                *reason = uses ?: g_strdup("it is being attached");
                return -EBUSY;
        }
        g_free(uses);
        *ret = root;
        if (force)
                __atomic_store_n(&root->is_stopping, true, __ATOMIC_RELAXED);
        if (root->state == BH_ROOT_OPENING || root->state == BH_ROOT_COUNTING)
                return 2;
        root->state = BH_ROOT_CLOSING;
        root->is_detaching = true;
        return 1;
}

/* Lets them in again, or not, after something has not ended in time. */
static int give_up_detach(BhRoot *root, bool force, char **reason) {
        BhFiles *files = root->files;
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);

        *reason = bh_root_describe_uses(root, true) ?: g_strdup("it has only just become free");
        root->is_detaching = false;
        if (!force)
                root->state = BH_ROOT_READY;
        return -EBUSY;
}

/* Waits until who counts the usage has given up and closed it. pools_lock is not held, but the root is not freed while it
 * is not absent. */
static int wait_for_count(BhFiles *files, const char *name, int64_t deadline, char **reason) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);

        for (;;) {
                const BhRoot *root = find_by_name(files, name);

                if (!root || root->state == BH_ROOT_ABSENT)
                        return 0;
                if (root->state == BH_ROOT_READY)
                        return 1; /* it was done just before */
                if (!g_cond_wait_until(&files->state_changed, &files->state_lock, deadline)) {
                        *reason = g_strdup("1 count of its usage");
                        return -EBUSY;
                }
        }
}

int bh_files_detach(BhFiles *files, const char *name, bool force, char **reason) {
        int64_t deadline = g_get_monotonic_time() + files->detach_usec;
        BhRoot *root = NULL;
        int r;

        r = begin_detach(files, name, force, &root, reason);
        if (r == 2) {
                r = wait_for_count(files, name, deadline, reason);
                if (r > 0)
                        r = begin_detach(files, name, force, &root, reason);
        }
        if (r == 2) {
                *reason = g_strdup("it is being attached again");
                return -EBUSY;
        }
        if (r <= 0)
                return r;
        if (!wait_until_free(root, force, deadline))
                return give_up_detach(root, force, reason);
        close_root(root);
        bh_log_info("Detached the pool %s", name);
        return 0;
}

void bh_files_detach_all(BhFiles *files) {
        for (size_t i = 0; i < files->pools->len; i++) {
                BhRoot *root = g_ptr_array_index(files->pools, i);

                if (root->state != BH_ROOT_ABSENT)
                        close_root(root);
                bh_root_free(root);
        }
        g_ptr_array_set_size(files->pools, 0);
}

/* Questions ------------------------------------------------------------------------------------------------------------------ */

bool bh_files_is_attached(BhFiles *files, const char *name) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);
        const BhRoot *root = find_by_name(files, name);

        return root && (root->state == BH_ROOT_READY || root->state == BH_ROOT_COUNTING);
}

char *bh_files_root_uses(BhFiles *files, const char *name) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);
        const BhRoot *root = find_by_name(files, name);
        char *uses = root ? bh_root_describe_uses(root, false) : NULL;

        return uses ?: g_strdup("");
}

static void use_free(gpointer data) {
        BhRootUse *use = data;

        g_free(use->text);
        g_free(use);
}

GPtrArray *bh_files_list_uses(BhFiles *files, const char *name) {
        GPtrArray *list = g_ptr_array_new_with_free_func(use_free);
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);
        const BhRoot *root = find_by_name(files, name);

        for (BhUse use = BH_USE_UPLOAD; root && use < BH_USES; use++) {
                BhRootUse item = {.kind = use == BH_USE_UPLOAD || use == BH_USE_WRITER ? "upload" : "job",
                                  .text = bh_root_describe_use(root, use)};

                if (item.text)
                        g_ptr_array_add(list, g_memdup2(&item, sizeof item));
        }
        return list;
}

int bh_files_root_counted(BhFiles *files, const char *name, uint64_t *ret_bytes) {
        _cleanup_(bh_place_clear) BhPlace place = {};
        int r;

        r = bh_place_find(files, name, &place);
        if (r < 0)
                return r;
        if (strcmp(place.root->name, name) != 0)
                return -ENODEV;
        *ret_bytes = bh_ledger_get_total(place.root->ledger).used_bytes;
        return 0;
}

int bh_files_root_space(BhFiles *files, const char *name, uint64_t *ret_size, uint64_t *ret_used,
                        uint64_t *ret_available) {
        _cleanup_(bh_place_clear) BhPlace place = {};
        struct statvfs st;
        int r;

        r = bh_place_find(files, name, &place);
        if (r < 0)
                return r;
        if (strcmp(place.root->name, name) != 0)
                return -ENODEV;
        if (fstatvfs(place.root->storage.root_fd, &st) < 0)
                return -errno;
        *ret_size = (uint64_t)st.f_blocks * st.f_frsize;
        *ret_used = (uint64_t)(st.f_blocks - st.f_bfree) * st.f_frsize;
        *ret_available = (uint64_t)st.f_bavail * st.f_frsize;
        return 0;
}

/* The pool that a path leads into; NULL for the main root. state_lock is held. */
static const BhRoot *pool_of(BhFiles *files, const char *text, bool *ret_is_folder) {
        g_autofree char *first = g_strndup(text, strcspn(text, "/"));

        *ret_is_folder = strlen(first) == strlen(text);
        return find_by_name(files, first);
}

static char *describe_root(const BhRoot *root) {
        return root ? g_strdup_printf("the pool “%s”", root->name) : g_strdup("the main storage");
}

char *bh_files_explain_error(BhFiles *files, int r, const char *path, const char *to) {
        bool is_folder = false, to_is_folder = false;

        if (!bh_files_has_pools(files) || !path)
                return NULL;
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);
        const BhRoot *source = pool_of(files, path, &is_folder),
                     *target = to ? pool_of(files, to, &to_is_folder) : NULL;

        for (int i = 0; r == -ENODEV && i < 2; i++) {
                const BhRoot *root = i == 0 ? source : target;

                if (root && root->state == BH_ROOT_COUNTING)
                        return g_strdup_printf("The pool “%s” cannot be changed before its usage has been counted",
                                               root->name);
                if (root && root->state != BH_ROOT_READY)
                        return g_strdup_printf("The pool “%s” is not available", root->name);
        }
        if (r == -EINVAL && source && is_folder)
                return g_strdup_printf("“%s” is the folder of a pool", source->name);
        if (r == -EOPNOTSUPP && to && source != target) {
                g_autofree char *one = describe_root(source), *other = describe_root(target);

                return g_strdup_printf("%s and %s are different filesystems: copy it, then delete it", one, other);
        }
        if ((r == -EIO || r == -EROFS) && (source || target))
                return g_strdup_printf("The filesystem of the pool “%s” has failed", (source ?: target)->name);
        return NULL;
}
