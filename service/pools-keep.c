/* SPDX-License-Identifier: MIT */

/* What is done with pools by itself: what is there and wanted is mounted and made available, what has gone is closed, and how full they are is measured. */

#include <errno.h>

#include "log.h"
#include "macro.h"
#include "pools-private.h"
#include "roots.h"

/* UDisks2 may not show something for a moment while it looks at it anew. */
#define MISSING_USEC (BH_USEC_PER_SEC / 2)

/* What has failed is tried again after so long, and then after twice as long each time. */
#define RETRY_USEC (5 * BH_USEC_PER_SEC)
#define RETRY_DOUBLINGS 6

#define MEASURE_USEC (10 * BH_USEC_PER_SEC)

/* How long a change waits for another one of the same pool, and for files to be closed. */
#define HOLD_USEC (20 * BH_USEC_PER_SEC)
#define CLOSE_USEC (20 * BH_USEC_PER_SEC)
#define SLICE_USEC (50 * BH_USEC_PER_MSEC)

/* One at a time ---------------------------------------------------------------------------------------------------------------------------- */

int bh_pools_hold(BhPools *pools, const char *uuid, BhFailure *failure) {
        int64_t deadline = g_get_monotonic_time() + HOLD_USEC;
        bool is_free = true;

        g_mutex_lock(&pools->lock);
        while (is_free && g_hash_table_contains(pools->held, uuid))
                is_free = g_cond_wait_until(&pools->changed, &pools->lock, deadline);
        if (is_free)
                g_hash_table_add(pools->held, g_strdup(uuid));
        g_mutex_unlock(&pools->lock);
        return is_free ? 0
                       : bh_failure_set(failure, -EBUSY, NULL,
                                        "The pool is being changed at this moment; try again in a while");
}

/* Attaching -------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Attach {
        int references;
        BhPools *pools;
        BhKnownPool *known;
        bool initialise;

        /* Under lock of the pools. */
        bool is_over;
        int result;
        char *reason;
} Attach;

static void attach_unref(Attach *attach) {
        if (!g_atomic_int_dec_and_test(&attach->references))
                return;
        bh_known_pool_free(attach->known);
        g_free(attach->reason);
        g_free(attach);
}

static int attach_run(void *userdata) {
        Attach *attach = userdata;
        BhPools *pools = attach->pools;
        g_autofree char *directory = bh_pool_directory(pools->parts.pools_directory, attach->known->name);
        g_autofree char *reason = NULL;
        int r = bh_files_attach(pools->parts.files, attach->known->name, attach->known->uuid, directory,
                                attach->initialise, &reason);

        if (r == -EALREADY) /* somebody else was quicker */
                r = 0;
        g_mutex_lock(&pools->lock);
        attach->is_over = true;
        attach->result = r;
        attach->reason = g_steal_pointer(&reason);
        g_hash_table_remove(pools->attaching, attach->known->uuid);
        g_cond_broadcast(&pools->changed);
        g_mutex_unlock(&pools->lock);
        return r;
}

static void set_problem(BhPoolEntry *entry, const char *problem) {
        if (!problem) {
                g_clear_pointer(&entry->problem, g_free);
                entry->n_failures = 0;
                entry->retry_usec = 0;
                return;
        }
        if (g_strcmp0(entry->problem, problem) != 0)
                bh_log_error("The pool %s cannot be used: %s", entry->known->name, problem);
        g_free(entry->problem);
        entry->problem = g_strdup(problem);
        entry->retry_usec = g_get_monotonic_time() + (RETRY_USEC << MIN(entry->n_failures, RETRY_DOUBLINGS));
        entry->n_failures++;
}

static void measure_soon(BhPools *pools) {
        (void)sd_event_source_set_time_relative(pools->measure, 0);
        (void)sd_event_source_set_enabled(pools->measure, SD_EVENT_ONESHOT);
}

static void attach_done(void *userdata, int result) {
        Attach *attach = userdata;
        BhPools *pools = attach->pools;
        BhPoolEntry *entry = bh_pools_find(pools, attach->known->uuid);

        if (entry && result != -ECANCELED)
                set_problem(entry, result < 0 ? attach->reason : NULL);
        attach_unref(attach);
        measure_soon(pools);
        bh_pools_look(pools);
}

