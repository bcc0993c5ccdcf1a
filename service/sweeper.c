/* SPDX-License-Identifier: MIT */
#include "sweeper.h"

#include <errno.h>
#include <glib.h>

#include "log.h"
#include "tree.h"

struct BhSweeper {
        int staging_fd;
        GThread *thread;
        GMutex lock;
        GCond changed;
        GQueue names;     /* char *; the thread is in the first until it has taken it out */
        bool is_stopping; /* atomic: also read by the removal under way */
};

static gpointer sweep(gpointer data) {
        BhSweeper *sweeper = data;

        g_mutex_lock(&sweeper->lock);
        for (;;) {
                while (!sweeper->names.head && !sweeper->is_stopping)
                        g_cond_wait(&sweeper->changed, &sweeper->lock);
                if (sweeper->is_stopping)
                        break;
                char *name = sweeper->names.head->data;
                g_mutex_unlock(&sweeper->lock);

                int r = bh_tree_remove_until(sweeper->staging_fd, name, &sweeper->is_stopping);
                if (r < 0 && r != -ECANCELED)
                        bh_log_warning_errno(r, "Cannot remove all of what was deleted; the next start tries again");

                g_mutex_lock(&sweeper->lock);
                g_free(g_queue_pop_head(&sweeper->names));
                g_cond_broadcast(&sweeper->changed);
        }
        g_mutex_unlock(&sweeper->lock);
        return NULL;
}

static int visit_staging(const BhTreeItem *item, void *userdata) {
        BhSweeper *sweeper = userdata;

        if (item->depth == 0)
                return 0;
        g_queue_push_tail(&sweeper->names, g_strdup(item->name));
        return BH_TREE_PRUNE;
}

BhSweeper *bh_sweeper_new(int staging_fd, bool take_all) {
        BhSweeper *sweeper = g_new0(BhSweeper, 1);

        sweeper->staging_fd = staging_fd;
        g_mutex_init(&sweeper->lock);
        g_cond_init(&sweeper->changed);
        g_queue_init(&sweeper->names);
        if (take_all) {
                int r = bh_tree_walk(staging_fd, "", 0, NULL, visit_staging, sweeper);
                if (r < 0)
                        bh_log_warning_errno(r, "Cannot look what is left in staging");
        }
        sweeper->thread = g_thread_new("sweeper", sweep, sweeper);
        return sweeper;
}

void bh_sweeper_free(BhSweeper *sweeper) {
        if (!sweeper)
                return;
        g_mutex_lock(&sweeper->lock);
        __atomic_store_n(&sweeper->is_stopping, true, __ATOMIC_RELAXED);
        g_cond_broadcast(&sweeper->changed);
        g_mutex_unlock(&sweeper->lock);
        g_thread_join(sweeper->thread);
        g_queue_clear_full(&sweeper->names, g_free);
        g_cond_clear(&sweeper->changed);
        g_mutex_clear(&sweeper->lock);
        g_free(sweeper);
}

void bh_sweeper_add(BhSweeper *sweeper, const char *name) {
        g_mutex_lock(&sweeper->lock);
        g_queue_push_tail(&sweeper->names, g_strdup(name));
        g_cond_broadcast(&sweeper->changed);
        g_mutex_unlock(&sweeper->lock);
}

void bh_sweeper_wait(BhSweeper *sweeper) {
        g_mutex_lock(&sweeper->lock);
        while (sweeper->names.head)
                g_cond_wait(&sweeper->changed, &sweeper->lock);
        g_mutex_unlock(&sweeper->lock);
}