/* NULL when it cannot be begun, or is being done already. */
static Attach *attach_begin(BhPools *pools, const BhKnownPool *known, bool initialise) {
        Attach *attach = g_new0(Attach, 1);
        bool is_new;

        attach->references = 2;
        attach->pools = pools;
        attach->known = bh_known_pool_copy(known);
        attach->initialise = initialise;
        g_mutex_lock(&pools->lock);
        is_new = g_hash_table_add(pools->attaching, g_strdup(known->uuid));
        g_mutex_unlock(&pools->lock);
        if (is_new && bh_workers_run(pools->parts.workers, BH_POOL_ATTACH, attach_run, attach_done, attach) >= 0)
                return attach;
        if (is_new) {
                g_mutex_lock(&pools->lock);
                g_hash_table_remove(pools->attaching, known->uuid);
                g_mutex_unlock(&pools->lock);
        }
        attach->references = 1;
        attach_unref(attach);
        return NULL;
}

int bh_pools_attach(BhPools *pools, const BhKnownPool *known, bool initialise, BhFailure *failure) {
        Attach *attach = attach_begin(pools, known, initialise);
        int r = 0;

        if (!attach)
                return bh_failure_set(failure, -EBUSY, NULL,
                                      "The files of the pool “%s” are being made available already", known->name);
        g_mutex_lock(&pools->lock);
        while (!attach->is_over && !bh_files_is_attached(pools->parts.files, known->name))
                (void)g_cond_wait_until(&pools->changed, &pools->lock, g_get_monotonic_time() + SLICE_USEC);
        if (attach->is_over && attach->result < 0)
                r = bh_failure_set(failure, attach->result, NULL, "The files of the pool “%s” cannot be used: %s",
                                   known->name, attach->reason);
        g_mutex_unlock(&pools->lock);
        attach_unref(attach);
        return r;
}

/* Closing ---------------------------------------------------------------------------------------------------------------------------------- */

static bool is_attaching(BhPools *pools, const char *uuid) {
        bool is_so;

        g_mutex_lock(&pools->lock);
        is_so = g_hash_table_contains(pools->attaching, uuid);
        g_mutex_unlock(&pools->lock);
        return is_so;
}

int bh_pools_close(BhPools *pools, const BhKnownPool *known, bool force, BhFailure *failure) {
        int64_t deadline = g_get_monotonic_time() + CLOSE_USEC;

        for (;;) {
                g_autofree char *reason = NULL;
                int r = bh_files_detach(pools->parts.files, known->name, force, &reason);

                if (r == -ENOENT) /* its name could not be had: nothing of it is open */
                        return 0;
                if (r < 0)
                        return bh_failure_set(failure, r, NULL, "The pool “%s” is in use: %s", known->name, reason);
                if (!is_attaching(pools, known->uuid))
                        return 0;
                if (g_get_monotonic_time() > deadline || !force)
                        return bh_failure_set(failure, -EBUSY, NULL,
                                              "The files of the pool “%s” are being made available", known->name);
                g_usleep(SLICE_USEC); /* until it has begun, so that it can be ended, or has ended */
        }
}

/* By itself -------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Work {
        BhPools *pools;
        BhKnownPool *known;
        BhFailure failure;
} Work;

static Work *work_new(BhPools *pools, const BhPoolEntry *entry) {
        Work *work = g_new0(Work, 1);

        work->pools = pools;
        work->known = bh_known_pool_copy(entry->known);
        return work;
}

static void work_free(Work *work) {
        bh_known_pool_free(work->known);
        bh_failure_clear(&work->failure);
        g_free(work);
}

static int mount_run(void *userdata) {
        Work *work = userdata;
        const BhPoolPlace place = bh_pools_place(work->pools, work->known);
        BhPoolMount mount;

        return bh_pool_mount(work->pools->parts.udisks, &place, &mount, &work->failure);
}

static void mount_done(void *userdata, int result) {
        Work *work = userdata;
        BhPools *pools = work->pools;
        BhPoolEntry *entry = bh_pools_find(pools, work->known->uuid);

        bh_pools_release(pools, work->known->uuid);
        if (entry) {
                entry->is_mounting = false;
                if (result != -ECANCELED)
                        set_problem(entry, result < 0 ? work->failure.message : NULL);
        }
        work_free(work);
        bh_pools_look(pools);
}

static void begin_mount(BhPools *pools, BhPoolEntry *entry) {
        Work *work;

        if (!bh_pools_try_hold(pools, entry->known->uuid))
                return;
        work = work_new(pools, entry);
        entry->is_mounting = true;
        if (bh_workers_run(pools->parts.workers, BH_POOL_STORAGE, mount_run, mount_done, work) >= 0)
                return;
        entry->is_mounting = false;
        bh_pools_release(pools, entry->known->uuid);
        work_free(work);
}

static int detach_run(void *userdata) {
        Work *work = userdata;

        return bh_pools_close(work->pools, work->known, true, &work->failure);
}

static void detach_done(void *userdata, int result) {
        Work *work = userdata;
        BhPools *pools = work->pools;
        BhPoolEntry *entry = bh_pools_find(pools, work->known->uuid);

        if (entry) {
                entry->is_detaching = false;
                entry->is_lost = result < 0;
                entry->missing_usec = 0;
                if (result < 0) {
                        bh_log_warning("The pool %s has gone, but: %s", entry->known->name, work->failure.message);
                        entry->retry_usec = g_get_monotonic_time() + RETRY_USEC;
                }
        }
        work_free(work);
        bh_pools_look(pools);
}

static void begin_detach(BhPools *pools, BhPoolEntry *entry) {
        Work *work = work_new(pools, entry);

        if (!entry->is_lost)
                bh_log_warning("The pool %s has gone", entry->known->name);
        entry->is_lost = true;
        entry->is_detaching = bh_workers_run(pools->parts.workers, BH_POOL_STORAGE, detach_run, detach_done, work) >= 0;
        if (!entry->is_detaching)
                work_free(work);
}

static bool is_held(BhPools *pools, const char *uuid) {
        bool is_so;

        g_mutex_lock(&pools->lock);
        is_so = g_hash_table_contains(pools->held, uuid) || g_hash_table_contains(pools->attaching, uuid);
        g_mutex_unlock(&pools->lock);
        return is_so;
}

/* One that is open, but not mounted. Returns when to look again; INT64_MAX: not by itself. */
static int64_t miss(BhPools *pools, BhPoolEntry *entry, int64_t now_usec) {
        if (entry->is_detaching)
                return INT64_MAX;
        if (entry->is_lost && now_usec < entry->retry_usec)
                return entry->retry_usec;
        if (entry->missing_usec == 0)
                entry->missing_usec = now_usec;
        if (!entry->is_lost && now_usec - entry->missing_usec < MISSING_USEC)
                return entry->missing_usec + MISSING_USEC;
        begin_detach(pools, entry);
        return INT64_MAX;
}

/* Returns when to look again; INT64_MAX: not by itself. */
static int64_t look_at(BhPools *pools, BhPoolEntry *entry, const BhInventory *inventory, int64_t now_usec) {
        const BhKnownPool *known = entry->known;
        g_autofree char *directory = bh_pool_directory(pools->parts.pools_directory, known->name);
        const BhBlock *block = bh_pool_find_block(inventory, known->uuid, NULL);
        bool is_mounted = block && bh_pool_is_mounted_at(block, directory);

        if (entry->is_lost || (!is_mounted && bh_files_is_attached(pools->parts.files, known->name)))
                return miss(pools, entry, now_usec);
        entry->missing_usec = 0;
        if (!block || !known->is_wanted || bh_files_is_attached(pools->parts.files, known->name) ||
            is_held(pools, known->uuid))
                return INT64_MAX;
        if (now_usec < entry->retry_usec)
                return entry->retry_usec;
        if (is_mounted) {
                Attach *attach = attach_begin(pools, known, false);

                if (attach)
                        attach_unref(attach);
        } else {
                begin_mount(pools, entry);
        }
        return INT64_MAX;
}

void bh_pools_look(BhPools *pools) {
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(pools->parts.disks);
        const BhInventory *inventory = topology->inventory;
        int64_t now_usec = g_get_monotonic_time(), next_usec = INT64_MAX;

        if (!pools->is_stopping && pools->parts.files && inventory->is_available)
                for (unsigned i = 0; i < pools->entries->len; i++)
                        next_usec = MIN(next_usec, look_at(pools, pools->entries->pdata[i], inventory, now_usec));
        if (next_usec == INT64_MAX) {
                (void)sd_event_source_set_enabled(pools->again, SD_EVENT_OFF);
        } else {
                (void)sd_event_source_set_time_relative(pools->again, (uint64_t)MAX(next_usec - now_usec, 0));
                (void)sd_event_source_set_enabled(pools->again, SD_EVENT_ONESHOT);
        }
        bh_pools_publish(pools);
}

static int on_again(sd_event_source *source, uint64_t usec, void *userdata) {
        bh_pools_look(userdata);
        return 0;
}

/* Measuring -------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Space {
        char *uuid, *name;        /* "" the main storage */
        uint64_t filesystem_size; /* as UDisks2 says it; 0 not known */
        bool is_measured;
        uint64_t size, used, available;
} Space;

typedef struct Measurement {
        BhPools *pools;
        GArray *spaces;
} Measurement;

static void space_clear(gpointer data) {
        Space *space = data;

        g_free(space->uuid);
        g_free(space->name);
}

/* What statfs(2) says is of the filesystem that the directory is in. Where that is larger than the pool's, it is another one, in which the pool is kept; then what the
 * files of the pool take counts. */
static void measure_space(BhFiles *files, Space *space) {
        uint64_t size, used, available, counted;

        if (bh_files_root_space(files, space->name, &size, &used, &available) < 0)
                return;
        if (space->filesystem_size > 0 && size > space->filesystem_size) {
                if (bh_files_root_counted(files, space->name, &counted) < 0)
                        return;
                size = space->filesystem_size;
                used = MIN(counted, size);
                available = MIN(available, size - used);
        }
        space->size = size;
        space->used = used;
        space->available = available;
        space->is_measured = true;
}

static int measure_run(void *userdata) {
        Measurement *measurement = userdata;

        for (unsigned i = 0; i < measurement->spaces->len; i++)
                measure_space(measurement->pools->parts.files, &g_array_index(measurement->spaces, Space, i));
        return 0;
}

static void take_in(BhPools *pools, const Space *space) {
        BhPoolEntry *entry = *space->uuid ? bh_pools_find(pools, space->uuid) : NULL;

        if (!*space->uuid) {
                pools->main_size = space->size;
                pools->main_used = space->used;
                pools->main_available = space->available;
        }
        if (!entry)
                return;
        entry->is_measured = space->is_measured;
        entry->size = space->size;
        entry->used = space->used;
        entry->available = space->available;
        if (space->is_measured && space->filesystem_size == 0) { /* UDisks2 does not tell of every kind */
                g_mutex_lock(&pools->lock);
                entry->known->size = space->size;
                g_mutex_unlock(&pools->lock);
        }
}

static void measure_done(void *userdata, int result) {
        Measurement *measurement = userdata;
        BhPools *pools = measurement->pools;

        for (unsigned i = 0; i < measurement->spaces->len; i++)
                take_in(pools, &g_array_index(measurement->spaces, Space, i));
        g_array_unref(measurement->spaces);
        g_free(measurement);
        pools->is_measuring = false;
        bh_pools_publish(pools);
}

static void add_space(GArray *spaces, const char *uuid, const char *name, const BhBlock *block) {
        Space space = {
                .uuid = g_strdup(uuid), .name = g_strdup(name), .filesystem_size = block ? block->filesystem_size : 0};

        g_array_append_val(spaces, space);
}

static void measure(BhPools *pools) {
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(pools->parts.disks);
        Measurement *measurement = g_new0(Measurement, 1);

        measurement->pools = pools;
        measurement->spaces = g_array_new(FALSE, FALSE, sizeof(Space));
        g_array_set_clear_func(measurement->spaces, space_clear);
        add_space(measurement->spaces, "", "", NULL);
        for (unsigned i = 0; i < pools->entries->len; i++) {
                const BhKnownPool *known = ((const BhPoolEntry *)pools->entries->pdata[i])->known;

                if (bh_files_is_attached(pools->parts.files, known->name))
                        add_space(measurement->spaces, known->uuid, known->name,
                                  bh_pool_find_block(topology->inventory, known->uuid, NULL));
        }
        pools->is_measuring =
                bh_workers_run(pools->parts.workers, BH_POOL_GENERAL, measure_run, measure_done, measurement) >= 0;
        if (!pools->is_measuring) {
                g_array_unref(measurement->spaces);
                g_free(measurement);
        }
}

static int on_measure(sd_event_source *source, uint64_t usec, void *userdata) {
        BhPools *pools = userdata;
        int r;

        if (!pools->is_measuring && !pools->is_stopping && pools->parts.files)
                measure(pools);
        r = sd_event_source_set_time_relative(source, MEASURE_USEC);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int bh_pools_keep_start(BhPools *pools) {
        int r;

        r = sd_event_add_time_relative(pools->parts.event, &pools->again, CLOCK_MONOTONIC, 0, 10 * BH_USEC_PER_MSEC,
                                       on_again, pools);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(pools->again, SD_EVENT_OFF);
        if (r < 0)
                return r;
        return sd_event_add_time_relative(pools->parts.event, &pools->measure, CLOCK_MONOTONIC, 0, BH_USEC_PER_SEC,
                                          on_measure, pools);
}
